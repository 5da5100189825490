"""fit(jit=True, executor=): the bits of one process, whatever the workers do."""
import multiprocessing
import os
import pickle
import random
import signal
import time
import warnings
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import pytest

from microgradx import log, take
from microgradx.nn import BatchNorm1d, Dropout, Linear, Sequential, cross_entropy, l2_penalty, mse
from microgradx.training import LBFGS, SGD, Adam, NonFiniteError, fit

from ...budget import sweep
from ...compiled import needs_llvmlite
from .nets import Reader, data, loss, network, sequences

pytestmark = needs_llvmlite
SESSION = "microgradx.compiler.training.executor_session"


@pytest.fixture(autouse=True)
def whatever_it_costs(monkeypatch):
    """Steps are made on the executor, and stay there."""
    monkeypatch.setattr(f"{SESSION}.TRIED", float("inf"))
    monkeypatch.setattr("microgradx.compiler.training.native_session.WORTH", 0)


class Workers:
    """An executor whose workers compute at once, in this thread; `happens(n, args)` runs before the n-th task."""

    def __init__(self, count=2, happens=lambda n, args: None):
        self._max_workers, self.happens, self.tasks, self.jobs = count, happens, 0, 0

    def submit(self, f, *args):
        self.tasks, self.jobs = self.tasks + 1, self.jobs + (args[1] is not None)
        future = Future()
        try:
            self.happens(self.tasks, args)
            future.set_result(pickle.loads(pickle.dumps(f(*pickle.loads(pickle.dumps(args))))))
        except BaseException as error:
            future.set_exception(error)
        return future


def trained(executor=None, make=network, loss=loss, count=40, samples=None, rule=Adam, **options):
    model = make()
    xs, ys = samples or data(count)
    rule = rule(model.parameters(), lr=0.01)
    history = fit(model, xs, ys, loss, rule, jit=True, executor=executor, **{"epochs": 3, "batch_size": 20, **options})
    found = [p.data.hex() for p in model.parameters()], [(r.loss.hex(), r.norm.hex()) for r in history]
    return *found, list(rule.numbers)


CASES = {
    "lanes": {}, "blocks in lanes": {"count": 1100, "batch_size": None, "epochs": 2},
    "penalty": {"penalty": lambda model: 0.01 * l2_penalty(model)}, "clip": {"clip": 0.1},
    "random numbers": {"make": lambda: network(Dropout(0.5)), "batch_size": None},
    "weights": {"class_weight": [1.0, 2.0, 0.5]}, "validation": {"validation": data(5), "patience": 1},
    "callback": {"callback": lambda model, record: None}, "threshold": {"threshold": 1.05},
    "line search": {"rule": LBFGS, "epochs": 1},
    "groups": {"rule": lambda params, lr: SGD([{"params": params[:9]}, {"params": params[9:], "lr": 0.5}], lr=lr)},
    "lengths": {"make": Reader, "loss": lambda m, x, y: mse(m(x), y),
                "samples": (sequences(), [[float(len(x))] for x in sequences()])},
}


@pytest.mark.slow
@sweep(7)
@pytest.mark.parametrize(("most", "flat"), [(4000, 500), (0, 500), (0, -1)], ids=["small", "one by one", "several"])
@pytest.mark.parametrize("case", CASES)
def test_the_bits_of_one_process(case, most, flat, monkeypatch):
    monkeypatch.setattr("microgradx.compiler.training.lanes.MOST", most)
    monkeypatch.setattr("microgradx.compiler.native.straight.FLAT", flat)
    workers = Workers(3)
    assert trained(workers, **CASES[case]) == trained(**CASES[case])
    assert workers.tasks > 1


@pytest.mark.slow
@sweep(3)
@pytest.mark.parametrize(("batch", "flat"), [(None, -1), (1, 500), (9, 500), (250, -1), (None, 500), (40, -1)])
def test_any_number_of_workers(batch, flat, monkeypatch):
    monkeypatch.setattr("microgradx.compiler.training.lanes.MOST", 0)
    monkeypatch.setattr("microgradx.compiler.native.straight.FLAT", flat)
    options = {"batch_size": batch, "epochs": 1, "count": 250 if batch == 250 else 100}
    expected = trained(**options)
    for count in (1, 2, 5, 100):
        assert trained(Workers(count), **options) == expected


