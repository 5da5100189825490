"""Ctrl-C at any moment of fit(): history, parameters and optimiser agree, none is lost, none escapes half-way.

Each test presses at a chosen line: a trace function sends the signal when the n-th line of the package runs.
"""
import _thread
import gc
import math
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

import microgradx
from microgradx import compiler, row
from microgradx.compiler import backends
from microgradx.engine import mode
from microgradx.interrupts import Interrupts, allowed, held
from microgradx.nn import BatchNorm1d, Linear, Module, Sequential, Tanh, mse
from microgradx.table import TABLE
from microgradx.training import Adam, fit
from microgradx.training.run import Run

from ..budget import PATIENCE, budget, sweep
from ..compiled import needs_llvmlite

PACKAGE = microgradx.__file__.removesuffix("__init__.py")
RNG = random.Random(3)
XS = [[RNG.gauss(0, 1), RNG.gauss(0, 1)] for _ in range(3)]
YS = [[math.sin(a) * b] for a, b in XS]
STEPS = 4
FIRST, LAST = 6, 5                      # lines until the handler is there, and after it
WAYS = {"eager": {}, "python": {"jit": True}, "native": {"jit": True}}


@pytest.fixture(autouse=True)
def ctrl_c():
    """Ctrl-C interrupts, also where the tests run in the background and it would be ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True, scope="module")
def garbage():
    """What other tests left is not looked through again by the collection before each press."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(params=["eager", "python", pytest.param("native", marks=needs_llvmlite)])
def way(request, monkeypatch):
    """fit() goes this way."""
    monkeypatch.setattr(compiler, "backend", lambda: backends.backend(request.param))
    return request.param


def batch_loss(model, xs, ys):
    return mse([y for row in model(xs) for y in row], [y for row in ys for y in row])


class Training:
    """One training from one seed, and what is told of it step by step."""

    def __init__(self, way, steps=STEPS, callback=None):
        random.seed(1)
        self.model = Sequential(Linear(2, 3), BatchNorm1d(3), Tanh(), Linear(3, 1))
        self.rule = Adam(self.model.parameters(), lr=0.05)
        self.run = lambda: fit(self.model, XS, YS, batch_loss, self.rule, steps=steps, whole=True,
                               schedule=lambda t: 1 / (1 + t), callback=callback, **WAYS[way])

    def state(self):
        numbers = [v.data for v in (*self.model.parameters(), *self.model.buffers())]
        return [*numbers, *(x for kept in self.rule.numbers for x in kept)]


class Press:
    """While this is entered: Ctrl-C when the n-th line of the package runs, counted from where Run.train, of fit(),
    calls a function of this name; __enter__ is that of its Interrupts. `lines` counts them."""

    def __init__(self, n=0, after="__enter__"):
        self.n, self.after, self.lines = n, after, 0

    def __enter__(self):
        gc.collect()
        sys.settrace(self.call)
        return self

    def __exit__(self, *error):
        sys.settrace(None)

    @property
    def pressed(self):
        return self.lines == self.n

    def call(self, frame, event, arg):
        if frame.f_code.co_name == self.after and frame.f_back.f_code is Run.train.__code__:
            self.after = None
            caller = frame.f_back
            while caller is not None:
                caller.f_trace, caller = self.call(caller, event, arg), caller.f_back
        return self.line if self.after is None and frame.f_code.co_filename.startswith(PACKAGE) else None

    def line(self, frame, event, arg):
        self.lines += 1
        if self.pressed:
            sys.settrace(None)
            signal.raise_signal(signal.SIGINT)
        return self.line


def is_consistent(training, history, states):
    """The state is that after the steps of the history, which are as many as the optimiser counts."""
    return (len(history) == training.rule.t and training.state() == pytest.approx(states[len(history)], rel=1e-9)
            and training.rule.lr == 0.05 and training.model.training and type(training.rule.numbers) is list
            and mode.get() == "" and gc.isenabled()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler)


def states(way):
    """The state after each step of the uninterrupted run."""
    found = [Training(way).state()]
    training = Training(way, callback=lambda model, record: found.append(training.state()))
    training.run()
    return found


def check_presses(way, points, after="__enter__"):
    """Nearly all of them are reached: how many calls compiled steps are spread over is a matter of time."""
    expected, reached = states(way), 0
    for n in points:
        training = Training(way)
        try:
            with Press(n, after) as press:
                history = training.run()
        except KeyboardInterrupt:                       # pytest would take it for one of its own
            pytest.fail(f"{n}: it escaped")
        assert is_consistent(training, history, expected), n
        assert history.stopped == ("interrupted" if press.pressed else "all steps done"), n
        reached += press.pressed
    assert reached > 0.8 * len(points)


