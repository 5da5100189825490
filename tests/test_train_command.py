"""`microgradx train EXAMPLE --plot FILE --html FILE`: what is written, and what is refused before training begins."""
import sys

import pytest

from microgradx.__main__ import main
from microgradx.nn import Linear, Sequential, Tanh
from microgradx.training import examples
from microgradx.training.outcome import Outcome

pytest.importorskip("matplotlib", reason="plots need the extra plot")
POINTS, LABELS = [[0.0, 1.0], [1.0, 0.0]], [0, 1]


def border(width):
    model = Sequential(Linear(2, width), Tanh(), Linear(width, 1))
    return Outcome("a border", [3.0, 2.0], "border", POINTS, LABELS, [[1.0], [2.0]], model)


@pytest.fixture
def trained(monkeypatch):
    """Training that takes no time: a list of what it comes to, and whether it was asked for."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    given, asked = [border(3)], []

    def run(name, full, seed, outcomes):
        asked.append((name, full, seed))
        outcomes += given
        return True
    monkeypatch.setattr(examples, "run", run)
    return given, asked


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_picture_is_written_and_said(trained, capsys, tmp_path, ending):
    path = tmp_path / f"run.{ending.upper()}"
    assert main(["train", "xor", "--plot", str(path)]) == 0
    assert f"wrote {path}" in capsys.readouterr().out and path.stat().st_size > 1000
    assert main(["train", "xor", "--plot", str(path)]) == 0             # its own file, again


@pytest.mark.slow
def test_a_page_is_the_lab_where_that_can_hold_the_network(trained, tmp_path):
    path, (given, _) = tmp_path / "run.html", trained
    assert main(["train", "xor", "--html", str(path)]) == 0 and '"weights":[' in path.read_text()
    given[:] = [border(99)]
    assert main(["train", "xor", "--html", str(path)]) == 0
    assert "data:image/svg+xml;base64," in path.read_text() and "a border: loss" in path.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("option, name", [("--plot", "run.png"), ("--html", "run.html")])
def test_a_file_of_others_is_not_overwritten_and_nothing_is_trained(trained, capsys, tmp_path, option, name):
    path = tmp_path / name
    path.write_text("my thesis")
    assert main(["train", "xor", option, str(path)]) == 2
    assert "--force" in capsys.readouterr().err and path.read_text() == "my thesis" and trained[1] == []
    assert main(["train", "xor", option, str(path), "--force"]) == 0 and b"my thesis" not in path.read_bytes()


@pytest.mark.parametrize("argv, text", [
    (["xor", "--plot", "run.gif"], ".png, .svg, .pdf, got run.gif"), (["--plot", "run.png"], "expected an example"),
    (["xor", "--open"], "--open needs a file"),
])
def test_what_cannot_be_shown_is_refused_before_training(trained, capsys, argv, text):
    assert main(["train", *argv]) == 2
    assert text in capsys.readouterr().err and trained[1] == []


def test_without_matplotlib_it_says_what_to_install_before_training(trained, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    assert main(["train", "xor", "--plot", "run.png"]) == 2
    assert "[plot]" in capsys.readouterr().err and trained[1] == []
