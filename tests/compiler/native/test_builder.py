"""Loops of machine code are left as they are written."""
import pytest

llvm = pytest.importorskip("llvmlite.binding")
from llvmlite import ir  # noqa: E402

import microgradx as mg  # noqa: E402
from microgradx.compiler.loops.library import WRITERS  # noqa: E402
from microgradx.compiler.loops.shapes import Shape  # noqa: E402
from microgradx.compiler.native.builder import Code  # noqa: E402

SHAPES = [
    Shape(mg.mul, 2, 2, 0),
    Shape(mg.mul, 2, 1, 0, "outer", (1, 0, 1)),
    Shape(mg.dot, 2, 1, 1, "outer", (1, 0, 1), block=2, jam=4, moves=(True, False)),
    Shape(mg.dot, 2, 1, 1, "inner", (1, 1), jam=6, moves=(True, False), rest=True),
]


def reduced(shape):
    """The LLVM code of a shape before and after loop strength reduction."""
    module = ir.Module()
    WRITERS[shape.along](module, "f", shape, 4, False).write()
    code = llvm.parse_assembly(str(module))
    llvm.initialize_native_target()
    machine = llvm.Target.from_default_triple().create_target_machine()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options())
    once = llvm.create_new_function_pass_manager()
    once.add_loop_simplify_pass()
    once.add_lcssa_pass()
    once.run(code.get_function("f"), builder)
    before = str(code)
    passes = llvm.create_new_function_pass_manager()
    passes.add_loop_strength_reduce_pass()
    passes.run(code.get_function("f"), builder)
    return before, str(code)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_loop_strength_reduction_has_nothing_to_do(shape):
    before, after = reduced(shape)
    assert before == after


def test_it_has_where_llvm_knows_how_slots_move(monkeypatch):
    monkeypatch.setattr(Code, "plain", lambda self, x: x)
    assert any(before != after for before, after in map(reduced, SHAPES))
