"""Mazur's network against its published digits, and against the chain rule worked out by hand at 50 digits."""
import mpmath
import pytest

from microgradx import Value, gradients, tape
from microgradx.naming import names
from microgradx.step import steps
from microgradx.training.examples.mazur import RATE, WEIGHTS, article_step, graph, loss, note, step

# Published: "A Step by Step Backpropagation Example", 2015, and true gradient descent beside it
LOSS = "0.298371109"
NEW_WEIGHTS = ["0.149780716", "0.19956143", "0.24975114", "0.29950229",
               "0.35891648", "0.408666186", "0.51130127", "0.561370121"]
TRUE_AFTER_ONE, TRUE_AFTER_10_000 = 0.29102777369359933, "3.5101878e-05"
ARTICLE_AFTER_ONE, ARTICLE_AFTER_10_000 = "0.291027924", "0.000035085"
TRUE_OUTPUTS, ARTICLE_OUTPUTS = ["0.015913620", "0.984064274"], ["0.015912196", "0.984065734"]


def by_hand(weights):
    """Outputs, loss and all eight slopes, written out on paper with 50 digits: no graph, no table."""
    with mpmath.workdps(50):
        w1, w2, w3, w4, w5, w6, w7, w8 = map(mpmath.mpf, weights)
        i1, i2, b1, b2, t1, t2 = map(mpmath.mpf, (0.05, 0.10, 0.35, 0.60, 0.01, 0.99))

        def logistic(x):
            return 1 / (1 + mpmath.exp(-x))
        h1, h2 = logistic(w1 * i1 + w2 * i2 + b1), logistic(w3 * i1 + w4 * i2 + b1)
        o1, o2 = logistic(w5 * h1 + w6 * h2 + b2), logistic(w7 * h1 + w8 * h2 + b2)
        d1, d2 = (o1 - t1) * o1 * (1 - o1), (o2 - t2) * o2 * (1 - o2)
        e1, e2 = (d1 * w5 + d2 * w7) * h1 * (1 - h1), (d1 * w6 + d2 * w8) * h2 * (1 - h2)
        slopes = [e1 * i1, e1 * i2, e2 * i1, e2 * i2, d1 * h1, d1 * h2, d2 * h1, d2 * h2]
        return [o1, o2], ((t1 - o1)**2 + (t2 - o2)**2) / 2, slopes


def same_digits(x, published):
    """Whether x rounds to the digits that were printed."""
    digits = len(published.partition(".")[2])
    return f"{x:.{digits}f}" == published


def outputs(weights):
    return [v.data for v in tape(loss(weights)) if v.label in ("o1", "o2")]


def trained(update, count):
    weights = WEIGHTS
    for _ in range(count):
        weights = update(weights)
    return weights


def test_loss_and_gradients_to_1e_12():
    w = [Value(x) for x in WEIGHTS]
    e = loss(w)
    _, expected, slopes = by_hand(WEIGHTS)
    assert e.data == pytest.approx(float(expected), rel=1e-14) and same_digits(e.data, LOSS)
    assert gradients(e, w) == pytest.approx([float(s) for s in slopes], rel=1e-12, abs=0)
    e.backward()
    assert [v.grad for v in w] == gradients(e, w)


def test_new_weights_to_1e_12():
    _, _, slopes = by_hand(WEIGHTS)
    assert step(WEIGHTS) == pytest.approx([float(w - RATE * s) for w, s in zip(WEIGHTS, slopes)], rel=1e-12, abs=0)
    assert all(same_digits(w, published) for w, published in zip(step(WEIGHTS), NEW_WEIGHTS))


def test_one_true_step():
    assert loss(step(WEIGHTS)).data == pytest.approx(TRUE_AFTER_ONE, rel=1e-12)
    assert loss(step(WEIGHTS)).data == pytest.approx(float(by_hand(step(WEIGHTS))[1]), rel=1e-12)


@pytest.mark.slow
def test_ten_thousand_true_steps():
    w = trained(step, 10_000)
    assert f"{loss(w).data:.7e}" == TRUE_AFTER_10_000
    assert all(map(same_digits, outputs(w), TRUE_OUTPUTS))


@pytest.mark.slow
def test_the_totals_of_the_article_come_from_moving_the_output_weights_first():
    assert same_digits(loss(article_step(WEIGHTS)).data, ARTICLE_AFTER_ONE)
    w = trained(article_step, 10_000)
    assert same_digits(loss(w).data, ARTICLE_AFTER_10_000)
    assert all(map(same_digits, outputs(w), ARTICLE_OUTPUTS))


def test_true_gradient_descent_does_not_give_the_totals_of_the_article():
    assert not same_digits(loss(step(WEIGHTS)).data, ARTICLE_AFTER_ONE)
    assert step(WEIGHTS)[4:] == article_step(WEIGHTS)[4:]
    assert all(a != b for a, b in zip(step(WEIGHTS)[:4], article_step(WEIGHTS)[:4]))


def test_everything_the_article_names_has_its_name():
    found = set(names(graph()).values())
    assert found >= {"i1", "i2", "b1", "b2", "h1", "h2", "net1", "net2", "o1", "o2", "t1", "t2", "E"}
    assert found >= {f"w{k}" for k in range(1, 9)}


def test_a_hidden_unit_adds_up_what_both_outputs_hand_back():
    last = [s for s in steps(graph()) if s.phase == "backward" and s.target.label == "h1"][-1]
    assert (last.use, last.uses) == (2, 2) and last.after == sum(last.terms)
    assert last.after == pytest.approx(0.036350306, abs=5e-10)              # dE_total/dout_h1 in the article


def test_the_note_tells_the_numbers_that_are_computed():
    told = note()
    assert "below" not in told                         # it is printed also where no steps follow
    _, _, slopes = by_hand(WEIGHTS)
    for weight, slope, new in zip(WEIGHTS, slopes, step(WEIGHTS)):
        assert f"{weight:.2f}" in told and f"{float(slope):.9f}" in told and f"{new:.9f}" in told
    totals = TRUE_AFTER_ONE, float(TRUE_AFTER_10_000)
    for number in (LOSS, *(f"{total:.9f}" for total in totals), ARTICLE_AFTER_ONE, ARTICLE_AFTER_10_000):
        assert number in told
