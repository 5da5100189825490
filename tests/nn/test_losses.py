"""Losses: exact in their tails, at the edges, and told of wrong targets. (Against torch: test_nn_parity.py.)"""
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

import microgradx as mg
from microgradx import Value, grad, gradients, jit, nn, value_and_grad
from microgradx.nesting import leaves
from microgradx.nn.losses.distances import SMALL
from microgradx.training import SGD, fit

from ..budget import sweep
from ..compiled import equal, every_way

LOGITS = st.lists(st.floats(-800, 800), min_size=2, max_size=5)


def exact(xs, t):
    """-log softmax(xs)[t] and its gradient, with 800 digits."""
    with mp.workdps(800):
        powers = [mp.exp(mpf(x)) for x in xs]
        total = mp.fsum(powers)
        others = mp.fsum(p for j, p in enumerate(powers) if j != t)
        return mp.log(total / powers[t]), [(p if j != t else -others) / total for j, p in enumerate(powers)]


def close(found, expected):
    """To 1e-12, relative; numbers that no float holds aside. A difference of logits of size 800 is itself off by an
    ulp of 800, 1e-13, and so is its exponential.
    """
    return abs(found - expected) <= 1e-12 * abs(expected) + mpf(10)**-300


# Cross entropy -------------------------------------------------------------------------------------------------

@given(LOGITS, st.data())
def test_cross_entropy_is_exact_however_sure(xs, data):
    """Loss and every gradient keep their relative accuracy, also where both are 1e-300."""
    t = data.draw(st.integers(0, len(xs) - 1))
    loss, slopes = exact(xs, t)
    one_hot = [float(j == t) for j in range(len(xs))]
    for target in (t, Value(t), one_hot):
        values = list(map(Value, xs))
        y = nn.cross_entropy(values, target)
        y.backward()
        assert close(y.data, loss), target
        assert all(close(v.grad, slope) for v, slope in zip(values, slopes)), target


def test_a_loss_of_1e_30_and_its_gradient():
    values = [Value(69.0), Value(0.0)]
    loss = nn.cross_entropy(values, 0)
    loss.backward()
    assert [loss.data, *(v.grad for v in values)] == pytest.approx(
        [1.0806392777072785e-30, -1.0806392777072785e-30, 1.0806392777072785e-30], rel=1e-13)


def test_the_naive_formula_is_found_by_that_test():
    """log(sum(exp)) - x_t, which the check must reject."""
    xs = [69.0, 0.0]
    assert not close(math.log(sum(map(math.exp, xs))) - xs[0], exact(xs, 0)[0])


@given(st.lists(st.floats(-20, 20), min_size=2, max_size=5), st.data())
def test_probabilities_as_target_weigh_the_classes(xs, data):
    ps = data.draw(st.lists(st.floats(0.01, 1), min_size=len(xs), max_size=len(xs)))
    total = sum(ps)
    ps = [p / total for p in ps]
    alone = [float(exact(xs, t)[0]) for t in range(len(xs))]
    assert nn.cross_entropy(xs, ps) == pytest.approx(sum(p * loss for p, loss in zip(ps, alone)), rel=1e-12)
    assert grad(lambda q: nn.cross_entropy(xs, q))(ps) == pytest.approx(alone, rel=1e-12)


def test_an_impossible_class_costs_infinitely_and_an_impossible_other_nothing():
    assert nn.cross_entropy([-math.inf, 0.0], 0) == math.inf
    assert nn.cross_entropy([-math.inf, 0.0], 1) == 0.0
    assert math.isnan(nn.cross_entropy([math.nan, 0.0], 1))


# Probabilities and scores --------------------------------------------------------------------------------------

@given(st.floats(-700, 700), st.sampled_from([0, 1, 0.0, 1.0, True]))
def test_bce_with_logits_is_exact_in_both_tails(x, t):
    v = Value(x)
    loss = nn.bce_with_logits(v, t)
    loss.backward()
    expected, slopes = exact([0.0, x], int(t))
    assert close(loss.data, expected) and close(v.grad, slopes[1])