@pytest.mark.slow
def test_in_threads():
    with ThreadPoolExecutor(3) as executor:
        assert trained(executor, batch_size=None) == trained(batch_size=None)


@pytest.mark.slow
def test_what_the_loss_closes_over_is_read_at_every_step():
    def run(executor):
        scale = network()[0].bias[0]
        return trained(executor, loss=lambda m, x, y: (1.0 + scale * scale) * cross_entropy(m(x), y),
                       callback=lambda model, record: setattr(scale, "data", scale.data + 0.5))
    assert run(Workers()) == run(None)


@pytest.mark.slow
def test_the_job_goes_once_and_then_the_parameters():
    sizes = []
    workers = Workers(2, lambda n, args: sizes.append(len(pickle.dumps(args))))
    trained(workers, batch_size=None, make=lambda: network(Dropout(0.5)), epochs=6)
    assert workers.jobs == 2 and workers.tasks == 12            # two tasks a step
    trained(workers := Workers(2, lambda n, args: sizes.append(len(pickle.dumps(args)))), count=1100, batch_size=None)
    assert workers.jobs == 2 and max(sizes[-4:]) < sizes[-6] / 4


# Workers that fail ---------------------------------------------------------------------------------------------------

@pytest.mark.slow
def test_a_lost_task_is_computed_by_another_worker():
    def happens(n, args):
        if n % 3 == 0:
            raise BrokenProcessPool("killed")
    make = {"make": lambda: network(Dropout(0.5))}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert trained(Workers(2, happens), **make) == trained(**make)


@pytest.mark.slow
def test_a_worker_that_forgets_its_job_is_sent_it_again():
    from microgradx.compiler.training.shard import _jobs as jobs
    workers = Workers(2, lambda n, args: jobs.clear())
    assert trained(workers) == trained()
    assert workers.jobs > 4


@pytest.mark.slow
@sweep(2)
@pytest.mark.parametrize("last", [3, 0])
def test_where_all_fail_this_process_goes_on_alone(last):
    def happens(n, args):
        if n > last:
            raise BrokenProcessPool("a process was\x1b[31m killed")
    make = {"make": lambda: network(Dropout(0.5)), "batch_size": None}
    with pytest.warns(RuntimeWarning, match=r"goes on alone: BrokenProcessPool: 'a process") as told:
        assert trained(Workers(2, happens), **make) == trained(**make)
    assert len(told) == 1 and "\x1b" not in str(told[0].message)


@pytest.mark.slow
def test_an_executor_that_was_shut_down():
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.warns(RuntimeWarning, match="RuntimeError: .cannot schedule new futures after shutdown"):
        assert trained(executor, epochs=1) == trained(epochs=1)


@pytest.mark.slow
def test_a_worker_of_another_version_is_not_used(monkeypatch):
    monkeypatch.setattr(f"{SESSION}.kind", lambda dtype: ("0.2", 8))
    with pytest.warns(RuntimeWarning, match=r"expected microgradx 0\.2 and 8 numbers.*, got "):
        assert trained(Workers(), epochs=1) == trained(epochs=1)


@pytest.mark.slow
def test_where_it_does_not_pay_this_process_goes_on_alone(monkeypatch):
    monkeypatch.setattr(f"{SESSION}.TRIED", 5)
    monkeypatch.setattr(f"{SESSION}.perf_counter", iter(range(10**9)).__next__)       # a step takes a second or more
    make = {"make": lambda: network(Dropout(0.5)), "epochs": 6}
    workers = Workers()
    assert trained(workers, **make) == trained(**make)
    assert workers.tasks == 2 * 5


@pytest.mark.slow
def test_small_batches_are_not_sent(monkeypatch):
    monkeypatch.setattr("microgradx.compiler.training.native_session.WORTH", 10**6)
    workers = Workers()
    assert trained(workers) == trained() and workers.tasks == 0


