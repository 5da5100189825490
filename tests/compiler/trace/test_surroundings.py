"""What a compiled function reads besides its arguments: it follows that or is refused, never frozen in silence."""
# ruff: noqa: B008, PLW0108, PLW0603
import array
import collections
import contextvars
import datetime
import functools
import io
import itertools
import os
import queue
import random
import secrets
import sys
import time
import types
import uuid
import warnings
from collections import deque

import pytest

from microgradx import (
    Value,
    fori_loop,
    grad,
    hessian,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    nn,
    no_grad,
    sin,
    value_and_grad,
    vmap,
)
from microgradx.compiler.trace import contents
from microgradx.compiler.trace.closures import Closure
from microgradx.compiler.trace.errors import TracingError
from microgradx.compiler.trace.loop import Loop
from microgradx.table import Op

np = pytest.importorskip("numpy")
K = 2.0
MODULE = types.ModuleType("settings_of_a_user")


class Holder:
    """An object with attributes, some of them on the class."""

    by = 1.0

    def __init__(self, **attributes):
        vars(self).update(attributes)

    def scaled(self, x):
        return self.k * x

    def __call__(self, x):
        return self.by * x


class Slotted:
    __slots__ = ("k", "rng")


class Scaled(nn.Module):
    def __init__(self):
        self.k, self.table, self.settings = 2.0, [1.0, 2.0], {"k": 2.0}
        self.holder, self.array, self.w = Holder(k=2.0), np.array([2.0]), Value(1.0)

    def forward(self, x):
        return x * self.k * self.table[1] * self.settings["k"] * self.holder.k * self.array[0] * self.w


# What another may change between two calls --------------------------------------------------------------------------

def rebinds_a_global():
    def change():
        global K
        K = 3.0
    globals()["K"] = 2.0
    return lambda x: x * K, change


def rebinds_a_variable():
    k = 2.0

    def change():
        nonlocal k
        k = 3.0
    return lambda x: x * k, change


def redefines_a_function():
    def inner(x):
        return x * 2

    def change():
        nonlocal inner
        inner = lambda x: x * 3         # noqa: E731
    return lambda x: inner(x), change


def inside(make, set_to=3.0, key=0):
    """A container with a number, which is replaced."""
    kept = make()
    return lambda x: x * kept[key], lambda: kept.__setitem__(key, set_to)


def attribute(holder):
    return lambda x: x * holder.k, lambda: setattr(holder, "k", 3.0)


def holder_in_a_list():
    holders = [Holder(k=2.0)]
    return lambda x: holders[0].scaled(x), lambda: setattr(holders[0], "k", 3.0)


def class_attribute():
    holder = type("OfItsOwn", (Holder,), {"__module__": __name__})()
    return lambda x: holder(x), lambda: setattr(type(holder), "by", 3.0)


def hides_a_class_attribute():
    holder = Holder()
    return lambda x: holder(x), lambda: setattr(holder, "by", 3.0)


def slot():
    holder = Slotted()
    holder.k = 2.0
    return attribute(holder)


def of_a_module():
    MODULE.k = 2.0
    return lambda x: x * MODULE.k, lambda: setattr(MODULE, "k", 3.0)


def a_value_in_place_of_another():
    kept = [Value(2.0), Value(3.0)]
    return lambda x: x * kept[0], lambda: kept.__setitem__(0, Value(5.0))


def eval_after():
    drop = nn.Dropout(1.0)
    return lambda x: drop([x])[0], drop.eval


def eval_within():
    model = nn.Sequential(nn.Dropout(1.0), nn.Identity())
    return value_and_grad(lambda x: model([x])[0]), model.eval


def a_layer_in_place_of_another():
    model = Holder(k=nn.Tanh())
    return lambda x: model.k([x])[0], lambda: setattr(model, "k", nn.ReLU())


def one_layer_more():
    model = nn.Sequential(nn.Tanh())
    return lambda x: model([x])[0], lambda: model.append(nn.ReLU())


def of_a_user_s_module(change):
    model = Scaled()
    return lambda x: model(x), lambda: change(model)


