"""fit(jit=True, threads=): the same bits in any number of threads, whatever is trained."""
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from microgradx import log, nn, sum, take
from microgradx.nn import Dropout, Linear, Module, Sequential, l2_penalty, mse
from microgradx.training import SGD, Adam, NonFiniteError, fit

from ...budget import budget
from ...compiled import needs_llvmlite
from .nets import Reader, data, loss, network, sequences

pytestmark = needs_llvmlite
np = pytest.importorskip("numpy")
THREADS = (1, 2, 3, 7, 8, 20, None)


@pytest.fixture(autouse=True)
def many_samples_one_by_one(monkeypatch):
    """No lanes, and threads for any work."""
    monkeypatch.setattr("microgradx.compiler.training.lanes.MOST", 0)
    monkeypatch.setattr("microgradx.compiler.training.native_session.WORTH", 0)


def trained(threads, make=network, loss=loss, count=40, samples=None, **options):
    model = make()
    xs, ys = samples or data(count)
    rule = Adam(model.parameters(), lr=0.01)
    history = fit(model, xs, ys, loss, rule, jit=True, threads=threads, **{"epochs": 3, "batch_size": 20, **options})
    return [p.data.hex() for p in model.parameters()], [record.loss.hex() for record in history]


@pytest.mark.slow
@pytest.mark.parametrize("batch", [None, 1, 7, 8, 9, 39])
def test_the_bits_of_one_thread(batch):
    expected = trained(1, batch_size=batch)
    for threads in THREADS:
        assert trained(threads, batch_size=batch) == expected


@pytest.mark.slow
@pytest.mark.parametrize("case", [
    {"penalty": lambda model: 0.01 * l2_penalty(model)}, {"clip": 0.1}, {"make": lambda: network(Dropout(0.5))},
    {"callback": lambda model, record: None}, {"threshold": 1.05}],
    ids=["penalty", "clip", "random numbers", "callback", "threshold"])
def test_whatever_the_step_does(case):
    results = [trained(threads, **case) for threads in (1, 2, 8)]
    assert results[0] == results[1] == results[2]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_samples_of_many_lengths(dtype):
    samples = sequences(), [[sum([row[0] for row in x])] for x in sequences()]
    results = [trained(threads, Reader, lambda m, x, y: mse(m(x), y), samples=samples, dtype=dtype)
               for threads in (1, 3, 8)]
    assert results[0] == results[1] == results[2]


def test_it_is_the_gradient_of_eager_code():
    """To rounding: the order of sums differs."""
    xs, ys = data(40)
    eager, compiled = network(), network()
    for model, options in ((eager, {}), (compiled, {"jit": True, "threads": 3})):
        fit(model, xs, ys, loss, SGD(model.parameters(), lr=0.1), steps=5, batch_size=20, **options)
    assert [p.data for p in compiled.parameters()] == pytest.approx([p.data for p in eager.parameters()], rel=1e-9)


@pytest.mark.slow
def test_a_step_that_is_not_finite_ends_all_threads():
    xs, ys = data(40)
    xs[30][0] = -1e9
    model = network()
    before = [p.data for p in model.parameters()]
    with pytest.raises(NonFiniteError):
        fit(model, xs, ys, lambda m, x, y: loss(m, x, y) + 0.0 * log(x[0] + 100.0), SGD(model.parameters(), lr=0.1),
            steps=1, jit=True, threads=4)
    assert [p.data for p in model.parameters()] == before


@pytest.mark.slow
def test_an_index_outside_of_its_table_ends_all_threads():
    xs, ys = data(40)
    ys[33] = 7
    model = network()
    with pytest.raises((IndexError, ValueError)):
        fit(model, xs, ys, lambda m, x, y: take(m(x), y), SGD(model.parameters(), lr=0.1), steps=1, jit=True, threads=4)
    assert trained(4) == trained(1)


@pytest.mark.slow
def test_many_trainings_at_once():
    expected = trained(1)
    models = [network() for _ in range(budget(30))]             # one after another: all threads share `random`
    with ThreadPoolExecutor(4) as executor:
        found = list(executor.map(lambda model: trained(3, lambda: model), models))
    assert all(one[1][0] == expected[1][0] for one in found)