@pytest.mark.parametrize("p, t, loss", [(0.0, 0, 0.0), (1.0, 1, 0.0), (0.0, 1, math.inf), (1.0, 0, math.inf),
                                        (1e-300, 0, 1e-300), (0.5, 1, math.log(2))])
def test_bce_at_the_edges(p, t, loss):
    assert nn.bce(p, t) == loss
    v = Value(p)
    nn.bce(v, t).backward()
    assert not math.isnan(v.grad)


def test_targets_may_be_values():
    for loss in (nn.mse, nn.l1, nn.huber, nn.bce, nn.bce_with_logits, nn.kl_div, nn.hinge):
        assert loss([Value(0.3)], [Value(1.0)]).data == loss([0.3], [1.0])


@given(st.floats(-5, 5), st.sampled_from([-1, 1]))
def test_hinge_is_what_is_missing_to_a_margin_of_one(x, t):
    assert nn.hinge([x], [t]) == max(0.0, 1 - t * x)


IGNORED = -100


def test_an_ignored_target_counts_for_nothing_and_a_mean_of_nothing_is_nan():
    xs = [[Value(1.0), Value(2.0)], [Value(5.0), Value(0.0)]]
    loss = nn.cross_entropy(xs, [1, IGNORED])
    assert loss.data == nn.cross_entropy([1.0, 2.0], 1)
    loss.backward()
    assert [v.grad for v in xs[1]] == [0.0, 0.0]
    assert math.isnan(nn.cross_entropy([[1.0, 2.0]], [IGNORED])) and math.isnan(nn.nll([0.0, 1.0], IGNORED))
    assert nn.cross_entropy([[1.0, 2.0]], [IGNORED], "sum") == 0.0
    assert nn.cross_entropy([[math.inf, math.nan], [0.0, 0.0]], [0, 1], ignore_index=0) == pytest.approx(ln(2))


@pytest.mark.slow
@sweep(3)
@every_way
@pytest.mark.parametrize("options", [{}, {"weight": [0.5, 2.0, 0.0]}, {"label_smoothing": 0.25}, {"ignore_index": 1},
                                     {"weight": [0.5, 2.0, 1.0], "label_smoothing": 1.0, "reduction": "none"}])
def test_a_compiled_program_ignores_targets_as_it_runs(way, options):
    """Classes are inputs of one program, ignored or not; the infinite logit of an ignored place does no harm."""
    options = {"ignore_index": -100, **options}
    ignored = options["ignore_index"]
    f = value_and_grad(lambda x, t: mean(nn.cross_entropy(x, t, **options)))
    compiled = way.jit(f)
    for target in ([0, 2], [ignored, 2], [2, ignored], [2, 0], [ignored, ignored]):
        x = [[0.0, 1.0, 2.0], [inf if target[1] == ignored else 3.0, -1.0, 0.5]]
        for found, expected in zip(compiled(x, list(map(Value, target))), f(x, target)):
            assert leaves([found]) == pytest.approx(leaves([expected]), rel=1e-12, nan_ok=True), target
    assert compiled.report().programs == 1
    with pytest.raises(IndexError):
        compiled(x, [Value(3), Value(0)])


@every_way
def test_a_compiled_program_is_told_to_look_for_ignored_targets(way):
    """The look would gate every gradient of a network: without ignore_index torch's -100 is an IndexError there."""
    compiled = way.jit(value_and_grad(nn.cross_entropy))
    assert compiled([[0.0, 1.0]], [Value(1)])[0] == nn.cross_entropy([[0.0, 1.0]], [1])
    with pytest.raises(IndexError):
        compiled([[0.0, 1.0]], [Value(IGNORED)])


def mean(losses):
    return mg.sum(leaves([losses])) / len(leaves([losses]))