CHANGES = {
    "attribute": lambda m: setattr(m, "k", 5.0), "list": lambda m: m.table.__setitem__(1, 5.0),
    "dict": lambda m: m.settings.update(k=5.0), "object": lambda m: setattr(m.holder, "k", 5.0),
    "array": lambda m: m.array.__setitem__(0, 5.0), "weight": lambda m: setattr(m.w, "data", 5.0)}
CHANGED = {
    "global": rebinds_a_global, "variable": rebinds_a_variable, "function": redefines_a_function,
    "list": lambda: inside(lambda: [2.0]), "dict": lambda: inside(lambda: {0: 2.0}),
    "deque": lambda: inside(lambda: deque([2.0])), "array": lambda: inside(lambda: np.array([2.0])),
    "array.array": lambda: inside(lambda: array.array("d", [2.0])),
    "bytearray": lambda: inside(lambda: bytearray(b"2"), 3),
    "array of Values": lambda: inside(lambda: np.array([Value(2.0)]), Value(3.0)),
    "attribute": lambda: attribute(Holder(k=2.0)), "method": holder_in_a_list, "class": class_attribute,
    "hides": hides_a_class_attribute, "slot": slot, "module": of_a_module, "Value": a_value_in_place_of_another,
    "eval": eval_after, "eval in a transform": eval_within, "layer": a_layer_in_place_of_another,
    "append": one_layer_more,
    **{f"own {name}": functools.partial(of_a_user_s_module, change) for name, change in CHANGES.items()}}


@pytest.mark.parametrize("name", CHANGED)
def test_what_another_changes_is_followed(name):
    f, change = CHANGED[name]()
    compiled = jit(f, backend="python")
    with no_grad():
        assert _number(compiled(-2.0)) == _number(f(-2.0)) == _number(compiled(-2.0))
        before = f(-2.0)
        change()
        assert _number(compiled(-2.0)) == _number(f(-2.0)) != _number(before)


def _number(x):
    return [*map(_number, x)] if isinstance(x, tuple) else x.data if isinstance(x, Value) else x


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_module_among_the_arguments_too(change):
    model, f = Scaled(), jit(lambda model, x: model(x), backend="python")
    assert f(model, 2.0) == model(2.0).data
    change(model)
    assert f(model, 2.0) == model(2.0).data != 64.0


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGED)
def test_machine_code_follows_it_too(name):
    pytest.importorskip("llvmlite")
    f, change = CHANGED[name]()
    compiled, mapped = jit(f, backend="native"), jit(vmap(f), backend="native")
    for _ in range(2):
        expected = pytest.approx(_number(f(Value(-2.0))))
        assert _number(compiled(-2.0)) == _number(compiled(-2.0)) == expected
        if name != "eval in a transform":               # two results
            assert mapped([-2.0, -2.0])[0] == expected
        change()


def test_a_program_is_kept_for_each_mode_and_what_nobody_reads_costs_none():
    drop, other = nn.Dropout(1.0), Holder(k=1.0, losses=[])
    f = jit(lambda x: other.k * drop([x])[0], backend="python")
    for k in range(6):
        other.losses.append(k)
        other.step = k
        assert f(2.0) == 0.0 and (drop.eval(), f(2.0))[1] == 2.0
        drop.train()
    assert f.report().programs == 2


def test_a_number_that_changes_at_each_call_is_named():
    holder = Holder(k=0.0)
    f = jit(lambda x: holder.k * x, backend="python")
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        for k in range(20):
            holder.k = float(k)
            assert f(2.0) == 2.0 * k
    assert ["because k is another one at each call" in str(one.message) for one in found] == [True]


def test_a_function_of_its_arguments_alone_asks_nothing():
    assert not Closure([lambda x, y: sum([x, np.tanh(y), y.tanh()])])


# What f itself changes ----------------------------------------------------------------------------------------------

def counting(make, step):
    kept = make()

    def f(x):
        return x * step(kept)
    return f


def next_of(iterator):
    return lambda x: x * next(iterator)


def adds(kept):
    kept[0] += 1
    return kept[0]


