"""Steps: the same gradients as backward(), in words that are true, and nothing touched. Names. Replay."""
import math
import struct

import pytest
from hypothesis import given

from microgradx import Value, no_grad, relu, sqrt, sum, take, tanh, tape, where
from microgradx.checking.strategies import graphs
from microgradx.expr import parse
from microgradx.naming import CUT, names, shown
from microgradx.operators import Comparison
from microgradx.replay import as_function, replay
from microgradx.step import TERMS, steps
from microgradx.text import rule


def bits(x):
    """A float as bytes: 0 and -0 differ, nan equals itself."""
    return struct.pack("d", x)


def state(root):
    """All that looking must not change."""
    return [(v, v.label, bits(v.data), bits(v.grad)) for v in tape(root)]


def final(events):
    """The gradient of every node after the last step."""
    return {step.target: step.after for step in events if step.phase == "backward"}


def ieee_cases():
    """Graphs with infinities, nan, dead branches, ties, duplicate edges, constants, conditions, indices."""
    x, z, big = Value(2.0, "x"), Value(0.0, "z"), Value(1e308, "big")
    yield from [x, x * x, x + x + x, -x, x * 0.0, z / z, x / z, z.log() * 0, z.sqrt() * 0, relu(z) * z.sqrt()]
    yield from [big * 10 - big * 10, big * big * z, where(x < 1, z.log(), x), where(x > 1, z.log(), x), x < z]
    yield from [sum([x, x, z]), sum([x] * 20)]
    yield from [take([x, z, x * x], x), x**z, z**x, (x * -0.0) + z * -1.0, x**3 / 3, (-x).sqrt(), x * math.inf, x / 0.0]


def same_as_backward(y):
    for v in tape(y):
        v.grad = 0.0
    before, events = state(y), steps(y)
    assert state(y) == before
    y.backward()
    found = final(events)
    assert {v: bits(v.grad) for v in tape(y)} == {v: bits(found[v]) for v in tape(y)}


@pytest.mark.parametrize("y", list(ieee_cases()), ids=repr)
def test_gradients_at_the_edges_are_those_of_backward_bit_for_bit(y):
    same_as_backward(y)


@given(graphs())
def test_gradients_are_those_of_backward_bit_for_bit(y):
    same_as_backward(y)


@given(graphs())
def test_each_step_adds_up(y):
    events = steps(y)
    forward, backward = [s for s in events if s.phase == "forward"], [s for s in events if s.phase == "backward"]
    assert [s.node for s in forward] == tape(y) and events == forward + backward
    assert backward[0].target is y and backward[0].after == 1.0
    done = {y}
    for s in backward[1:]:
        target, use = s.target, [t for t in backward if t.target is s.target]
        assert target is s.inputs[s.i] and s.op is s.node.op
        assert s.slope == s.node.slopes[s.i] and s.incoming == final(events)[s.node]
        assert s.after == s.before + s.contribution and s.terms[-1] == s.contribution
        assert s.contribution == (s.slope * s.incoming if s.incoming and s.slope is not None else 0.0)
        assert (s.use, s.uses) == (1 + use.index(s), len(use)) and len(s.terms) == s.use
        assert s.node in done                   # its own gradient was complete before it was passed on
        if s.use == s.uses:
            done.add(target)
    assert done == set(tape(y))


@given(graphs())
def test_rules_in_the_names_of_the_graph_give_the_slopes(y):
    """The text after the equals sign, read back by parse(), is the number beside it."""
    for s in steps(y):
        if s.i is not None and s.slope is not None:
            numbers = {name: v.data for v, name in s.names.items()}
            for equation in filter(None, (s.rule, s.textbook)):
                left, right = equation.split(" = ")
                assert left == f"d{s.names[s.node]}/d{s.names[s.target]}"
                used = {name: x for name, x in numbers.items() if name in tokens(right)}
                assert parse(right, **used).data == pytest.approx(s.slope, rel=1e-6, abs=1e-9)


def tokens(text):
    return "".join(c if c.isalnum() or c == "_" else " " for c in text).split()