def test_class_weights_may_be_learned():
    weights = [Value(0.5), Value(2.0)]
    loss = nn.cross_entropy([[0.0, 0.0], [1.0, 0.0]], [0, 1], "sum", weight=weights)
    loss.backward()
    assert [w.grad for w in weights] == pytest.approx([ln(2), ln(1 + math.e)])


@given(st.lists(st.floats(-300, 300), min_size=3, max_size=3), st.floats(0, 1), st.integers(0, 2))
def test_smoothing_is_a_target_that_is_spread_over_all_classes(xs, smoothing, t):
    spread = [smoothing / 3 + (1 - smoothing) * (j == t) for j in range(3)]
    assert nn.cross_entropy(xs, t, label_smoothing=smoothing) == pytest.approx(nn.cross_entropy(xs, spread), rel=1e-12)


@pytest.mark.parametrize("size", [1e-300, 1e-12, 1.0, 1e150, 1e300])
def test_vectors_of_any_size_have_an_angle_and_a_distance(size):
    """A square of 1e200 overflows: the cosine of an angle of 45 degrees would be 0, the distance infinite."""
    a, b = [Value(size), Value(0.0)], [Value(1.0), Value(1.0)]
    loss = nn.cosine_embedding(a, b, 1)
    loss.backward()
    cosine = math.sqrt(0.5) * (1 if size >= 1 else size / math.hypot(size, SMALL))
    assert loss.data == pytest.approx(1 - cosine, rel=1e-12) and all(math.isfinite(v.grad) for v in a + b)
    x = [Value(3 * size), Value(4 * size)]
    y = nn.triplet_margin([0.0, 0.0], x, [0.0, 0.0], margin=1.0, eps=0.0, reduction="sum")
    y.backward()
    assert y.data == pytest.approx(1 + 5 * size, rel=1e-15) and [v.grad for v in x] == pytest.approx([0.6, 0.8])


def test_vectors_of_zeros_have_slopes():
    a, b = [Value(0.0), Value(0.0)], [Value(0.0), Value(0.0)]
    loss = nn.cosine_embedding(a, b, 1) + nn.triplet_margin(a, b, b, eps=0.0)
    loss.backward()
    assert loss.data == 2.0 and {v.grad for v in a + b} == {0.0}


def test_penalties_take_a_module_or_a_list():
    model = nn.Linear(2, 1)
    model.load_state_dict({"weight": [[3.0, -4.0]], "bias": [1.0]})
    assert nn.l1_penalty(model).data == 8.0 and nn.l2_penalty(model).data == 26.0
    assert nn.l2_penalty(model.weight).data == 25.0 and nn.l1_penalty([]) == 0.0
    nn.l2_penalty(model).backward()
    assert [p.grad for p in model.parameters()] == [6.0, -8.0, 2.0]


# Targets of exactly 0 and 1, at the edges, in every way ---------------------------------------------------------