def attribute_of(holder):
    def f(x):
        holder.k += 1
        return x * holder.k
    return f


def slotted():
    holder = Slotted()
    holder.k, holder.rng = 1.0, random.Random(1)
    return holder


def toggles(kept):
    kept[0] = not kept[0]
    return 2.0 if kept[0] else 3.0


def fills(kept):
    kept.append(1)
    return len(kept)


def first_time(holder):
    def f(x):
        if not hasattr(holder, "k"):
            holder.k = 1
            return x * 2
        return x
    return f


def in_second_round():
    cycle = itertools.cycle([1.0, 2.0])
    assert [next(cycle) for _ in range(3)] == [1.0, 2.0, 1.0]
    return cycle




def with_a_variable(variable):
    def f(x):
        variable.set(variable.get() + 1)
        return x * variable.get()
    return f


KEEPS = {
    "list": lambda: counting(lambda: [1.0], adds), "array": lambda: counting(lambda: np.array([1.0]), adds),
    "array.array": lambda: counting(lambda: array.array("d", [1.0]), adds),
    "bytearray": lambda: counting(lambda: bytearray(b"1"), adds), "dict": lambda: counting(lambda: {0: 1}, adds),
    "Counter": lambda: counting(collections.Counter, adds), "long": lambda: counting(lambda: [1.0] * 2000, adds),
    "toggle": lambda: counting(lambda: [True], toggles), "growth": lambda: counting(list, fills),
    "rotation": lambda: counting(lambda: deque([1.0, 2.0]), lambda q: (q.rotate(1), q[0])[1]),
    "set": lambda: counting(lambda: {1}, lambda s: (s.add(len(s) + 1), len(s))[1]),
    "attribute": lambda: attribute_of(Holder(k=1.0)),
    "array in an attribute": lambda: attribute_of(Holder(k=np.ones(()))),
    "class": lambda: attribute_of(type("OfItsOwn", (), {"k": 1.0, "__module__": __name__})),
    "slot": lambda: attribute_of(slotted()), "module": lambda: attribute_of(MODULE),
    "first time": lambda: first_time(Holder()),
    "ContextVar": lambda: with_a_variable(contextvars.ContextVar("v", default=1)),
    "key": lambda: counting(lambda: {(1, 2): 1.0}, lambda d: (d.update({(1, 2): d[1, 2] + 1}), d[1, 2])[1])}
GIVES = {
    "cycle": lambda: next_of(itertools.cycle([1.0, 2.0])), "second round": lambda: next_of(in_second_round()),
    "map": lambda: next_of(map(float, range(1, 9))), "filter": lambda: next_of(filter(None, range(1, 9))),
    "accumulate": lambda: next_of(itertools.accumulate(range(1, 9))),
    "chain": lambda: next_of(itertools.chain([1.0, 2.0])),
    "islice": lambda: next_of(itertools.islice(range(1, 9), None)), "count": lambda: next_of(itertools.count(1)),
    "zip": lambda: lambda x, z=zip(range(1, 9)): x * next(z)[0],
    "enumerate": lambda: lambda x, z=enumerate(range(1, 9)): x * next(z)[1],
    "product": lambda: lambda x, z=itertools.product([1.0, 2.0]): x * next(z)[0],
    "permutations": lambda: lambda x, z=itertools.permutations([1.0, 2.0]): x * next(z)[0],
    "pairwise": lambda: lambda x, z=itertools.pairwise([1.0, 2.0, 3.0]): x * next(z)[0],
    "tee": lambda: next_of(itertools.tee(range(1, 9))[0]),
    "starmap": lambda: next_of(itertools.starmap(pow, [(1, 2)] * 9)),
    "bound": lambda: lambda x, z=itertools.count(1).__next__: x * z(),
    "pop": lambda: lambda x, z=[1.0, 2.0].pop: x * z(),
    "bound rng": lambda: lambda x, z=random.Random(1).random: x * z(),
    "bound Generator": lambda: lambda x, z=np.random.default_rng(1).random: x * z(),
    "slotted rng": lambda: lambda x, z=slotted(): x * z.rng.random(),
    "deep rng": lambda: lambda x, z=[[[[[[random.Random(1)]]]]]]: x * z[0][0][0][0][0][0].random(),
    "class rng": lambda: lambda x, z=type("Own", (), {"r": random.Random(1), "__module__": __name__}): x * z.r.random(),
    "text": lambda: lambda x, z=io.StringIO("1\n2\n3\n"): x * float(z.readline()),
    "queue": lambda: lambda x, z=_filled(queue.SimpleQueue()): x * z.get()}


