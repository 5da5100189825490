"""MLPClassifier and MLPRegressor beside scikit-learn's own: the same runs, attributes, errors."""
import inspect
import pickle
import warnings

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from microgradx import estimators, tape
from microgradx.compiler.backends import BACKENDS
from microgradx.estimators import MLPClassifier, MLPRegressor, trainer
from microgradx.nn import Tanh, cross_entropy, l2_penalty

from ..budget import sweep

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.RandomState(0)
X = RNG.randn(57, 4)
WEIGHTS = RNG.rand(57)
TWO = (X[:, 0] * X[:, 1] > 0).astype(int)
THREE = np.array(["low", "middle", "high"])[np.digitize(X[:, 0], [-0.5, 0.5])]
LABELS = (X[:, :3] > 0).astype(int)
NUMBER, NUMBERS = X[:, 0]**2, np.c_[X[:, 0]**2, X[:, 1]]
COUNTS = np.c_[np.arange(57) % 4, np.arange(57) % 3]                # with zeros, whose logarithm is not finite

# Each run: the class, the targets, and what differs from hidden layers of 6 and 5, batches of 20, ten epochs, seed 3.
RUNS = {
    "two classes, identity": ("MLPClassifier", TWO, {"activation": "identity"}),
    "two classes, logistic": ("MLPClassifier", TWO, {"activation": "logistic"}),
    "three classes, tanh": ("MLPClassifier", THREE, {"activation": "tanh", "solver": "sgd"}),
    "labels": ("MLPClassifier", LABELS, {}),
    "one sample in a batch": ("MLPClassifier", THREE, {"batch_size": 1}),
    "all in a batch, in order": ("MLPClassifier", THREE, {"batch_size": "auto", "shuffle": False}),
    "no hidden layer": ("MLPClassifier", TWO, {"hidden_layer_sizes": (), "solver": "sgd", "momentum": 0.0}),
    "number": ("MLPRegressor", NUMBER, {"solver": "sgd", "momentum": 0.5, "nesterovs_momentum": False}),
    "numbers": ("MLPRegressor", NUMBERS, {"alpha": 0.5, "beta_1": 0.5, "beta_2": 0.0, "epsilon": 1e-3}),
    "early stopping": ("MLPClassifier", THREE, {"early_stopping": True, "max_iter": 40, "learning_rate_init": 0.05}),
    "early stopping of numbers": ("MLPRegressor", NUMBERS, {"early_stopping": True, "validation_fraction": 0.3}),
    "invscaling": ("MLPClassifier", THREE, {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3}),
    "adaptive": ("MLPClassifier", THREE, {"solver": "sgd", "learning_rate": "adaptive", "max_iter": 60, "tol": 1e-2,
                                          "n_iter_no_change": 2, "learning_rate_init": 0.2}),
    "counts": ("MLPRegressor", COUNTS, {"loss": "poisson"}),
    "lbfgs of a count": ("MLPRegressor", COUNTS[:, 0], {"loss": "poisson", "solver": "lbfgs"}),
    "early stopping of counts": ("MLPRegressor", COUNTS, {"loss": "poisson", "early_stopping": True}),
    "lbfgs": ("MLPClassifier", THREE, {"solver": "lbfgs"}),
    "lbfgs of labels": ("MLPClassifier", LABELS, {"solver": "lbfgs", "alpha": 0.1}),
    "lbfgs of a number": ("MLPRegressor", NUMBER, {"solver": "lbfgs", "activation": "tanh"}),
    "lbfgs of numbers": ("MLPRegressor", NUMBERS, {"solver": "lbfgs"}),
}
ATTRIBUTES = ["n_layers_", "n_outputs_", "n_iter_", "t_", "out_activation_", "n_features_in_"]


def both(kind, y, weight=None, **changed):
    given = {"hidden_layer_sizes": (6, 5), "batch_size": 20, "max_iter": 10, "random_state": 3, **changed}
    return [getattr(package, kind)(**given).fit(X, y, sample_weight=weight) for package in (neural_network, estimators)]


