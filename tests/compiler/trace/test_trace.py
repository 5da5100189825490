"""What a traced function may do, what it is refused, and that nothing is left behind."""
import copy
import gc
import math
import pathlib
import threading

import pytest

import microgradx as mg
from microgradx import Value, nn, no_grad, take, value_and_grad, where
from microgradx.branches import both_ways
from microgradx.compiler import TracingError
from microgradx.compiler.trace.trace import trace, unhindered
from microgradx.operators import Comparison

from ...budget import PATIENCE
from ...compiled import every_way

HERE = pathlib.Path(__file__).name


# What is refused ---------------------------------------------------------------------------------------------------

def truth(x):
    return x if x > 0 else -x


def loop(x):
    while x < 3:
        x = x * 2
    return x


def equality(x):
    return x.data == 1


def assigned(x):
    x.data = 2.0
    return x


REFUSED = [
    (lambda x: 5.0 if x == 0 else x, "x == 0", "where"), (lambda x: x if x != 1.5 else 2.0, "x != 1.5", "where"),
    (lambda x: 7.0 if x in (1.0, 2.0) else x, "x in (1.0, 2.0)", "take"),
    (truth, "`return x if x > 0 else -x", "where"), (loop, "`while x < 3:", "where"),
    (lambda x: 2 + math.exp(x), "math.exp", "compute with the Value itself"),
    (lambda x: 2 * float(x), "float", "compute with the Value itself"),
    (lambda x: 2 * int(x), "int", "the Value itself"),
    (lambda x: [1, 2, 3][x], "", "the Value itself"), (lambda x: f"{x:.2f}", "", "the Value itself"),
    (equality, "`return x.data == 1", "the Value itself"), (assigned, "`x.data = 2.0", "the Value itself"),
    (lambda x: x.grad, "", r"jit\(value_and_grad\(f\)\)"), (lambda x: (x * x).backward(), "", "value_and_grad"),
    (lambda x: setattr(x, "grad", 0.0), "", "value_and_grad"), (lambda x: [*range(x)], "", "the Value itself"),
]


def test_values_in_lists_are_told_apart_as_ever():
    """== of Values asks whether they are the same one, so that lists of them can be searched."""
    def f(x, y):
        kept = [x, y, x * y]
        return kept[kept.index(y)] * 2 if y in kept and x != y and x == kept[0] else x
    assert mg.jit(f)(3.0, 3.0) == 6.0


@every_way
@pytest.mark.parametrize("f, line, way_out", REFUSED)
def test_what_a_value_without_a_number_is_refused(way, f, line, way_out):
    """Naming file, line, and the way out."""
    with pytest.raises(TracingError, match=way_out) as error:
        way.jit(f)(1.0)
    assert f"{HERE}:" in str(error.value) and line in str(error.value)


def test_an_error_is_found_at_the_user_s_line_also_inside_of_a_layer():
    class Gate(nn.Module):
        def forward(self, x):
            return [v if v > 0 else 0.0 for v in x]

    model = nn.Sequential(nn.Linear(1, 2), Gate())
    with pytest.raises(TracingError, match=f"{HERE}:.*`return .v if v > 0 else 0.0 for v in x.`"):
        mg.jit(model)([1.0])


def test_what_a_function_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        mg.jit(lambda x: 1 / 0)(1.0)
    with pytest.raises(KeyError, match="none"):
        mg.jit(lambda x: {}["none"])(1.0)


def test_after_an_error_modules_are_as_before():
    model = nn.Linear(2, 1)
    before = copy.deepcopy(model).state_dict()

    def f(model, x):
        model(x)
        raise KeyError("on purpose")
    for backend in ("python", "native"):
        with pytest.raises(KeyError):
            mg.jit(f, backend=backend)(model, [1.0, 2.0])
    assert model.state_dict() == before and {type(p) for p in model.parameters()} == {Value}
    model([1.0, 2.0])[0].backward()
    assert model.weight[0][1].grad == 2.0


@every_way
def test_the_way_out(way):
    """where, maximum, a static argument."""
    assert [way.jit(lambda x: where(x > 0, x, -x))(x) for x in (2.0, -3.0)] == [2.0, 3.0]

    def f(x, sign):
        return x if sign else -x
    compiled = way.jit(f)
    assert (compiled(2.0, True), compiled(2.0, False), compiled(3.0, True)) == (2.0, -2.0, 3.0)
    assert compiled.report().programs == 2


# What is recorded --------------------------------------------------------------------------------------------------

@every_way
def test_a_closure_is_an_input(way):
    """Its number is read at each call, wherever f takes it from."""
    w, inner = Value(2.0), {"b": [Value(1.0)]}
    compiled = way.jit(value_and_grad(lambda x: w * x + inner["b"][0]))
    assert compiled(3.0) == (7.0, 2.0)
    w.data, inner["b"][0].data = 5.0, -1.0
    assert compiled(3.0) == (14.0, 5.0) and compiled.report().programs == 1
    assert (w.data, w.grad) == (5.0, 0.0)


@every_way
def test_a_result_that_is_closed_over_is_computed_anew(way):
    """Of the leaves that it came from."""
    w = Value(2.0)
    square = w * w
    compiled = way.jit(lambda x: square + x)
    w.data = 3.0
    assert compiled(1.0) == 10.0


@every_way
def test_a_value_made_from_a_number_is_a_constant(way):
    assert way.jit(lambda x: Value(2.0) * x + Value(1.0))(3.0) == 7.0
    assert way.jit(lambda x: x if Value(2.0) > 1 else -x)(3.0) == 3.0       # what it decides is known