def _filled(q):
    for k in range(3):
        q.put(float(k))
    return q


@pytest.mark.parametrize("name", [*KEEPS, *GIVES])
def test_what_f_itself_changes_is_refused_and_named(name):
    MODULE.k = 1.0
    f = (KEEPS.get(name) or GIVES[name])()
    with pytest.raises(TracingError, match=r"is set while|gives a number while"):
        jit(f, backend="python")(2.0)


def test_what_f_keeps_and_its_program_does_not_need_may_be_there():
    calls, cache, holder = [0], {}, Holder(k=None)

    def f(x):
        calls[0] += 1
        if "table" not in cache:
            cache["table"] = [1.0, 2.0]
        holder.k = holder.k or 3.0
        return x * cache["table"][1] * holder.k
    compiled = jit(f, backend="python")
    assert [compiled(2.0), compiled(2.0)] == [12.0, 12.0]
    assert (calls, cache, holder.k) == ([1], {"table": [1.0, 2.0]}, 3.0)        # recorded twice, it left one trace


# What f asks of the system ------------------------------------------------------------------------------------------

def helper():
    return time.perf_counter()


ASKS = {
    "time": lambda x: x * time.time(), "ns": lambda x: x * time.monotonic_ns(),
    "cpu": lambda x: x * time.process_time(),
    "strftime": lambda x: x * float(time.strftime("%S")), "helper": lambda x: x * helper(),
    "now": lambda x: x * datetime.datetime.now().microsecond, "today": lambda x: x * datetime.date.today().day,
    "SystemRandom": lambda x: x * random.SystemRandom().random(), "urandom": lambda x: x * os.urandom(1)[0],
    "secrets": lambda x: x * secrets.randbelow(9), "uuid4": lambda x: x * (uuid.uuid4().int % 9),
    "uuid1": lambda x: x * (uuid.uuid1().int % 9), "Random": lambda x: x * random.Random().random(),
    "default_rng": lambda x: x * np.random.default_rng().random(), "environ": lambda x: x * len(os.environ["PATH"]),
    "getenv": lambda x: x * len(os.getenv("PATH", "")), "open": lambda x: x * len(open(__file__).read()),    # noqa: SIM115
    "listdir": lambda x: x * len(os.listdir()), "exists": lambda x: x * os.path.exists("a")}


@pytest.mark.parametrize("name", ASKS)
def test_what_f_asks_of_the_system_is_refused_and_named(name):
    with pytest.raises(TracingError, match=r"gives a number while .*test_surroundings.py:\d+"):
        jit(ASKS[name], backend="python")(2.0)


def test_what_is_the_same_each_time_may_be_asked():
    same = datetime.datetime(2020, 1, 1)
    f = jit(lambda x: x * random.Random(1).random() * same.year * np.random.default_rng(1).random(), backend="python")
    assert f(2.0) == f(2.0) == 2.0 * random.Random(1).random() * 2020 * np.random.default_rng(1).random()


def test_what_the_slope_of_a_user_s_row_asks_is_refused_too():
    timed = Op("timed", lambda x: x, lambda y, x: time.time())
    for f in (grad(timed), grad(lambda x: fori_loop(0, 200, lambda i, y: timed(y), x))):
        with pytest.raises(TracingError, match=r"time\.time gives"):
            jit(lambda x, f=f: f(x) + 0 * len(ASKS), backend="python")(2.0)


