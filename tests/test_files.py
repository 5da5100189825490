"""Files written as a whole: by save(), --html and -o; nothing of the old one is lost, nothing is left over."""
import os
import signal
import stat
import subprocess
import sys
import threading

import pytest

from microgradx import Value
from microgradx.files import replace
from microgradx.nn import Linear
from microgradx.show.web.page import write_html
from microgradx.training import load, save

from .budget import PATIENCE

posix = pytest.mark.skipif(os.name != "posix", reason="modes, pipes and signals of Unix")


def pictured(path):
    pytest.importorskip("graphviz", reason='pip install "microgradx[draw]"')
    from microgradx import draw
    from microgradx.show.picture.render import save as write
    write(draw(Value(1.0, "a") * 2), path)


WRITERS = {"save": lambda path: save({"w": [1.0] * 100}, path), "html": lambda path: write_html(Value(1.0) * 2, path),
           "dot": pictured}
writers = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.dot"


@posix
@writers
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_the_mode_of_a_file_is_kept(write, path, mode):
    """0600 became 0644."""
    path.write_text("before")
    path.chmod(mode)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode and path.read_bytes() != b"before"


@posix
def test_a_new_file_has_the_mode_of_new_files(path):
    path.with_name("other").write_text("")
    save({"w": 1.0}, path)
    assert path.stat().st_mode == path.with_name("other").stat().st_mode


@posix
def test_content_is_never_readable_by_more_than_the_old_file(path, monkeypatch):
    save({"w": 1.0}, path)
    path.chmod(0o600)
    seen = []
    monkeypatch.setattr(os, "fsync", lambda fd: seen.append(stat.S_IMODE(os.fstat(fd).st_mode)))
    save({"w": 2.0}, path)
    assert seen == [0o600]


@posix
@writers
def test_a_pipe_is_written_to_and_stays_a_pipe(write, path, tmp_path):
    plain, read = tmp_path / "plain.dot", []
    write(plain)
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
    reader.start()
    write(path)
    reader.join(PATIENCE)
    assert read == [plain.read_bytes()] and stat.S_ISFIFO(path.stat().st_mode)
    assert sorted(os.listdir(tmp_path)) == ["file.dot", "plain.dot"]


@posix
@writers
def test_a_device_is_written_to(write, path):
    path.symlink_to("/dev/null")
    write(path)
    assert path.is_symlink() and stat.S_ISCHR(os.stat("/dev/null").st_mode)
    path.unlink()
    path.symlink_to("/dev/full")
    if os.path.exists("/dev/full"):
        with pytest.raises(OSError, match="No space left"):
            write(path)
        assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


# A process that may write files of a thousand bytes only: as if the disk were full.
FULL = """
import resource, sys
from microgradx.__main__ import main
from microgradx.training import save
resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
sys.exit(main(sys.argv[1:]) if len(sys.argv) > 2 else save({"w": [1.0] * 1000}, sys.argv[1]))
"""


@pytest.mark.slow
@posix
@pytest.mark.parametrize("command", ["", "step x*x x=2 --force --html", "draw x*x x=2 --force -o"])
def test_a_full_disk_leaves_the_old_file(command, path):
    if "draw" in command:
        pytest.importorskip("graphviz", reason='pip install "microgradx[draw]"')
    path.write_text("before")
    ran = subprocess.run([sys.executable, "-c", FULL, *command.split(), path], capture_output=True, text=True,
                         check=False)
    assert ran.returncode != 0 and "File too large" in ran.stderr
    assert path.read_text() == "before" and os.listdir(path.parent) == [path.name]


# A process that is killed amid its save.
KILLED = """
import os, signal, sys
from microgradx.training import save
os.fsync = lambda fd: os.kill(os.getpid(), signal.SIGKILL)
save({"w": 2.0}, sys.argv[1])
"""


@pytest.mark.slow
@posix
def test_what_a_killed_save_left_is_removed_by_the_next(path):
    save({"w": 1.0}, path)
    ran = subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert ran.returncode == -signal.SIGKILL and len(os.listdir(path.parent)) == 2 and load(path) == {"w": 1.0}
    kept = path.with_name(".0123.part")
    kept.write_text("not ours")
    save({"w": 3.0}, path.with_name("other"))
    assert sorted(os.listdir(path.parent)) == [kept.name, path.name, "other"] and load(path) == {"w": 1.0}


@posix
def test_a_pipe_that_is_called_like_a_part_is_not_waited_for(path):
    os.mkfifo(path.with_name(".0123456789abcdef.part"))
    save({"w": 1.0}, path)
    assert load(path) == {"w": 1.0} and len(os.listdir(path.parent)) == 2


@posix
def test_what_another_save_writes_just_now_is_left_alone(path, monkeypatch):
    """Also by its own process."""
    inner, fsync = [], os.fsync

    def fsync_and_save(fd):
        inner.append(fd)
        if len(inner) == 1:
            save({"w": 2.0}, path.with_name("other"))
        fsync(fd)

    monkeypatch.setattr(os, "fsync", fsync_and_save)
    save({"w": 1.0}, path)
    assert load(path) == {"w": 1.0} and load(path.with_name("other")) == {"w": 2.0}
    assert len(os.listdir(path.parent)) == 2


def test_a_directory_without_locks(path, monkeypatch):
    """Then nothing is swept."""
    fcntl = pytest.importorskip("fcntl", reason="locks of Unix")

    def refuse(*_):
        raise OSError("no locks available")

    left = path.with_name(".0123456789abcdef.part")
    left.write_text("")
    monkeypatch.setattr(fcntl, "flock", refuse)
    replace(path, b"new")
    assert path.read_bytes() == b"new" and left.exists()


def test_many_at_once(path):
    threads = [threading.Thread(target=save, args=({"w": [float(k)] * 1000}, path)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(set(load(path)["w"])) == 1 and os.listdir(path.parent) == [path.name]


# Shapes before numbers -------------------------------------------------------------------------------------------

@posix
def test_shapes_are_compared_before_numbers_are_read(path, monkeypatch):
    """A sparse file of 400 MB for Linear(2, 1) took 16 s and 2.3 GB to be refused."""
    size, model = 50_000_000, Linear(2, 1)
    before = model.state_dict()
    header = b'{"weight":{"dtype":"F64","shape":[%d],"data_offsets":[0,%d]}' % (size, 8 * size)
    with open(path, "wb") as file:
        text = header + b',"bias":{"dtype":"F64","shape":[1],"data_offsets":[%d,%d]}}' % (8 * size, 8 * size + 8)
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + 8 * size + 8)

    def read(*_):
        raise AssertionError("it reads numbers")

    monkeypatch.setattr("microgradx.training.weights._numbers", read)
    with pytest.raises(ValueError, match=r"weight: expected shape \(1, 2\), got \(50000000,\)"):
        load(path, model)
    assert model.state_dict() == before
