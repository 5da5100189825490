"""The benchmark programs run, and all engines agree. No time is asserted here."""
import pathlib
import subprocess
import sys
from importlib.util import find_spec
from shutil import which

import pytest

BENCHMARKS = pathlib.Path(__file__).parent / "benchmarks"


@pytest.fixture
def eager(monkeypatch):
    """The program as a module: it stands beside its helpers, and so finds them."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    import eager
    return eager


@pytest.fixture
def compiled(monkeypatch):
    """The other one."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    import compiled
    return compiled


def told(program):
    """What a benchmark prints of its smallest sizes."""
    run = subprocess.run([sys.executable, BENCHMARKS / program, "--quick"], check=False, text=True, capture_output=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


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


@pytest.mark.slow
@pytest.mark.parametrize("program", ["eager", "layers"])
def test_it_runs_and_all_engines_agree(program, request):
    module = request.getfixturevalue(program)
    printed = told(f"{program}.py")
    assert "agree on losses and gradients" in printed
    for peer in module.ENGINES.values():
        assert f"| {peer.name} |" in printed if peer.installed else f"pip install {peer.install}" in printed
    for work in module.PROGRAMS:
        assert f"| {work} |" in printed


@pytest.mark.slow
def test_the_referee_finds_what_others_do_not(torch):
    printed = told("referee.py")
    for name in ("plain floats", "NumPy", "torch"):
        assert f"| {name} | 0 | 100.0% | 100.0% | 100.0% |" in printed
    assert "| torch, single precision | 0 | 100.0%" in printed and "`torch.autograd.gradcheck` | 0 |" in printed


@pytest.mark.slow
def test_estimators_come_to_the_losses_of_scikit_learn():
    pytest.importorskip("llvmlite")
    printed = told("estimators.py")
    assert printed.count("| moons, 2-16-16-1") == 2 and "| digits, 64-100-10, batches of 200 |" in printed


@pytest.mark.slow
def test_batches_come_to_the_losses_of_torch(torch):
    pytest.importorskip("llvmlite")
    assert told("batches.py").count("| MLP 784-50-10 | 32 |") == 2


@pytest.mark.slow
def test_workers_come_to_the_bits_of_one_process():
    pytest.importorskip("llvmlite")
    pytest.importorskip("psutil", reason='it comes with Dask, which is not installed: pip install "microgradx[dask]"')
    assert told("executor.py").count("| 64-100-10 | 256 |") == 3


@pytest.mark.slow
@pytest.mark.skipif(not which("cc"), reason="needs a C compiler")
def test_batches_of_names_come_to_the_losses_of_c():
    pytest.importorskip("llvmlite")
    assert told("gpt_batches.py").count("| float32 |") == 1


@pytest.mark.slow
def test_growth_is_told_for_each_program_and_size():
    pytest.importorskip("llvmlite")
    printed = told("growth.py")
    assert [printed.count(f"| {program} |") for program in ("network", "tangle")] == [2, 2]


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


@pytest.mark.slow
def test_compiled_programs_run_and_all_peers_agree(compiled):
    printed = told("compiled.py")
    assert "All peers agree on losses, gradients and trained parameters" in printed
    for peer in compiled.PEERS.values():
        assert f"{peer.title}: {peer.absence}" in printed if peer.absence else f"| {peer.name} |" in printed
    for program in compiled.PROBLEMS:
        assert f"| {program} |" in printed


@pytest.mark.parametrize("numbers", [[1.0 + 1e-8, 2.0], [1.0, 2.0 - 1e-8], [1.0], [float("nan"), 2.0]])
def test_a_wrong_compiled_program_is_caught(compiled, numbers):
    right, wrong = Fixed(1.0, 2.0), Fixed(1.0, 2.0)
    wrong.result = numbers
    with pytest.raises(AssertionError, match="W2 tanh neuron: JAX and C -O2 differ"):
        compiled.agree("W2 tanh neuron", {"C -O2": right, "JAX": wrong})


def test_an_absent_compiled_peer_is_named(compiled):
    peers = [compiled.Peer("nowhere", "peers.jax", install="no_such_library==1.0"),
             compiled.Peer("tool", "peers.c", program="no-such-compiler"),
             compiled.Peer("script", "peers.microgpt", variable="NO_SUCH_VARIABLE"),
             compiled.Peer("here", "peers.c")]
    assert compiled.gaps(peers) == ["nowhere: not installed, pip install no_such_library==1.0",
                                    "tool: no program no-such-compiler here",
                                    "script: not measured, NO_SUCH_VARIABLE=path/to/it was not given"]


def test_ratios_are_against_the_fastest(compiled):
    times = {("C -O2", "W2 tanh neuron"): 2e-9, ("C fast", "W2 tanh neuron"): 1e-9, ("JAX", "W2 tanh neuron"): 1e-6}
    base = compiled.fastest(compiled.C, times)
    assert base == {"W2 tanh neuron": 1e-9}
    assert "| – | 1000x |" in compiled.ratio_table("", ["eager"], {("eager", "W2 tanh neuron"): 1e-6}, base)


@pytest.fixture
def gradbench(monkeypatch):
    """The evaluations of GradBench."""
    pytest.importorskip("llvmlite")
    monkeypatch.syspath_prepend(BENCHMARKS)
    import gradbench
    return gradbench


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hello", "lse", "llsq", "ode", "det", "lstm", "kmeans", "gmm", "ba",
                                  "ht"])