def lines(way, after="__enter__"):
    """How many lines there are to press at, from FIRST to this; of a second run, which is like all that follow."""
    for _ in range(2):
        training = Training(way)
        with Press(after=after) as press:
            training.run()
    return press.lines - LAST


@pytest.mark.slow
@pytest.mark.parametrize("way", ["eager", "python", pytest.param("native", marks=needs_llvmlite)], indirect=True)
def test_ctrl_c_at_any_line(way):
    check_presses(way, sorted(random.Random(5).sample(range(FIRST, lines(way)), 3)))


@pytest.mark.slow
def test_ctrl_c_as_the_state_is_handed_back(way):
    """Whoever presses is told, though all steps are made."""
    last = lines(way, "finish")
    check_presses(way, [1, last - 8, last], "finish")


@pytest.mark.slow
def test_ctrl_c_at_very_many_lines(way):
    """Others in each run, among them some of the set-up, of which there are few lines. Each traces a whole training."""
    rng, finish = random.Random(), range(1, lines(way, "finish") + 1)
    for among, count in ((range(FIRST, 400), 50), (range(FIRST, lines(way)), 150)):
        check_presses(way, sorted(rng.sample(among, budget(count))))
    check_presses(way, sorted(rng.sample(finish, min(len(finish), budget(50)))), "finish")


@pytest.mark.slow
def test_the_checker_finds_what_escapes(monkeypatch):
    """Its negative control: Ctrl-C that nothing holds back."""
    monkeypatch.setattr(Interrupts, "__enter__", lambda self: self)
    with pytest.raises(pytest.fail.Exception, match="it escaped"):
        check_presses("eager", [20])


def test_the_checker_finds_a_half_step():
    """Its negative control: the parameters of two different steps."""
    expected = states("eager")
    training = Training("eager")
    history = training.run()
    assert is_consistent(training, history, expected)
    training.model.parameters()[0].data += 1e-3
    assert not is_consistent(training, history, expected)


@pytest.mark.slow
def test_one_that_a_destructor_swallowed(way):
    """Python prints KeyboardInterrupt in __del__ and goes on; llvmlite's objects have one. Training ends."""
    class Gone:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    def callback(model, record):
        if record.step == 2:
            Gone()

    printed = []
    hook, sys.unraisablehook = sys.unraisablehook, printed.append
    try:
        training = Training(way, callback=callback)
        history = training.run()
    finally:
        sys.unraisablehook = hook
    assert printed[0].exc_type is KeyboardInterrupt and history.stopped == "interrupted"
    assert is_consistent(training, history, states(way)) and len(history) == 2


@sweep(6)
@pytest.mark.parametrize("press", [lambda: signal.raise_signal(signal.SIGINT), _thread.interrupt_main])
def test_in_a_callback(way, press):
    training = Training(way, callback=lambda model, record: record.step == 3 and press())
    history = training.run()
    assert is_consistent(training, history, states(way)) and len(history) == 3 and history.stopped == "interrupted"


@sweep(3)
def test_while_the_loss_is_recorded(way):
    class Pressing(Module):
        def forward(self, x):
            signal.raise_signal(signal.SIGINT)
            return x

    model = Sequential(Linear(2, 1), Pressing())
    rule = Adam(model.parameters())
    history = fit(model, XS, YS, lambda m, x, y: mse(m(x), y), rule, steps=2, **WAYS[way])
    assert history.stopped == "interrupted" and len(history) == rule.t == 0