def alike(theirs, own):
    assert np.allclose(getattr(theirs, "loss_curve_", theirs.loss_), getattr(own, "loss_curve_", own.loss_), 1e-8, 1e-8)
    for a, b in zip(theirs.coefs_ + theirs.intercepts_, own.coefs_ + own.intercepts_):
        assert a.shape == b.shape and np.allclose(a, b, 1e-8, 1e-8)
    assert [getattr(theirs, name) for name in ATTRIBUTES] == [getattr(own, name) for name in ATTRIBUTES]
    for name in ("best_loss_", "best_validation_score_", "validation_scores_"):
        a, b = (getattr(one, name, None) for one in (theirs, own))
        assert (a is None) == (b is None) and (a is None or np.allclose(a, b, 1e-8, 1e-8))
    for name in ("predict_proba", "predict_log_proba"):
        if hasattr(theirs, name):
            assert np.allclose(getattr(theirs, name)(X), getattr(own, name)(X), 1e-7, 1e-9)
    a, b = theirs.predict(X), own.predict(X)
    assert a.shape == b.shape and (np.allclose(a, b) if a.dtype.kind == "f" else (a == b).all())


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor", "BernoulliRBM"])
def test_parameters_and_methods_are_scikit_learns(name):
    theirs, own = getattr(neural_network, name), getattr(estimators, name)

    def told(f):
        return [(p.name, p.kind, p.default) for p in inspect.signature(f).parameters.values()]
    assert told(own) == told(theirs)
    for method in [m for m in dir(theirs) if not m.startswith("_") and callable(getattr(theirs, m))]:
        assert [n for n, *_ in told(getattr(own, method))] == [n for n, *_ in told(getattr(theirs, method))], method


@sweep(len(RUNS))
@pytest.mark.parametrize("run", RUNS)
def test_a_run_is_scikit_learns(run):
    kind, y, changed = RUNS[run]
    alike(*both(kind, y, **changed))


@pytest.mark.slow
@pytest.mark.parametrize("run", ["three classes, tanh", "numbers", "lbfgs", "early stopping"])
def test_with_weights_too(run):
    kind, y, changed = RUNS[run]
    alike(*both(kind, y, WEIGHTS, **changed))


@pytest.mark.slow
def test_continuing_is_scikit_learns():
    for kind, y, more in (("MLPClassifier", THREE, {"classes": np.unique(THREE)}), ("MLPRegressor", NUMBER, {})):
        theirs, own = (getattr(package, kind)(hidden_layer_sizes=(6,), random_state=1, batch_size=20, solver="sgd",
                                              learning_rate="invscaling") for package in (neural_network, estimators))
        for start in (0, 20, 0):
            for one in (theirs, own):
                one.partial_fit(X[start:start + 30], y[start:start + 30], **more)
        alike(theirs, own)
    theirs, own = both("MLPClassifier", TWO, warm_start=True)
    alike(theirs.fit(X, TWO), own.fit(X, TWO))


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [MLPClassifier(), MLPRegressor()], ids=["classifier", "regressor"])
def test_what_scikit_learn_demands_of_an_estimator(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(estimator, on_skip=None)
    assert len(found) > 40 and {one["status"] for one in found} <= {"passed", "skipped"}


# Within scikit-learn -------------------------------------------------------------------------------------------

@pytest.mark.slow
def test_a_grid_search_compiles_each_shape_once(monkeypatch):
    made = []
    monkeypatch.setattr(trainer, "_waiting", [])
    monkeypatch.setattr(trainer.Trainer, "__init__", lambda self, shape, rule, init=trainer.Trainer.__init__:
                        (made.append(shape), init(self, shape, rule))[0])
    search = GridSearchCV(make_pipeline(StandardScaler(), MLPClassifier(max_iter=3, random_state=0)), {
        "mlpclassifier__hidden_layer_sizes": [(3,), (4,)], "mlpclassifier__alpha": [0.0, 0.1],
        "mlpclassifier__learning_rate_init": [0.1, 0.01]}, cv=2).fit(X, TWO)
    assert sorted(shape.sizes for shape in made) == [(4, 3, 1), (4, 4, 1)]
    assert search.score(X, TWO) > 0.3 and search.best_estimator_[-1].model_ is search.best_estimator_[-1].model_


@pytest.mark.slow
def test_copies_are_whole():
    model = MLPClassifier((3,), max_iter=5, random_state=0).fit(X, THREE)
    model.model_([0.0] * 4)
    copied = pickle.loads(pickle.dumps(model))
    assert (copied.predict_proba(X) == model.predict_proba(X)).all()
    assert copied.model_.state_dict() == model.model_.state_dict()
    fresh = clone(model)
    assert not hasattr(fresh, "coefs_") and not hasattr(fresh, "model_") and fresh.get_params() == model.get_params()
    one, other = (pickle.loads(pickle.dumps(part)) for part in (model, model))
    for part in (one, other):
        part.partial_fit(X, THREE)
    assert one.loss_ == other.loss_ and one.t_ == model.t_ + 57


@pytest.mark.slow
def test_two_fits_at_once_have_networks_of_their_own():
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda seed: MLPClassifier((3,), max_iter=5, random_state=seed % 2).fit(X, TWO).loss_,
                              range(8)))
    assert len(set(found)) == 2 and found[0] != found[1]