inf, ln = math.inf, math.log
# pytorch/xla#2446 (bce at 1, 1), optax#896 (-inf logits), pytorch#89558 (kl_div at 0): loss, its gradients by input and
# target; limits where the formula has 0 * inf. None where the limit does not exist or nobody asks.
EDGES = [
    ("xla#2446", nn.bce, [1.0], [1.0], 0.0, [-1.0], [-inf]),
    ("bce 0 0", nn.bce, [0.0], [0.0], 0.0, [1.0], [inf]),
    ("bce 0 1", nn.bce, [0.0], [1.0], inf, [-inf], [inf]),
    ("bce 1 0", nn.bce, [1.0], [0.0], inf, [inf], [-inf]),
    ("bce 1 half", nn.bce, [1.0], [0.5], inf, [inf], [-inf]),
    ("bce quarter 1", nn.bce, [0.25], [1.0], ln(4), [-4.0], [ln(3)]),
    ("bce quarter 0", nn.bce, [0.25], [0.0], -math.log1p(-0.25), [4 / 3], [ln(3)]),
    ("bce tail", nn.bce, [1e-300], [0.0], 1e-300, [1.0], [-ln(1e-300)]),
    ("logits inf 1", nn.bce_with_logits, [inf], [1.0], 0.0, [0.0], [-inf]),
    ("logits -inf 0", nn.bce_with_logits, [-inf], [0.0], 0.0, [0.0], [inf]),
    ("logits -inf 1", nn.bce_with_logits, [-inf], [1.0], inf, [-1.0], [inf]),
    ("logits inf 0", nn.bce_with_logits, [inf], [0.0], inf, [1.0], [-inf]),
    ("logits 800 1", nn.bce_with_logits, [800.0], [1.0], 0.0, [0.0], [-800.0]),
    ("logits 40 1", nn.bce_with_logits, [40.0], [1.0], math.exp(-40.0), [-math.exp(-40.0)], [-40.0]),
    ("optax#896", nn.cross_entropy, [-inf, 1.0, 2.0], [0.0, 1.0, 0.0], ln(1 + math.e),
     [0.0, -1 / (1 + 1 / math.e), 1 / (1 + 1 / math.e)], [inf, ln(1 + math.e), ln(1 + math.e) - 1]),
    ("optax#896 two", nn.cross_entropy, [-inf, 0.0], [0.0, 1.0], 0.0, [0.0, 0.0], [inf, 0.0]),
    ("soft, impossible", nn.cross_entropy, [-inf, 0.0], [1.0, 0.0], inf, None, None),
    ("soft, half impossible", nn.cross_entropy, [-inf, 0.0], [0.5, 0.5], inf, None, None),
    ("kl_div 0 -inf", nn.kl_div, [-inf], [0.0], 0.0, [0.0], None),
    ("pytorch#89558", nn.kl_div, [-1.0], [0.0], 0.0, [0.0], [-inf]),
    ("pytorch#89558 two", nn.kl_div, [0.0, -inf], [1.0, 0.0], 0.0, [-0.5, 0.0], None),
    ("kl_div 1 -inf", nn.kl_div, [-inf], [1.0], inf, [-1.0], [inf]),
]
every_edge = pytest.mark.parametrize("_, loss, x, t, y, by_x, by_t", EDGES, ids=[case[0] for case in EDGES])


def near(found, expected):
    return found == pytest.approx(expected, rel=1e-14, abs=0)


@every_edge
def test_the_limit_where_a_formula_has_zero_times_infinity(_, loss, x, t, y, by_x, by_t):
    assert near(loss(x, t), y)
    for target in (t, list(map(Value, t))):
        values = list(map(Value, x))
        root = loss(values, target)
        root.backward()
        assert near(root.data, y)
        assert by_x is None or near([v.grad for v in values], by_x)
        assert by_t is None or target is t or near([v.grad for v in target], by_t)
        if all(map(math.isfinite, [y, *(by_x or [inf])])):
            assert near(gradients(root, values), by_x)
            assert near([g.data for g in gradients(root, values, create_graph=True)], by_x)


@sweep(997)
@every_way
@every_edge
def test_compiled_it_is_the_same(way, _, loss, x, t, y, by_x, by_t):
    for strict in (False, True):
        assert near(way.jit(loss, strict=strict)(x, t), y)
        found, slopes = way.jit(value_and_grad(loss, (0, 1)), strict=strict)(x, t)
        assert near(found, y) and (by_x is None or near(slopes[0], by_x)) and (by_t is None or near(slopes[1], by_t))


LOSSES = [nn.bce, nn.bce_with_logits, nn.kl_div, nn.mse, nn.l1, nn.huber, nn.smooth_l1, nn.hinge, nn.hinge_embedding]
SIGNED = (nn.hinge, nn.hinge_embedding)
XS = [0.0, 1.0, 0.5, 1e-300, 1 - 2**-53, -0.0, -1.0, 40.0, -745.5, 1e300, inf, -inf, math.nan]