@pytest.mark.slow
@needs_llvmlite
@pytest.mark.filterwarnings("ignore:.*Python:RuntimeWarning")       # that it is called back
def test_in_a_row_that_machine_code_calls_back(way, request):
    """The exception cannot pass through machine code; the step that it broke off is not made, those before it are."""
    calls = []

    def value(x):
        calls.append(x)
        if len(calls) == 5 * len(XS) + 1:
            raise KeyboardInterrupt
        return float(x) * x                             # float() of what is traced: it stays Python

    square = row("pressed", value, lambda y, x: 2 * x)
    request.addfinalizer(lambda: TABLE.pop("pressed"))
    model = Linear(2, 1)
    rule = Adam(model.parameters(), lr=0.05)
    before = [p.data for p in model.parameters()]
    history = fit(model, XS, YS, lambda m, x, y: square(m(x)[0] - y[0]), rule, steps=40, **WAYS[way])
    assert history.stopped == "interrupted" and len(history) == rule.t < 40
    numbers = [p.data for p in model.parameters()]
    for p, x in zip(model.parameters(), before):
        p.data = x
    fit(model, XS, YS, lambda m, x, y: (m(x)[0] - y[0]) ** 2, Adam(model.parameters(), lr=0.05), steps=rule.t)
    assert numbers == pytest.approx([p.data for p in model.parameters()], rel=1e-9)


def test_training_within_a_callback_of_training():
    """One Ctrl-C ends both."""
    inner = []

    def callback(model, record):
        inner.append(Training("eager", callback=lambda model, record: signal.raise_signal(signal.SIGINT)).run())

    history = Training("eager", callback=callback).run()
    assert [one.stopped for one in (history, *inner)] == ["interrupted"] * 2 and len(history) == len(inner[0]) == 1


def test_a_handler_of_the_users_is_kept():
    pressed = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        history = Training("eager", callback=lambda model, record: signal.raise_signal(signal.SIGINT)).run()
        with held():
            signal.raise_signal(signal.SIGINT)
            assert len(pressed) == STEPS
        assert len(pressed) == STEPS + 1
        with held(), allowed():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            assert len(pressed) == STEPS + 3
    finally:
        signal.signal(signal.SIGINT, before)
    assert history.stopped == "all steps done" and len(history) == STEPS


def test_held_raises_at_its_end_and_not_a_second_time():
    done = []
    with pytest.raises(KeyboardInterrupt), held():
        signal.raise_signal(signal.SIGINT)
        done.append(1)
    with pytest.raises(KeyboardInterrupt), held(), held():
        signal.raise_signal(signal.SIGINT)
        done.append(2)
    with pytest.raises(KeyboardInterrupt) as caught, held():
        signal.raise_signal(signal.SIGINT)
        raise ValueError("both are seen")
    assert isinstance(caught.value.__context__, ValueError) and done == [1, 2]


def test_held_that_is_interrupted_before_it_holds(monkeypatch):
    """Within allowed(): the exception is the interrupt, and not one about a name that is not bound yet."""
    def pressed(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(Interrupts, "__enter__", pressed)
    with pytest.raises(KeyboardInterrupt) as caught, held():
        pass
    assert caught.value.__context__ is None


def test_another_thread_trains_and_the_main_one_is_interrupted():
    """Signals go to the main thread: the other one must not hold them back."""
    found, training = [], Training("eager", callback=lambda model, record: time.sleep(0.01))
    thread = threading.Thread(target=lambda: found.append(training.run()))
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    thread.join()
    assert len(found[0]) == STEPS


STRESS = """
import random, signal, sys
from microgradx.nn import Linear, Sequential, Tanh, mse
from microgradx.training import Adam, fit

def press(number, frame):
    if signal.getsignal(signal.SIGINT) is not press:        # within fit()
        raise KeyboardInterrupt
    signal.setitimer(signal.ITIMER_REAL, 0.001)             # before it: once more

signal.signal(signal.SIGINT, press)
signal.signal(signal.SIGALRM, lambda number, frame: signal.raise_signal(signal.SIGINT))
random.seed(1)
model = Sequential(Linear(2, 4), Tanh(), Linear(4, 1))
rule = Adam(model.parameters(), lr=0.001)
print("ready", flush=True)
xs, ys = [[1.0, 2.0], [0.5, -1.0]], [[1.0], [2.0]]
history = fit(model, xs, ys, lambda m, x, y: mse(m(x), y), rule, steps=10**9, jit=True)
print(history.stopped, len(history), rule.t, all(type(k) is tuple for k in rule.numbers))
"""


@pytest.mark.slow
@needs_llvmlite
def test_a_process_that_is_interrupted_whenever():
    """As at a terminal: after so many milliseconds, from set-up to the steps."""
    rng = random.Random()
    for _ in range(budget(60)):
        child = subprocess.Popen([sys.executable, "-c", STRESS], text=True, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.002 + rng.random() ** 3)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=PATIENCE)
        assert child.returncode == 0, err
        *stopped, steps, t, sound = out.split()
        assert stopped == ["interrupted"] and steps == t and sound == "True"