@pytest.mark.slow
def test_the_model_is_a_network_of_ours():
    model = MLPClassifier((3, 2), activation="tanh", max_iter=5, random_state=0, alpha=0.3).fit(X, THREE)
    network = model.model_
    logits = np.array([[v.data for v in network(x)] for x in X.tolist()])
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert np.allclose(shares, model.predict_proba(X), 1e-12) and isinstance(network[1], Tanh)
    loss = cross_entropy(network(X[0].tolist()), 1)
    loss.backward()
    assert len(tape(loss)) > 5 and any(v.grad for v in network.parameters())
    assert model.model_ is network and (network[0].weight[2][3].data, network[2].bias[1].data) == (
        model.coefs_[0][3, 2], model.intercepts_[1][1])
    penalty = sum(float(l2_penalty(network[i].weight).data) for i in (0, 2, 4))
    assert penalty == pytest.approx(sum((w**2).sum() for w in model.coefs_))
    model.fit(X, THREE)
    assert model.model_ is not network


def test_pythons_random_numbers_go_on():
    import random
    random.seed(1)
    before = random.getstate()
    MLPRegressor(hidden_layer_sizes=(3,), max_iter=2).fit(X, NUMBER).model_([0.0] * 4)
    assert random.getstate() == before


@pytest.mark.slow
def test_generated_python_comes_to_the_same(monkeypatch):
    native = MLPClassifier((3,), max_iter=3, random_state=0).fit(X, THREE)
    quasi = MLPRegressor(hidden_layer_sizes=(3,), max_iter=3, random_state=0, solver="lbfgs").fit(X, NUMBER)
    monkeypatch.setattr(trainer, "backend", lambda: BACKENDS["python"])
    monkeypatch.setattr(trainer, "_waiting", [])
    python = clone(native).fit(X, THREE, sample_weight=np.ones(57))
    assert np.allclose(python.loss_curve_, native.loss_curve_, 1e-12)
    assert np.allclose(python.predict_proba(X), native.predict_proba(X), 1e-12)
    assert clone(quasi).fit(X, NUMBER).loss_ == pytest.approx(quasi.loss_, rel=1e-9)


def test_a_weight_of_zero_is_no_sample():
    far = X.copy()
    far[10:] *= 1e10
    model = MLPRegressor(hidden_layer_sizes=(3,), max_iter=3, random_state=0, batch_size=57, shuffle=False)
    whole = model.fit(far, NUMBER, sample_weight=[1.0] * 10 + [0.0] * 47)
    part = clone(model).set_params(batch_size=10).fit(X[:10], NUMBER[:10])
    assert np.allclose(whole.loss_curve_, part.loss_curve_, 1e-12)


# Errors --------------------------------------------------------------------------------------------------------

NAN = np.where(np.arange(57 * 4).reshape(57, 4) == 7, np.nan, X)