@pytest.mark.slow
def test_a_large_job_is_no_cause_to_warn():
    """Dask warns of each task with more than 10 MB, also of the first one, which has the job."""
    def happens(n, args):
        if args[1] is not None:
            warnings.warn("Sending large graph of size 12.71 MiB.", UserWarning, stacklevel=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        workers = Workers(2, happens)
        trained(workers, epochs=1)
    assert workers.jobs == 2


@pytest.mark.slow
def test_a_process_that_is_killed():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        def killed(model, record):
            if record.step == 2:
                os.kill(min(executor._processes), signal.SIGKILL)
            while record.step == 2 and not executor._broken:
                time.sleep(0.01)
        with pytest.warns(RuntimeWarning, match="goes on alone: BrokenProcessPool"):
            found = trained(executor, count=200, batch_size=None, epochs=6, callback=killed)
    assert found == trained(count=200, batch_size=None, epochs=6)


@pytest.mark.slow
def test_a_worker_of_dask_that_is_killed():
    """Dask gives its task to the other one."""
    distributed = pytest.importorskip("distributed", reason='Dask is not installed: pip install "microgradx[dask]"')
    with (distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
          distributed.Client(cluster) as client, warnings.catch_warnings()):
        warnings.simplefilter("error", RuntimeWarning)
        def killed(model, record):
            if record.step == 2:
                os.kill(min(client.run(os.getpid).values()), signal.SIGKILL)
        found = trained(client, count=200, batch_size=None, epochs=6, callback=killed)
    assert found == trained(count=200, batch_size=None, epochs=6)


# The end -------------------------------------------------------------------------------------------------------------

@pytest.mark.slow
def test_ctrl_c_while_it_waits(ctrl_c):
    def happens(n, args):
        if n == 6:                              # of the third step
            signal.raise_signal(signal.SIGINT)
    model = network(Dropout(0.5))
    state = random.getstate()
    history = fit(model, *data(40), loss, Adam(model.parameters(), lr=0.01), epochs=9, jit=True,
                  executor=Workers(2, happens))
    assert (len(history), history.stopped) == (2, "interrupted")
    after = random.getstate()
    random.setstate(state)
    found = [p.data for p in model.parameters()]
    model = network(Dropout(0.5))
    random.setstate(state)
    fit(model, *data(40), loss, Adam(model.parameters(), lr=0.01), epochs=2, jit=True)
    assert [p.data for p in model.parameters()] == found and random.getstate() == after


@pytest.mark.slow
def test_it_continues_from_a_checkpoint(tmp_path):
    make = {"make": lambda: network(Dropout(0.5))}
    expected = trained(**make, epochs=4)
    trained(Workers(), **make, epochs=2, checkpoint=tmp_path / "run")
    assert trained(Workers(3), **make, epochs=4, checkpoint=tmp_path / "run") == expected


def test_a_step_that_is_not_finite():
    xs, ys = data(40)
    xs[33] = [0.0] * 6
    model = network()
    with pytest.raises(NonFiniteError, match="log"):
        fit(model, xs, ys, lambda m, x, y: log(m(x)[0] * 0 + x[0] * x[0]), SGD(model.parameters(), lr=0.1), epochs=1,
            jit=True, executor=Workers())


@pytest.mark.slow
def test_an_index_outside_of_its_table():
    xs, ys = data(40)
    ys[33] = 7
    model = network()
    with pytest.raises(IndexError, match="7"):
        fit(model, xs, ys, lambda m, x, y: take(m(x), y), SGD(model.parameters(), lr=0.1), epochs=1, jit=True,
            executor=Workers())


@pytest.mark.parametrize(("options", "error", "told"), [
    ({"executor": 2}, TypeError, r"expected an executor .*ProcessPoolExecutor\(2\).*, got 2"),
    ({"executor": ThreadPoolExecutor}, TypeError, "got <class"),
    ({"executor": Workers(), "jit": False}, ValueError, "write jit=True"),
    ({"executor": Workers(), "threads": 2}, ValueError, "threads=2"),
    ({"executor": Workers(), "whole": True}, ValueError, "whole=True"),
])
def test_what_is_refused(options, error, told):
    model = network()
    with pytest.raises(error, match=told):
        fit(model, *data(4), loss, SGD(model.parameters(), lr=0.1), **{"epochs": 1, "jit": True, **options})


def test_statistics_and_python_are_refused(monkeypatch):
    model = Sequential(Linear(6, 3), BatchNorm1d(3))
    with pytest.raises(ValueError, match=r"without Buffers.*BatchNorm.*executor=None"):
        fit(model, *data(4), loss, SGD(model.parameters(), lr=0.1), epochs=1, jit=True, executor=Workers())
    model = network()
    monkeypatch.setattr("microgradx.compiler.backends.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"executor= needs llvmlite.*\[jit\]"):
        fit(model, *data(4), loss, SGD(model.parameters(), lr=0.1), epochs=1, jit=True, executor=Workers())