@sweep(3)
@every_way
@pytest.mark.parametrize("loss", LOSSES, ids=lambda f: f.__name__)
def test_plain_numbers_and_inputs_of_a_program_are_one(way, loss):
    """Every loss at targets of exactly 0 and 1, plain and compiled: the same number, also where it is nan."""
    both = value_and_grad(loss)
    compiled = way.jit(both, strict=True)
    for x in XS:
        for t in (-1.0, 1.0) if loss in SIGNED else (0.0, 1.0, 0.5):
            for found, expected in zip(compiled([x], [t]), both([x], [t])):
                assert all(map(equal, leaves(found), leaves(expected))), (x, t)
            v = Value(x)
            y = loss([v], [Value(t)])
            assert equal(y.data, loss([x], [t])), (x, t)


def test_mixed_second_derivatives_keep_the_weight_of_a_class_at_zero():
    """d/dt d/dx of t*f(x) is f'(x) at t = 0 too: the weight is absent from the slope by x only at infinity."""
    mixed = grad(lambda t: grad(lambda x: nn.kl_div([x], [t]))(2.0))
    assert mixed(0.0) == mixed(1.0) == -1.0
    assert grad(lambda t: grad(lambda x: nn.bce_with_logits(x, t))(3.0))(0.0) == pytest.approx(-1)
    assert grad(lambda t: grad(lambda p: nn.bce(p, t))(0.25))(0.0) == pytest.approx(-4 - 4 / 3)


@pytest.mark.parametrize("compiled", [False, True])
def test_training_goes_on_at_a_saturated_probability(compiled):
    """pytorch/xla#2446: eager code trained, compiled code raised NonFiniteError."""
    model = nn.Sequential(nn.Linear(1, 2, bias=False), nn.Sigmoid())
    model.load_state_dict({"0.weight": [[40.0], [0.0]]})                # sigmoid(40) is 1
    history = fit(model, [[1.0]] * 4, [[1.0, 1.0]] * 4, lambda m, x, y: nn.bce(m(x), y),
                  SGD(model.parameters(), lr=0.1), steps=3, jit=compiled)
    assert len(history) == 3 and history[0].loss == pytest.approx(ln(2) / 2)
    assert history[1].loss == pytest.approx(math.log1p(math.exp(-0.025)) / 2)


WRONG = [(nn.bce, 2.0, "bce: expected targets from 0 to 1, got 2.0"), (nn.bce, -0.5, "from 0 to 1, got -0.5"),
         (nn.bce, math.nan, "from 0 to 1, got nan"), (nn.bce_with_logits, 1.5, "bce_with_logits: expected targets"),
         (nn.hinge, 0.0, "hinge: expected targets -1 or 1, got 0.0"), (nn.hinge, 0.5, "-1 or 1, got 0.5"),
         (nn.hinge, 2.0, "-1 or 1, got 2.0"), (nn.hinge_embedding, 0.5, "hinge_embedding: expected targets -1 or 1")]
every_wrong = pytest.mark.parametrize("loss, t, message", WRONG)


@every_wrong
def test_a_target_that_is_a_value_is_checked(loss, t, message):
    with pytest.raises(ValueError) as found:
        loss([Value(0.5), 0.5], [1.0, Value(t)])
    assert message in str(found.value)