# Several samples at once, see compiler/loops/several.py ---------------------------------------------------------------

@pytest.fixture
def loops(monkeypatch):
    """Small programs, too, are loops."""
    monkeypatch.setattr("microgradx.compiler.native.straight.FLAT", -1)


def one_by_one(monkeypatch):
    monkeypatch.setattr("microgradx.compiler.loops.schedule.MOST", 0)


@pytest.mark.slow
@pytest.mark.parametrize("batch", [16, 17, 40, 250])
def test_the_bits_of_one_thread_for_several_samples_at_once(batch, loops):
    results = [trained(threads, count=250, batch_size=batch) for threads in (1, 2, 3, 8)]
    assert results[0] == results[1] == results[2] == results[3]


@pytest.mark.slow
@pytest.mark.parametrize("make", [network, lambda: network(Dropout(0.5))], ids=["network", "random numbers"])
def test_several_samples_at_once_are_samples_one_by_one(make, loops, monkeypatch):
    """To rounding, and not to the bit: the sums have another order."""
    def numbers():
        return [float.fromhex(x) for part in trained(2, make, count=100, batch_size=50) for x in part]
    together = numbers()
    one_by_one(monkeypatch)
    assert together == pytest.approx(numbers(), rel=1e-9)
    assert together != numbers()


class Last(Module):
    """Scores by what a layer makes of the end of a sequence."""

    def __init__(self, layer, outputs):
        self.layer, self.head = layer, Linear(outputs, 3)

    def forward(self, xs):
        found = self.layer(xs)
        return self.head((found[0] if isinstance(found, tuple) else found)[-1])


MODELS = {
    "norm": lambda: (Sequential(Linear(6, 9), nn.LayerNorm(9), nn.GELU(), Linear(9, 3)), (6,)),
    "image": lambda: (Sequential(nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4), nn.SiLU(), nn.MaxPool2d(2), nn.Flatten(0),
                                 Linear(16, 3)), (1, 6, 6)),
    "LSTM": lambda: (Last(nn.LSTM(3, 5), 5), (7, 3)),
    "attention": lambda: (Last(nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0), 8), (5, 8)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_layers_have_the_gradients_of_samples_one_by_one(name, loops, monkeypatch):
    """Also where a result is used again, and its sum is in pieces: of LayerNorm and attention."""
    random.seed(5)
    model, sizes = MODELS[name]()
    samples = np.random.default_rng(5).normal(size=(16, *sizes)).tolist(), [k % 3 for k in range(16)]

    def gradient():
        fit(model, *samples, loss, SGD(model.parameters(), lr=0.0), steps=1, jit=True)
        return [p.grad for p in model.parameters()]
    together = gradient()
    one_by_one(monkeypatch)
    assert together == pytest.approx(gradient(), rel=1e-10, abs=1e-13) and together != gradient()


@pytest.mark.slow
def test_a_checkpoint_continues_where_batches_differ(loops, tmp_path):
    """Whether samples are computed at once depends on the batch alone, not on those before it."""
    whole, halves = network(), network()
    xs, ys = data(50)                                           # batches of 40 and of 10
    for model, epochs in ((whole, 4), (halves, 2), (halves, 4)):
        fit(model, xs, ys, loss, Adam(model.parameters(), lr=0.01), jit=True, batch_size=40, epochs=epochs, threads=1,
            checkpoint=tmp_path / ("whole" if model is whole else "halves"))
    assert [p.data for p in whole.parameters()] == [p.data for p in halves.parameters()]


@pytest.mark.slow
def test_an_index_outside_of_its_table_among_several_samples(loops):
    xs, ys = data(40)
    ys[21] = 7
    model = network()
    before = [p.data for p in model.parameters()]
    with pytest.raises((IndexError, ValueError), match="7"):
        fit(model, xs, ys, lambda m, x, y: take(m(x), y), SGD(model.parameters(), lr=0.1), steps=1, jit=True)
    assert [p.data for p in model.parameters()] == before
