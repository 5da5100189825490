"""The benchmark programs run, and their engines agree. Nothing is timed here."""
import pathlib
import subprocess
import sys

import pytest

BENCHMARKS = pathlib.Path(__file__).parent / "benchmarks"


@pytest.fixture
def eager(monkeypatch):
    """The program as a module: it stands beside its helpers, and so finds them."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    import eager
    return eager


class Fixed:
    """A worker that gives one result, whatever it is asked."""

    def __init__(self, loss, gradients):
        self.result = loss, gradients

    def ask(self, *job):
        return self.result


@pytest.fixture
def layers(eager):
    """The other program."""
    import layers
    return layers


@pytest.mark.parametrize("program", ["eager", "layers"])
def test_it_runs_and_all_engines_agree(program, request):
    module = request.getfixturevalue(program)
    run = subprocess.run([sys.executable, BENCHMARKS / f"{program}.py", "--quick"],
                         check=False, text=True, capture_output=True)
    assert run.returncode == 0, run.stderr
    assert "agree on losses and gradients" in run.stdout
    for peer in module.ENGINES.values():
        assert f"| {peer.name} |" in run.stdout if peer.installed else f"pip install {peer.install}" in run.stdout
    for work in module.PROGRAMS:
        assert f"| {work} |" in run.stdout


@pytest.mark.parametrize("loss, gradients", [(1.0 + 1e-8, [2.0]), (1.0, [2.0 - 1e-8]), (1.0, [2.0, 3.0]),
                                             (float("nan"), [2.0]), (1.0, [0.0])])
def test_a_wrong_engine_is_caught(eager, loss, gradients):
    with pytest.raises(AssertionError, match="W1 README expression: microgradx and tuples differ"):
        eager.agree({"tuples": Fixed(1.0, [2.0]), "microgradx": Fixed(loss, gradients)}, eager.ENGINES, eager.PROGRAMS)


def test_rounding_is_no_disagreement(eager):
    assert eager.disagreement([1.0 + 1e-15, 1e-17], [1.0, 0.0]) == []


def test_an_absent_peer_is_named(eager):
    peers = [eager.Peer("nowhere", None, "no_such_engine==1.0"), eager.Peer("here", None)]
    assert eager.gaps(peers) == ["nowhere: not installed, pip install no_such_engine==1.0"]
