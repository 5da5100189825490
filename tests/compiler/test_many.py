"""Many programs of one function: a bound to what they keep."""
import ctypes
import gc
import weakref
from importlib import import_module

import pytest

from microgradx import Value, jit
from microgradx.compiler.trace import module_snapshot
from microgradx.nn import Module

from ..compiled import needs_llvmlite

jit_module = import_module("microgradx.compiler.jit")
backends = pytest.mark.parametrize("backend", ["python", pytest.param("native", marks=needs_llvmlite)])


@pytest.mark.slow
@backends
@pytest.mark.filterwarnings("ignore:jit compiled")
def test_of_many_programs_the_newest_are_kept(backend, monkeypatch):
    """200 retraces kept 305 MB, and 2,000 would have kept ten times as much."""
    monkeypatch.setattr(jit_module, "MANY_PROGRAMS", 5)
    f = jit(lambda xs, n: [x * n for x in xs], backend=backend)
    old = []
    for n in range(12):
        assert f([1.0, 2.0], n) == [n, 2.0 * n]
        old.append(weakref.ref(next(reversed(f.variants.values()))))
        assert f.report().programs == min(n + 1, 5)
    f([1.0, 2.0], 11)
    gc.collect()
    assert [one() is not None for one in old] == [False] * 7 + [True] * 5
    assert f([3.0, 2.0], 0) == [0.0, 0.0] and f([3.0, 2.0], 11) == [33.0, 22.0]
    monkeypatch.setattr(jit_module, "MANY_OPERATIONS", 1)
    assert f([3.0], 3) == [9.0] and f.report().programs == 1


@pytest.mark.slow
@needs_llvmlite
def test_machine_code_of_many_programs_shares_an_engine():
    """An engine takes 0.7 MB beside the code: most of what retraces kept."""
    def load():
        function = Code(ir.Module(), "answer", [], LONG)
        function.b.ret(function.long(len(found)))
        return engine.load(function.function.module)

    ir, engine = pytest.importorskip("llvmlite.ir"), pytest.importorskip("microgradx.compiler.native.engine")
    from microgradx.compiler.native.builder import Code
    from microgradx.compiler.native.instructions import LONG
    found = []
    for _ in range(3 * engine.SHARED):
        found.append(load())
    engines = {id(one.held.engine): weakref.ref(one.held.engine) for one in found}
    assert len(engines) <= 4
    answers = [ctypes.CFUNCTYPE(ctypes.c_long)(one.address("answer"))() for one in found]
    assert answers == list(range(len(found)))
    last = found[-1].held.engine
    del found[:], last
    assert sum(ref() is not None for ref in engines.values()) <= 1          # the first may hold code of others


def test_states_of_a_module_are_not_remembered_without_end():
    class Counting(Module):
        def __init__(self):
            self.w, self.calls = Value(2.0), 0

        def forward(self, x):
            return self.w * x

    model = Counting()
    for _ in range(module_snapshot.MANY + 20):
        model.calls += 1
        module_snapshot.snapshot(model)
    assert len(module_snapshot._snapshots[model]) == module_snapshot.MANY