def test_nobody_looks_while_slopes_of_the_table_are_recorded_and_somebody_does_afterwards(monkeypatch):
    looked = []

    def pull(self, v, found, incoming, pull=Loop.pull):
        looked.append(sys.getprofile())
        return pull(self, v, found, incoming)
    monkeypatch.setattr(Loop, "pull", pull)

    def f(x):
        looked.append(sys.getprofile())
        y = grad(lambda x: fori_loop(0, 200, lambda i, y: sin(y), x))(x)
        return y * time.time()
    with pytest.raises(TracingError, match=r"time\.time gives"):
        jit(f, backend="python")(2.0)
    assert looked[0] is not None and looked[1:] == [None]


def test_an_except_of_f_s_does_not_hide_it():
    def f(x):
        try:
            return x * time.time()
        except Exception:
            return x
    with pytest.raises(TracingError, match=r"time\.time gives"):
        jit(f, backend="python")(2.0)


# Containers of classes of their own -----------------------------------------------------------------------------------

class Listed(list):
    k = 1.0


class Tupled(tuple):
    k = 1.0


class Mapped(dict):
    k = 1.0


@pytest.mark.parametrize("kind", [Listed, Tupled, Mapped])
def test_the_attributes_of_a_container_are_a_part_of_the_program(kind):
    def f(xs):
        return (xs["a"] if kind is Mapped else xs[0]) * xs.k
    compiled = jit(f, backend="python")
    for k in (1.0, 2.0, 3.0, 2.0):
        xs = kind({"a": 2.0} if kind is Mapped else [2.0])
        xs.k = k
        assert compiled(xs) == 2.0 * k == value_and_grad(f)(xs)[0]


def test_a_default_is_a_part_of_the_program_and_so_are_empty_ranges():
    f = jit(lambda d: d["z"] * d["a"], backend="python")
    assert [f(collections.defaultdict(lambda k=k: k, a=2.0)) for k in (3.0, 4.0)] == [6.0, 8.0]
    g = jit(lambda r, x: r.step * x, backend="python")
    assert [g(range(0, 0, 1), 2.0), g(range(0, 0, 2), 2.0)] == [2.0, 4.0]


def test_what_a_user_runs_is_the_user_s_whatever_runs_it(monkeypatch):
    """A program is __main__ also where a tool runs it that is installed as a library: pytest, a kernel, a debugger."""
    monkeypatch.setitem(contents.sys.modules, "__main__", types.SimpleNamespace(__file__="/site-packages/tool.py"))
    contents.is_users.cache_clear()
    scope = {"__name__": "__main__", "scale": 2.0}
    exec("def f(x):\n    return x * scale", scope)
    compiled = jit(scope["f"], backend="python")
    assert compiled(3.0) == 6.0
    scope["scale"] = 3.0
    assert compiled(3.0) == 9.0


def test_what_exec_made_without_a_name_is_the_user_s():
    space = {"jit": jit}
    exec("k = 2.0\nclass A: by = 3.0\na = A()\nf = jit(lambda x: x * k * a.by, backend='python')", space)
    assert space["f"](1.0) == 6.0
    space["k"] = 5.0
    assert space["f"](1.0) == 15.0
    space["a"].by = 1.0
    assert space["f"](1.0) == 5.0


def test_a_wrapper_is_whose_code_it_is():
    """functools.wraps gives a function the module of what it wraps: a user's wrapper is followed all the same."""
    space = {"wraps": functools.wraps, "wrapped": value_and_grad, "__name__": "__main__", "k": 2.0}
    exec("@wraps(wrapped)\ndef f(x):\n    return x * k", space)
    f = jit(space["f"], backend="python")
    assert space["f"].__module__ == value_and_grad.__module__ and f(3.0) == 6.0
    space["k"] = 5.0
    assert f(3.0) == 15.0


@pytest.mark.parametrize("transform", [grad, value_and_grad, jacfwd, jacrev, jacobian, hessian])
def test_a_transform_of_a_function_of_its_arguments_alone_asks_nothing(transform):
    """It has the name and module of the function; what it closes over itself never changes."""
    f = jit(transform(lambda x: x[0] * x[0]), backend="python")
    assert f.variant([[2.0]]).closure is None