def test_a_neuron_in_words():
    w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(-0.5, "b")
    y = tanh(w * x + b).named("y")
    assert [repr(s) for s in steps(y)] == [
        "forward: w = 0.5",
        "forward: x = 2",
        "forward: v1 = w*x = 1",
        "forward: b = -0.5",
        "forward: v2 = v1 + b = 0.5",
        "forward: y = tanh(v2) = 0.462117",
        "backward: dy/dy = 1, grad(y) = 1",
        "backward: dy/dv2 = 1 - tanh(v2)**2 = 0.786448, grad(v2) = 0.786448",
        "backward: dv2/dv1 = 1, grad(v1) = 0.786448",
        "backward: dv2/db = 1, grad(b) = 0.786448",
        "backward: dv1/dw = x = 2, grad(w) = 1.5729",
        "backward: dv1/dx = w = 0.5, grad(x) = 0.393224",
    ]
    assert steps(y)[7].rule == f"dy/dv2 = {rule(tanh, 0, ['v2'])}"        # as it is computed


@pytest.mark.parametrize("count, written", [
    (1, "2"), (2, "2 + 2 = 4"), (TERMS, " + ".join(["2"] * TERMS) + f" = {2 * TERMS}"),
    (TERMS + 1, f"{2 * TERMS} + 2 = {2 * TERMS + 2}"),
])
def test_the_sum_over_uses_is_written_out_while_it_fits(count, written):
    x = Value(1.0)
    assert steps(sum([x] * count) * 2)[-1].sum == written


def test_a_negative_contribution_is_subtracted():
    x = Value(3.0)
    assert steps(x - x)[-1].sum == "1 - 1 = 0"


def test_constants_are_numbers_and_not_nodes():
    x = Value(3.0, "x")
    assert [s.rule for s in steps(x**2)] == ["x = 3", "y = x**2", "dy/dy = 1", "dy/dx = 2*x"]
    assert steps(1 / x)[-1].rule == "dy/dx = -y/x"


def test_the_rule_of_a_division_by_the_constant_0():
    assert steps(Value(3.0, "x") / 0.0)[-1].rule == "dy/dx = inf"


def test_slopes_are_those_recorded_when_a_leaf_changes_later():
    x = Value(3.0)
    y = x * x
    x.data = 100.0
    assert [s.slope for s in steps(y)[-2:]] == [3.0, 3.0]


def test_zero_times_an_infinite_slope_is_nan():
    """The chain rule does not say: sqrt(x) * sqrt(x) has slope 1 there, and 0 * sqrt(x) has 0."""
    x = Value(0.0)
    last = steps(x.sqrt() * 0.0)[-1]
    assert (last.slope, last.incoming) == (math.inf, 0.0)
    assert math.isnan(last.contribution) and math.isnan(last.after)


def test_a_branch_that_is_not_taken_carries_nothing_whatever_its_slopes():
    x = Value(0.0)
    y = where(x > 0, x.sqrt(), 0.0)
    [root] = [s for s in steps(y) if s.phase == "backward" and s.i is not None and s.node.op is sqrt]
    assert (root.slope, root.reached, root.contribution, root.after) == (math.inf, False, 0.0, 0.0)
    y.backward()
    assert x.grad == 0.0


def test_true_gradients_before_and_after_backward_and_under_no_grad():
    x = Value(3.0)
    y = x * x
    with no_grad():
        assert final(steps(y))[x] == 6.0
    y.backward()
    y.backward()
    assert final(steps(y))[x] == 6.0 and x.grad == 12.0


@pytest.mark.slow
def test_large_and_deep_graphs():
    x = Value(1.0)
    y = x
    for _ in range(30_000):
        y = (y + x) * 0.5
    events = steps(y)
    assert len(events) == 60_001 + 1 + 90_000
    assert events[-1].sum.endswith("= 1") and events[-1].uses == 30_001


def test_a_wide_reduction_has_its_rules():
    xs = [Value(float(k)) for k in range(200)]
    assert steps(sum(xs))[-1].rule == "dy/dx200 = 1"


@pytest.mark.parametrize("wrong", [None, 1.0, "y", [Value(1.0)]])
def test_steps_of_no_value(wrong):
    with pytest.raises(TypeError, match="steps takes the Value"):
        steps(wrong)


# Names ---------------------------------------------------------------------------------------------------------

def named(*labels, root=None):
    """The names of a sum of leaves with these labels."""
    return list(names(sum([Value(1.0, label) for label in labels]).named(root) if root is not None
                      else sum([Value(1.0, label) for label in labels])).values())