@pytest.mark.slow
@sweep(11)
@every_way
@every_wrong
def test_a_compiled_program_checks_its_inputs_at_each_call(way, loss, t, message):
    """Eager code raised; compiled, bce([0.5], [2.0]) was 0.69."""
    w = Value(3.0)

    def step(x, target):
        y = loss(x, target) + 0 * w
        w.data = w.data + 1
        return y

    for f in (loss, value_and_grad(loss), lambda x, target: loss(x, target, reduction="sum") * 2, step):
        for strict in (False, True):
            compiled = way.jit(f, strict=strict)
            right = compiled([0.5, 0.25], [1.0, 1.0])
            for _ in range(2):
                before = w.data
                with pytest.raises(ValueError) as found:
                    compiled([0.5, 0.25], [1.0, t])
                assert message in str(found.value)
                assert w.data == before                         # nothing half done
                with pytest.raises(ValueError):
                    compiled([0.5, 0.25], [Value(t), 1.0])
            assert compiled([0.5, 0.25], [1.0, 1.0]) == right


@every_way
def test_also_one_that_the_program_computes_or_closes_over(way):
    teacher = Value(0.5)
    f = way.jit(lambda x: nn.bce([0.5], [teacher * x]))
    assert f(2.0) == pytest.approx(ln(2))
    with pytest.raises(ValueError, match=r"got 1\.5"):
        f(3.0)
    teacher.data = 5.0
    with pytest.raises(ValueError, match=r"got 10\.0"):
        f(2.0)
    with pytest.raises(ValueError, match="got 2"):
        way.jit(lambda x: nn.bce([x], [2]))(0.5)
    with pytest.raises(IndexError, match=r"from 0 to 1 as index, got 2\.0"):
        way.jit(lambda x, k: nn.cross_entropy([x, 0.0], k))(0.5, 2.0)


def test_a_program_that_was_sent_checks_too():
    f = jit(nn.bce)
    f([0.5], [1.0])
    sent = pickle.loads(pickle.dumps(f))
    assert sent([0.5], [1.0]) == f([0.5], [1.0])
    with pytest.raises(ValueError, match=r"bce: expected targets from 0 to 1, got 2\.0"):
        sent([0.5], [2.0])


@sweep(997)
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("compiled", [False, True])
@every_wrong
def test_training_checks_its_targets(loss, t, message, compiled, whole):
    model = nn.Sequential(nn.Linear(1, 1), nn.Sigmoid())
    before = model.state_dict()
    with pytest.raises(ValueError) as found:
        fit(model, [[1.0], [2.0], [3.0], [4.0], [5.0]], [[1.0], [1.0], [1.0], [t], [1.0]],
            lambda m, x, y: loss(m(x), y), SGD(model.parameters()), epochs=2, whole=whole, jit=compiled)
    assert message in str(found.value)
    assert model.state_dict() == before


# Reductions ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("loss", [nn.mse, nn.l1, nn.huber, nn.bce, nn.bce_with_logits, nn.kl_div])
def test_none_is_the_nesting_sum_its_total_mean_its_average(loss):
    x, t = [[0.2, 0.3], [0.4, 0.9]], [[1.0, 0.0], [0.5, 1.0]]
    each = loss(x, t, reduction="none")
    assert [len(row) for row in each] == [2, 2]
    assert loss(x, t, reduction="sum") == pytest.approx(sum(leaves(each)))
    assert loss(x, t) == pytest.approx(sum(leaves(each)) / 4)
    assert loss(0.2, 1.0, reduction="none") == each[0][0]


def test_weights_are_spread_as_arrays_are():
    x, t = [[0.2, 0.3, 0.6], [0.4, 0.9, 0.5]], [[1.0, 0.0, 0.5], [0.5, 1.0, 0.0]]
    each = nn.bce(x, t, "none")
    for weight, full in (([[1.0, 2.0, 3.0]], [[1.0, 2.0, 3.0]] * 2), ([1.0, 2.0, 3.0], [[1.0, 2.0, 3.0]] * 2),
                         ([[2.0], [5.0]], [[2.0] * 3, [5.0] * 3]), (3.0, [[3.0] * 3] * 2)):
        assert nn.bce(x, t, "none", weight=weight) == [[w * y for w, y in zip(*rows)] for rows in zip(full, each)]
    for weight in ([[1.0], [2.0], [3.0]], [1.0, 2.0], [[1.0, 2.0]], [[[1.0]]]):
        with pytest.raises(ValueError, match=r"can be spread over \(2, 3\)"):
            nn.bce(x, t, weight=weight)