@every_way
def test_gradients_by_a_closure(way):
    """Of a Value that f closes over, by gradients()."""
    w = Value(2.0)
    compiled = way.jit(lambda x: mg.gradients(w * w * x, [w], create_graph=True))
    assert compiled(3.0) == [12.0]
    w.data = 1.0
    assert compiled(3.0) == [6.0]


@every_way
def test_no_grad_cuts(way):
    w = Value(3.0)

    def f(x):
        with no_grad():
            frozen = x * x * w
        return frozen * x
    compiled = way.jit(value_and_grad(f))
    assert compiled(2.0) == (24.0, 12.0) == value_and_grad(f)(2.0)
    w.data = 1.0
    assert compiled(2.0) == (8.0, 4.0)


@every_way
def test_no_grad_of_closures_only(way):
    w = Value(3.0)

    def f(x):
        with no_grad():
            frozen = w * w
        return frozen * x
    compiled = way.jit(value_and_grad(f))
    assert compiled(2.0) == (18.0, 9.0)
    w.data = 1.0
    assert compiled(2.0) == (2.0, 1.0)


@every_way
def test_the_truth_of_a_comparison_of_closures_is_refused_too(way):
    """Their numbers may change from call to call."""
    w = Value(3.0)
    assert isinstance(w > 0, Comparison) and bool(w > 0)
    with pytest.raises(TracingError, match="the truth of a Value"):
        way.jit(lambda x: x if w > 0 else -x)(2.0)
    assert bool(w > 0)


def test_the_slopes_of_a_look_up_are_recorded_once_for_all_columns():
    """They depend on the index alone: a column more is one look-up and its products, not 27 comparisons more."""
    def recorded(columns):
        model, f = nn.Embedding(27, columns), value_and_grad(lambda model, i: mg.sum(model(i)))
        return trace(lambda i: f(model, i), [0.0]).size
    one, two, three = map(recorded, (1, 2, 3))
    assert three - two == two - one < 2 * 27


@every_way
def test_take_looks_up_as_it_runs(way):
    rows = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    compiled = way.jit(take)
    assert [compiled(rows, float(i)) for i in range(3)] == rows and compiled(rows, Value(2)) == rows[2]
    assert compiled.report().programs == 1
    for i in (-1.0, 3.0, 0.5, math.nan, math.inf):
        with pytest.raises(IndexError, match="take: expected a whole number from 0 to"):
            compiled(rows, i)
    assert compiled(rows, 1.0) == rows[1]


@every_way
def test_an_argument_may_come_back_as_it_is_and_what_is_no_number_too(way):
    def f(xs, name, flag):
        return {"xs": xs, "name": name, "flags": (flag, None), "twice": [xs[0], xs[0], 1, 2.5]}
    assert way.jit(f)([1.0, 2.0], "a", True) == {
        "xs": [1.0, 2.0], "name": "a", "flags": (True, None), "twice": [1.0, 1.0, 1.0, 2.5]}


@pytest.mark.slow
def test_both_ways_follows_every_branch_once():
    asked = []

    def followed(f):
        return trace(lambda x: both_ways(lambda: f(x), where), [0.5])

    def f(x):
        asked.append(1)
        return 1.0 if x > 1 else 2.0 if x > 0 else 3.0
    recorded = followed(f)
    assert len(asked) == 5 and recorded.results[0].op.name == "where"      # at (), (yes), (no), (no, yes), (no, no)
    with pytest.raises(TypeError, match="again and again"):
        followed(loop)


def test_what_is_kept_from_a_traced_function_has_no_number_and_says_so():
    kept = []
    mg.jit(lambda x: kept.append(x * x) or x)(1.0)
    for use in (lambda v: v.data, lambda v: v * 2, lambda v: mg.sum([v, v]), lambda v: (v * Value(2.0)).backward()):
        with pytest.raises(TypeError, match="has no number; let f return what is to be kept"):
            use(kept[0])


@pytest.mark.parametrize("compile_first", [True, False])
def test_other_threads_use_a_module_while_it_is_traced(compile_first):
    """Its numbers, its gradients; eager code and compiled; parameters in machine code's memory or not."""
    model = nn.Linear(1, 1)
    model.load_state_dict({"weight": [[2.0]], "bias": [1.0]})
    ready = mg.jit(lambda model, x: model(x), backend="python")
    ready(model, [3.0])
    if compile_first:
        mg.jit(lambda model, x: model(x))(model, [3.0])
    traced, done, found = threading.Event(), threading.Event(), []

    def f(model, x):
        traced.set()
        assert done.wait(PATIENCE)
        return model(x)

    def elsewhere():
        traced.wait(PATIENCE)
        try:
            (y,), weight = model([3.0]), model.weight[0][0]
            y.backward()
            slope = mg.grad(lambda w: w * w)(weight)
            found.append((y.data, weight.grad, (2 * weight).data, ready(model, [3.0]), slope))
            weight.data, weight.grad = 5.0, 7.0
        except Exception as error:
            found.append(error)
        done.set()
    thread = threading.Thread(target=elsewhere)
    thread.start()
    assert mg.jit(f)(model, [1.0]) == [6.0]
    thread.join()
    assert found == [(7.0, 3.0, 4.0, [7.0], 4.0)]
    assert model.weight[0][0].data == 5.0 and model.weight[0][0].grad == 7.0


def test_objects_of_a_program_are_with_the_old_ones_and_what_was_frozen_stays_frozen():
    def young():
        return sum(map(len, (gc.get_objects(0), gc.get_objects(1))))
    with unhindered():
        kept = [[k] for k in range(100_000)]
    assert young() < len(kept) and gc.isenabled() and gc.get_freeze_count() == 0
    gc.freeze()
    try:
        with unhindered():
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