@pytest.mark.parametrize("labels, found", [
    (["a", "b"], ["a", "b", "y"]),
    ([None, "a", None], ["x1", "a", "x2", "y"]),
    (["w", "w", "w"], ["w", "w_2", "w_3", "y"]),
    (["w", "w_2", "w"], ["w", "w_2", "w_3", "y"]),
    (["w_2", "w", "w", "w_2"], ["w_2", "w", "w_3", "w_2_2", "y"]),
    (["x1", None, "x3", None, None], ["x1", "x2", "x3", "x4", "x5", "y"]),
    (["y", None], ["y", "x1", "v1"]), (["v1", "y"], ["v1", "y", "v2"]), (["", "  ", " a "], ["x1", "x2", "a", "y"]),
    (["a\nb", "a\\nb"], ["a\\nb", "a\\nb_2", "y"]),
])
def test_names(labels, found):
    assert named(*labels) == found


def test_names_of_results_and_of_a_root_with_a_label():
    assert named("a", root="loss") == ["a", "loss"]
    a = Value(1.0, "a")
    assert list(names(((a + 1) * 2).tanh()).values()) == ["a", "v1", "v2", "y"]
    assert list(names(Value(1.0)).values()) == ["x1"]


@pytest.mark.parametrize("label", [
    "\x1b[31mred", "a\nb", "a\tb", "\0", "\u202eabc", "x" * 10_000, "a" + "\n" * 10_000, "\udc80", "<b>", '"]; evil [',
    "a|b{c}", "\\", "\u200b", "\ufeffa", "\x7f", "$(rm)", "%s{0}", "𝒘", "ä", "重み",
])
def test_a_hostile_label_is_shown_on_one_short_line_of_characters_that_print(label):
    name = shown(label)
    assert name and name.isprintable() and len(name) <= CUT
    y = Value(1.0, label) * Value(2.0, label)
    first, second, _ = names(y).values()
    assert first == name != second
    for step in steps(y):
        assert repr(step).isprintable()


@given(graphs())
def test_names_are_unique_and_in_the_order_of_the_tape(y):
    found = names(y)
    assert list(found) == tape(y) and len(set(found.values())) == len(found)


def test_many_values_of_one_label():
    xs = [Value(1.0, "w") for _ in range(20_000)]
    assert list(names(sum(xs)).values())[-2] == "w_20000"


# Replay --------------------------------------------------------------------------------------------------------

@given(graphs())
def test_replay_computes_the_same_graph_again(y):
    before = state(y)
    again, now = replay(y, {})
    assert state(y) == before
    assert [now[v] for v in tape(y)] == tape(again)
    for v, w in now.items():
        assert v is not w and type(v) is type(w) and (v.op, v.label, v.slopes) == (w.op, w.label, w.slopes)
        assert bits(v.data) == bits(w.data)


@pytest.mark.slow
@given(graphs())
def test_a_function_of_each_node_gives_the_recorded_result(y):
    before = state(y)
    for v in tape(y):
        assert bits(as_function(y, v)(v.data)) == bits(y.data)
    assert state(y) == before


@given(graphs())
def test_replay_and_function_agree_on_another_number(y):
    for v in tape(y):
        moved = v.data * 1.125
        try:
            expected = replay(y, {v: moved})[0].data
        except LookupError:                     # the index of a take
            continue
        assert bits(as_function(y, v)(moved)) == bits(expected)


def test_replay_keeps_kinds_and_cuts_what_is_set():
    a, b = Value(1.0, "a"), Value(2.0, "b")
    c = a < b
    y = where(c, a * 10, b).named("y")
    with no_grad():
        again, now = replay(y, {a: 3.0})
    assert (again.data, again.label, type(now[c])) == (2.0, "y", Comparison)
    again, now = replay(y, {c: 0.0})
    assert again.data == 2.0 and now[c].op is None


def test_a_function_of_what_does_not_matter_is_constant():
    a, b = Value(1.0), Value(2.0)
    assert as_function(a * 2, b)(50.0) == 2.0
    assert as_function(a, a)(50.0) == 50.0


def test_replay_with_an_index_outside_its_table():
    i = Value(1.0)
    y = take([Value(1.0), Value(2.0)], i)
    with pytest.raises(IndexError, match="from 0 to 1"):
        replay(y, {i: 2.0})
    assert replay(y, {i: 0.0})[0].data == 1.0
