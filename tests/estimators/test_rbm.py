"""BernoulliRBM beside scikit-learn's own; its energies beside sums over all states."""
import math
import pickle
import warnings
from itertools import product

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import minmax_scale
from sklearn.utils.estimator_checks import check_estimator
from threadpoolctl import threadpool_limits

from microgradx import estimators, gradcheck, gradients
from microgradx.compiler.backends import BACKENDS
from microgradx.estimators import BernoulliRBM, trainer
from microgradx.estimators.energy import RestrictedBoltzmannMachine

RNG = np.random.RandomState(0)
X = (RNG.rand(43, 6) < 0.5).astype(float)


def machine(visible=3, hidden=2):
    one = RestrictedBoltzmannMachine(visible, hidden)
    for v, x in zip(one.parameters(), RNG.randn(len(one.parameters())).tolist()):
        v.data = x
    return one


def pairs(**changed):
    given = {"n_components": 4, "n_iter": 3, "random_state": 1, **changed}
    return [package.BernoulliRBM(**given).fit(X) for package in (neural_network, estimators)]


# The energy ----------------------------------------------------------------------------------------------------

def test_the_free_energy_is_the_sum_over_all_hidden_states():
    one = machine()
    for v in product([0.0, 1.0], repeat=3):
        total = sum(math.exp(-one.energy(list(v), list(h)).data) for h in product([0.0, 1.0], repeat=2))
        assert one(list(v)).data == pytest.approx(-math.log(total), rel=1e-13)


def test_its_gradient_is_the_mean_of_that_of_the_energy():
    """-dF/d(hidden bias) is the probability of the unit; this is what scikit-learn writes by hand."""
    one, v = machine(), [1.0, 0.0, 1.0]
    assert gradcheck(lambda model: model(v), one)
    slopes = gradients(one(v), one.hidden)
    shares = [1 / (1 + math.exp(-x.data)) for x in one.inputs(v)]
    assert slopes == pytest.approx([-p for p in shares], rel=1e-13)
    rows = [gradients(one(v), row) for row in one.weight]
    assert np.allclose(rows, -np.outer(shares, v), 1e-13)


def test_another_number_of_units_is_refused():
    with pytest.raises(ValueError, match="RestrictedBoltzmannMachine: expected shape"):
        machine()([1.0, 0.0])


# Training ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("changed", [{}, {"batch_size": 43, "learning_rate": 1.0}, {"batch_size": 100, "n_iter": 0}])
def test_a_run_is_scikit_learns(changed):
    theirs, own = pairs(**changed)
    for name in ("components_", "intercept_hidden_", "intercept_visible_", "h_samples_"):
        a, b = getattr(theirs, name), getattr(own, name)
        assert a.shape == b.shape and np.allclose(a, b, 1e-10, 1e-12)
    assert np.allclose(theirs.transform(X), own.transform(X), 1e-10)
    assert (theirs.gibbs(X) == own.gibbs(X)).all() and (theirs.gibbs(X) == own.gibbs(X)).all()
    assert list(theirs.get_feature_names_out()) == list(own.get_feature_names_out())


@pytest.mark.slow
def test_steps_one_by_one_are_scikit_learns():
    theirs, own = (package.BernoulliRBM(n_components=3, random_state=0) for package in (neural_network, estimators))
    for part in (X[:20], X[20:], X[:20]):
        theirs.partial_fit(part)
        assert own.partial_fit(part) is own
    assert np.allclose(theirs.components_, own.components_, 1e-10, 1e-12)


@pytest.mark.slow
def test_the_score_is_what_scikit_learn_estimates():
    theirs, own = pairs()
    drawn = np.array([theirs.set_params(random_state=seed).score_samples(X[:5]) for seed in range(2000)])
    assert (abs(drawn.mean(0) - own.score_samples(X[:5])) < 5 * drawn.std(0) / 2000**0.5).all()
    one = own.model_
    for v, score in zip(X[:3], own.score_samples(X[:3])):
        exact = 0.0
        for i in range(6):
            other = v.copy()
            other[i] = 1 - other[i]
            exact -= math.log1p(math.exp(one(v.tolist()).data - one(other.tolist()).data))
        assert score == pytest.approx(exact, rel=1e-12)


@pytest.mark.slow
def test_copies_models_and_words(capsys):
    own = BernoulliRBM(n_components=2, n_iter=2, random_state=0, verbose=1).fit(X)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(", p")[0] for line in lines] == [f"[BernoulliRBM] Iteration {i}" for i in (1, 2)]
    copied = pickle.loads(pickle.dumps(own))
    assert (copied.score_samples(X) == own.score_samples(X)).all() and copied.model_(X[0].tolist()).data < 0
    assert own.model_ is own.model_ and not hasattr(clone(own), "components_")
    with pytest.raises(NotFittedError):
        clone(own).transform(X)
    for package in (neural_network, estimators):
        with pytest.raises(ValueError, match="NaN"):
            package.BernoulliRBM().fit([[np.nan, 1.0]])
        with pytest.raises(ValueError, match="'learning_rate' parameter of BernoulliRBM"):
            package.BernoulliRBM(learning_rate=0).fit(X)
        with pytest.raises(ValueError, match="features"):
            package.BernoulliRBM(n_components=2).fit(X).transform(X[:, :2])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_numbers_that_overflow_are_refused():
    with pytest.raises(ValueError, match="non-finite"):
        BernoulliRBM(n_components=2, learning_rate=1e300, batch_size=4).fit(X * 1e300)


@pytest.mark.slow
def test_generated_python_comes_to_the_same(monkeypatch):
    native = pairs()[1]
    monkeypatch.setattr(trainer, "backend", lambda: BACKENDS["python"])
    monkeypatch.setattr(trainer, "_waiting", [])
    python = clone(native).fit(X)
    assert np.allclose(python.components_, native.components_, 1e-10, 1e-12)
    assert np.allclose(python.score_samples(X), native.score_samples(X), 1e-10)


@pytest.mark.slow
def test_what_scikit_learn_demands_of_an_estimator():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(BernoulliRBM(), on_skip=None)
    assert len(found) > 40 and {one["status"] for one in found} <= {"passed", "skipped"}


@pytest.mark.slow
def test_digits_by_what_the_hidden_units_see():
    """scikit-learn's example: each image as it is and moved by a pixel in four directions. It comes to 94 %."""
    data = load_digits()
    images = data.images / 16
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    moved = [padded[:, i:i + 8, j:j + 8] for i, j in ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))]
    x, y = minmax_scale(np.concatenate(moved).reshape(-1, 64)), np.tile(data.target, 5)
    train, test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=0)
    with threadpool_limits(1):
        theirs, own = (package.BernoulliRBM(n_components=100, n_iter=10, learning_rate=0.06, random_state=0).fit(train)
                       for package in (neural_network, estimators))
        assert np.allclose(theirs.components_, own.components_, 1e-6, 1e-8)
        last = LogisticRegression(solver="newton-cg", tol=1e-4, C=6000).fit(own.transform(train), y_train)
        assert last.score(own.transform(test), y_test) > 0.935