@pytest.mark.parametrize("changed, x, error, text", [
    ({}, NAN, ValueError, "NaN"), ({}, np.full((57, 4), np.inf), ValueError, "infinity"),
    ({}, X[:5], ValueError, "inconsistent"),
    ({"solver": "newton"}, X, ValueError, "'solver' parameter of MLPClassifier must be a str among"),
    ({"alpha": -1.0}, X, ValueError, "'alpha' parameter of MLPClassifier must be a float in the range"),
    ({"hidden_layer_sizes": (3, 0)}, X, ValueError, "hidden_layer_sizes must be > 0"),
    ({"max_iter": 0}, X, ValueError, "max_iter"), ({"momentum": 2.0}, X, ValueError, "momentum"),
    ({"batch_size": "all"}, X, ValueError, "batch_size"), ({"activation": "selu"}, X, ValueError, "activation"),
])
def test_an_unsuitable_fit_is_refused_as_there(changed, x, error, text):
    for package in (neural_network, estimators):
        with pytest.raises(error, match=text) as caught:
            package.MLPClassifier(**{"max_iter": 2, "hidden_layer_sizes": (3,), **changed}).fit(x, TWO)
        if package is estimators:
            assert type(caught.value).__name__ in ("ValueError", "InvalidParameterError")


@pytest.mark.slow
def test_numbers_that_overflow_are_refused():
    for solver in ("adam", "lbfgs"):
        with pytest.raises(ValueError, match="non-finite"):
            MLPRegressor(hidden_layer_sizes=(3,), solver=solver, max_iter=2, activation="identity").fit(
                X * 1e300, NUMBER)


@pytest.mark.slow
def test_other_uses_are_refused_as_there():
    for package in (neural_network, estimators):
        model = package.MLPClassifier((3,), max_iter=2, random_state=0)
        with pytest.raises(NotFittedError):
            model.predict(X)
        model.fit(X, TWO)
        with pytest.raises(ValueError, match="3 features"):
            model.predict(X[:, :3])
        with pytest.raises(ValueError, match="classes"):
            model.partial_fit(X, TWO + 5)
        with pytest.raises(ValueError, match="early_stopping"):
            package.MLPRegressor(hidden_layer_sizes=(3,), early_stopping=True).partial_fit(X, NUMBER)
        with pytest.raises(ValueError, match="validation set is too small"):
            package.MLPRegressor(hidden_layer_sizes=(3,), early_stopping=True, validation_fraction=0.001).fit(X, NUMBER)
        assert not hasattr(package.MLPClassifier(solver="lbfgs"), "partial_fit")
        with pytest.raises(ValueError, match="'loss' parameter of MLPRegressor"):
            package.MLPRegressor(loss="absolute_error").fit(X, NUMBER)
        one = package.MLPClassifier((3,), max_iter=2).fit(X, np.zeros(57))
        assert (one.predict(X) == 0).all()              # a single class is learned, there too
    with pytest.raises(ValueError, match="expected y from 0 up, got -1"):
        MLPRegressor(loss="poisson").fit(X, COUNTS - 1)
    with pytest.raises(ValueError, match="set warm_start=False"):
        model.set_params(warm_start=True, hidden_layer_sizes=(4,)).fit(X, TWO)
    with pytest.raises(ValueError, match="weight above 0 in every batch"):
        model.set_params(warm_start=False, batch_size=20).fit(X, TWO, sample_weight=np.eye(57)[0])


@pytest.mark.slow
def test_warnings_and_words_are_those_there(capsys):
    printed = []
    for package in (neural_network, estimators):
        model = package.MLPRegressor(hidden_layer_sizes=(3,), random_state=0, verbose=True)
        with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\) reached"):
            clone(model).set_params(max_iter=3, early_stopping=True).fit(X, NUMBER)
        model.set_params(tol=10.0, n_iter_no_change=1).fit(X, NUMBER)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] and "Stopping." in printed[0]
    with pytest.warns(ConvergenceWarning, match=r"lbfgs failed to converge after 2 iteration"):
        MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, solver="lbfgs", verbose=True).fit(X, NUMBER)
    assert capsys.readouterr().out.count("Iteration") == 2


@pytest.mark.slow
def test_ctrl_c_leaves_what_was_learned(monkeypatch):
    model = MLPClassifier((3,), max_iter=100, random_state=0)

    def interrupted(self):
        if len(model.loss_curve_) == 4:
            raise KeyboardInterrupt
    monkeypatch.setattr("microgradx.estimators.descent.Descent._watch", interrupted)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, TWO)
    assert model.n_iter_ == 4
    monkeypatch.undo()
    four = MLPClassifier((3,), max_iter=4, random_state=0).fit(X, TWO)
    assert (model.coefs_[0] == four.coefs_[0]).all()