def test_evaluations_of_gradbench_agree_with_torch(gradbench, name, torch):
    one = gradbench.EVALUATIONS[name]
    x, rows = one.data(1)
    gradbench.agree({"ours": gradbench.ours(one, x, rows)().ravel(), "torch": gradbench.torch(one, x, rows)().ravel()})


@pytest.mark.slow
@pytest.mark.parametrize("name, expected", [("saddle", [8.246324826140356e-06] * 4),
                                            ("particle", [0.2071918746486116])])
def test_what_gradbench_expects_of_loops(gradbench, name, expected):
    """The numbers of gradbench/gradbench, python/gradbench/gradbench/evals/*/run.py."""
    one = gradbench.EVALUATIONS[name]
    x, rows = one.data(1)
    found = gradbench.np.ravel(gradbench.ours(one, x, rows)())
    gradbench.agree({"GradBench": gradbench.np.array(expected), "ours": found})


@pytest.mark.slow
def test_gradbench_runs_and_names_who_is_absent(gradbench):
    run = subprocess.run([sys.executable, BENCHMARKS / "gradbench.py", "--quick", "--only", "hello", "det"], check=True,
                         text=True, capture_output=True)
    assert "All peers agree on derivatives." in run.stdout and "processes wanted its cores" in run.stdout
    for title in ("hello, gradient", "det, gradient", "8 operations, 10 passes", "16 operations, 10 passes"):
        assert f"| {title} | " in run.stdout
    for name, (package, _) in gradbench.PEERS.items():
        assert f" {name} |" in run.stdout if find_spec(package) else f"{name}: not installed" in run.stdout


@pytest.mark.slow
def test_science_runs():
    pytest.importorskip("llvmlite")
    pytest.importorskip("jax")
    run = subprocess.run([sys.executable, BENCHMARKS / "science.py", "--quick"], check=True, text=True,
                         capture_output=True)
    assert "All peers agree on derivatives." in run.stdout and run.stdout.count("| Rosenbrock, 100 variables") == 1


def test_a_wrong_derivative_is_caught(gradbench):
    np = gradbench.np
    right = np.array([1.0, 2.0])
    gradbench.agree({"JAX": right, "ours": right * (1 + 1e-15)})
    for wrong in ([1.0, 2.0 + 1e-8], [1.0, np.nan], [1.0]):
        with pytest.raises(AssertionError, match="ours and JAX differ"):
            gradbench.agree({"JAX": right, "ours": np.array(wrong)})
