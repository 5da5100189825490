"""Machine code on disk: found by another process, never taken from a file that is not to be trusted."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

from microgradx.compiler.native import cache as module
from microgradx.compiler.native.cache import Cache, folder, key_of

from ...compiled import needs_llvmlite

ROOT = Path(__file__).parents[3]
unix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows keeps the folder of a user to itself")


@pytest.fixture
def cache(tmp_path):
    found = Cache(str(tmp_path / "microgradx"))
    found.put("key", b"machine code")
    assert found.get("key") == b"machine code"
    return found


def only(cache):
    """The one file of a cache."""
    file, = Path(cache.folder).iterdir()
    return file


@pytest.mark.parametrize("spoil", [
    lambda content: content[:-1], lambda content: content + b"x", lambda content: b"", lambda content: content[:20],
    lambda content: bytes([content[0] ^ 1]) + content[1:], lambda content: content[:-1] + b"X"])
def test_a_file_that_was_cut_or_changed_is_not_loaded(cache, spoil):
    only(cache).write_bytes(spoil(only(cache).read_bytes()))
    assert cache.get("key") is None


def test_a_file_under_another_key_is_not_loaded(cache):
    only(cache).rename(Path(cache.folder) / ("other" + module.SUFFIX))
    assert cache.get("other") is None and cache.get("key") is None


@unix
def test_a_file_of_another_owner_is_not_loaded(cache, monkeypatch):
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    assert cache.get("key") is None
    cache.put("new", b"code")                           # nor is anything written into their folder
    monkeypatch.undo()
    assert cache.get("key") and cache.get("new") is None


@unix
def test_a_file_or_folder_where_others_may_write_is_not_trusted(cache):
    assert os.stat(cache.folder).st_mode & 0o777 == 0o700
    only(cache).chmod(0o622)
    assert cache.get("key") is None
    only(cache).chmod(0o600)
    assert cache.get("key")
    os.chmod(cache.folder, 0o777)
    assert cache.get("key") is None


@unix
def test_a_link_is_not_followed(cache):
    os.symlink(only(cache), Path(cache.folder) / ("link" + module.SUFFIX))
    assert cache.get("link") is None


def test_the_folder_does_not_grow_without_end(cache, monkeypatch):
    monkeypatch.setattr(module, "MOST", 2000)
    for k in range(30):
        cache.put(f"{k}", bytes(200))
        os.utime(Path(cache.folder) / f"{k}{module.SUFFIX}", (k, k))
    assert sum(file.stat().st_size for file in Path(cache.folder).iterdir()) <= 2000
    assert cache.get("29") and cache.get("0") is None


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    cache = Cache(str(tmp_path / "file" / "folder"))
    cache.put("key", b"code")
    assert cache.get("key") is None


def test_where_it_is(monkeypatch, tmp_path):
    for off in ("off", "0", "OFF"):
        monkeypatch.setenv("MICROGRADX_CACHE", off)
        assert folder() is None
    monkeypatch.setenv("MICROGRADX_CACHE", str(tmp_path))
    assert folder() == str(tmp_path)
    monkeypatch.delenv("MICROGRADX_CACHE")
    for platform, name, under in [("linux", "XDG_CACHE_HOME", ""), ("win32", "LOCALAPPDATA", ""),
                                  ("linux", "HOME", ".cache"), ("darwin", "HOME", "Library/Caches")]:
        with monkeypatch.context() as patch:
            patch.delenv("XDG_CACHE_HOME", raising=False)
            patch.setattr(sys, "platform", platform)
            patch.setenv(name, str(tmp_path))
            assert folder() == os.path.join(str(tmp_path), under, "microgradx") if os.name == "posix" else True
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert folder() is None


def test_a_key_is_of_one_version_and_processor():
    assert key_of("text", "1.0", "zen") == key_of("text", "1.0", "zen") != None  # noqa: E711
    assert len({key_of("text", "1.0", "zen"), key_of("text", "1.0", "icelake"), key_of("text", "1.1", "zen"),
                key_of("texts", "1.0", "zen"), key_of("text1.0", "", "zen")}) == 5
    assert key_of("%x = inttoptr i64 140000 to ptr") is None and key_of("%x = inttoptr i64 %y to ptr")


PROGRAM = """
import sys
from microgradx.compiler.native import engine
from microgradx.compiler.native.cache import Cache
get, found = Cache.get, []
def counted(self, key):
    found.append(get(self, key))
    return found[-1]
Cache.get = counted
if len(sys.argv) > 1:
    engine.kind = lambda: ("another processor",)
from microgradx import fori_loop, jit, sin, value_and_grad
f = jit(value_and_grad(lambda x: fori_loop(0, 100, lambda i, y: sin(y * x) + i * 0.01, x)), backend="native")
print(f(0.5), len(found), sum(code is not None for code in found))
g = jit(value_and_grad(lambda x: fori_loop(0, 100, lambda i, y: sin(y * x) + i * 0.01, x)), backend="native")
assert g(0.5) == f(0.5)                                 # the same code a second time in one process
"""


def run(tmp_path, *args):
    """What a process prints that compiles a small program."""
    ran = subprocess.run([sys.executable, "-c", PROGRAM, *args], cwd=ROOT, capture_output=True, text=True, check=True,
                         env={**os.environ, "MICROGRADX_CACHE": str(tmp_path / "cache")})
    assert ran.stderr == ""
    *numbers, looked, found = ran.stdout.split()
    return numbers, int(looked), int(found)


@needs_llvmlite
@pytest.mark.slow
def test_another_process_finds_the_code(tmp_path):
    numbers, looked, found = run(tmp_path)
    assert looked > 0 and found == 0
    assert run(tmp_path) == (numbers, looked, looked)


@needs_llvmlite
@pytest.mark.slow
def test_what_is_wrong_is_compiled_again(tmp_path):
    numbers, looked, _ = run(tmp_path)
    for file in (tmp_path / "cache").iterdir():
        file.write_bytes(file.read_bytes()[:-8])
    assert run(tmp_path) == (numbers, looked, 0)
    assert run(tmp_path) == (numbers, looked, looked)   # the files are right again
    assert run(tmp_path, "another processor") == (numbers, looked, 0)