def test_a_positive_sample_may_weigh_more():
    p = 1 / (1 + math.exp(-0.3))
    formula = -3 * 0.25 * math.log(p) - 0.75 * math.log(1 - p)
    assert nn.bce_with_logits(0.3, 0.25, pos_weight=3.0) == pytest.approx(formula, rel=1e-14)


@pytest.mark.parametrize("loss", [nn.mse, nn.bce, nn.hinge])
def test_a_bool_is_a_number(loss):
    assert loss([0.25, 0.5], [True, 1.0], "none") == loss([0.25, 0.5], [1.0, 1.0], "none")


def test_a_loss_per_sample():
    each = nn.cross_entropy([[1.0, 2.0], [3.0, 0.0]], [0, 0], reduction="none")
    assert each == [nn.cross_entropy([1.0, 2.0], 0), nn.cross_entropy([3.0, 0.0], 0, reduction="none")]


# What is refused -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("call, error, message", [
    (lambda: nn.mse([1.0, 2.0], [1.0]), ValueError, "mse target: expected shape (2,), got (1,)"),
    (lambda: nn.mse([1.0], 1.0), TypeError, "mse target: expected shape (1,) as nested lists of numbers, got 1.0"),
    (lambda: nn.mse(1.0, [1.0]), ValueError, "mse target: expected shape (), got (1,)"),
    (lambda: nn.l1([[1.0], [2.0, 3.0]], [1.0]), ValueError, "l1: expected shape () or (*,), got ragged"),
    (lambda: nn.mse([], []), ValueError, "mse: expected shape () or (*,), got (0,) (empty)"),
    (lambda: nn.mse([1.0], [1.0], "avg"), ValueError, "expected reduction 'mean', 'sum' or 'none', got 'avg'"),
    (lambda: nn.cross_entropy([[1.0, 2.0, 3.0]], [3]), IndexError,
     "cross_entropy: expected a class from 0 to 2, got target 3"),
    (lambda: nn.cross_entropy([1.0, 2.0], -1), IndexError, "from 0 to 1, got target -1"),
    (lambda: nn.cross_entropy([1.0, 2.0], 0.5), IndexError, "from 0 to 1, got target 0.5"),
    (lambda: nn.cross_entropy([1.0, 2.0], Value(2)), IndexError, "from 0 to 1 as index, got 2.0"),
    (lambda: nn.cross_entropy([[1.0, 2.0]], [0, 1]), ValueError,
     "cross_entropy target: expected shape (1,) or (1, 2), got (2,)"),
    (lambda: nn.cross_entropy([1.0, 2.0], [1.0]), ValueError, "target: expected shape () or (2,), got (1,)"),
    (lambda: nn.nll([[1.0, 2.0]], [[0.5, 0.5]]), ValueError, "nll target: expected shape (1,), got (1, 2)"),
    (lambda: nn.nll([[[1.0]]], [0]), ValueError, "nll target: expected shape (1, 1), got (1,)"),
    (lambda: nn.nll(1.0, 0), TypeError, "nll: expected shape (C,) or (N, C, *) as nested lists"),
    (lambda: nn.cross_entropy([1.0, 2.0], 0, weight=[1.0]), ValueError,
     "cross_entropy weight: expected shape (2,), got (1,)"),
    (lambda: nn.cross_entropy([1.0, 2.0], 0, label_smoothing=1.5), ValueError,
     "cross_entropy: expected label_smoothing from 0 to 1, got 1.5"),
    (lambda: nn.cross_entropy([1.0, 2.0], 0, label_smoothing=math.nan), ValueError, "from 0 to 1, got nan"),
    (lambda: nn.cross_entropy([1.0, 2.0], 0, ignore_index=0.5), TypeError,
     "cross_entropy: expected a whole number as ignore_index, got 0.5"),
    (lambda: nn.cross_entropy([1.0, 2.0], [0.5, 0.5], ignore_index=1), ValueError,
     "expected classes as targets for ignore_index=1, got probabilities"),
    (lambda: nn.bce([0.5, 0.5], [1, 0], weight=[1.0, 2.0, 3.0]), ValueError,
     "bce weight: expected a shape that can be spread over (2,), got (3,)"),
    (lambda: nn.bce_with_logits([0.5], [1], pos_weight=[[1.0]]), ValueError,
     "bce_with_logits pos_weight: expected a shape that can be spread over (1,), got (1, 1)"),
    (lambda: nn.bce_with_logits(0.5, 1, pos_weight="3"), TypeError, "expected a number or a Value, got '3'"),
    (lambda: nn.smooth_l1([0.5], [0], beta=-1.0), ValueError, "smooth_l1: expected beta from 0 up, got -1.0"),
    (lambda: nn.hinge_embedding([0.5], [0]), ValueError, "hinge_embedding: expected targets -1 or 1, got 0"),
    (lambda: nn.margin_ranking([0.5], [0.5], [0]), ValueError, "margin_ranking: expected targets -1 or 1, got 0"),
    (lambda: nn.margin_ranking([0.5], [0.5, 1.0], [1]), ValueError, "margin_ranking input2: expected shape (1,)"),
    (lambda: nn.multi_margin([0.5, 1.0], 2), IndexError, "multi_margin: expected a class from 0 to 1, got target 2"),
    (lambda: nn.multi_margin([0.5, 1.0], 0, p=3), ValueError, "multi_margin: expected p of 1 or 2, got 3"),
    (lambda: nn.multi_margin([0.5, 1.0], 0, weight=[1.0]), ValueError, "multi_margin weight: expected shape (2,)"),
    (lambda: nn.cosine_embedding([0.5], [0.5], 0), ValueError, "cosine_embedding: expected targets -1 or 1, got 0"),
    (lambda: nn.cosine_embedding([0.5], [0.5], 1, margin=2.0), ValueError, "expected a margin from -1 to 1, got 2.0"),
    (lambda: nn.cosine_embedding([[0.5]], [[0.5]], 1), TypeError, "cosine_embedding target: expected shape (1,)"),
    (lambda: nn.triplet_margin([0.5], [0.5], [0.5, 1.0]), ValueError, "triplet_margin negative: expected shape (1,)"),
    (lambda: nn.triplet_margin([0.5], [0.5], [0.5], p=0.0), ValueError, "expected a positive p, got 0.0"),
    (lambda: nn.triplet_margin([0.5], [0.5], [0.5], margin=0.0), ValueError, "expected a positive margin, got 0.0"),
    (lambda: nn.bce([0.5], [2]), ValueError, "expected targets from 0 to 1, got 2"),
    (lambda: nn.bce_with_logits([0.5], [math.nan]), ValueError, "expected targets from 0 to 1, got nan"),
    (lambda: nn.hinge([0.5], [0]), ValueError, "hinge: expected targets -1 or 1, got 0"),
    (lambda: nn.kl_div(0.5, 0.5, "batchmean"), TypeError, "kl_div: expected shape (N, *) as nested lists"),
    (lambda: nn.huber([0.5], [0], delta=0.0), ValueError, "huber: expected a positive delta, got 0.0"),
    (lambda: nn.mse([1.0, 2.0], ["a", 1.0]), TypeError, "expected a number or a Value, got 'a' (str)"),
    (lambda: nn.mse("ab", "ab"), TypeError, "expected a number or a Value, got 'ab' (str)"),
])
def test_a_wrong_target_is_told_with_the_right_one(call, error, message):
    with pytest.raises(error) as found:
        call()
    assert message in str(found.value)
