"""BernoulliRBM: a restricted Boltzmann machine that learns by persistent contrastive divergence.

    >>> import numpy as np
    >>> from microgradx.estimators import BernoulliRBM
    >>> bars = np.array([[1, 1, 0, 0], [0, 0, 1, 1]] * 50)
    >>> machine = BernoulliRBM(n_components=2, n_iter=50, random_state=0).fit(bars)
    >>> machine.score_samples([[1, 1, 0, 0]]) > machine.score_samples([[1, 0, 1, 0]])
    array([ True])
"""
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit, log_expit
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state, gen_even_slices
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from ..ieee import kind_of
from .energy import BinaryUnits, RestrictedBoltzmannMachine
from .perceptron import dense
from .trainer import INFINITE, Trainer, borrowed

RULE = "plain", False


class BernoulliRBM(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Binary visible and hidden units, trained by persistent contrastive divergence. As sklearn.neural_network's.

    A step follows the gradient of F(data) - F(samples), F the free energy, which the engine takes: data becomes more
    likely, what the machine makes up itself less. The samples are those of chains that go on from step to step
    (Tieleman 2008). The same random_state gives scikit-learn's weights, to rounding. `model_` is the machine as a
    Module. ValueError for unsuitable parameters or data.

    components_ (n_components, features), intercept_hidden_, intercept_visible_, h_samples_ (batch_size, n_components).

    >>> machine = BernoulliRBM(n_components=3, random_state=0).fit([[0.0, 1.0], [1.0, 0.0]])
    >>> machine.transform([[0.0, 1.0]]).shape, machine.gibbs([[0.0, 1.0]]).shape, machine.model_
    ((1, 3), (1, 2), RestrictedBoltzmannMachine()  # 11 parameters)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_iter": [Interval(Integral, 0, None, closed="left")],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    def __init__(self, n_components: int = 256, *, learning_rate: float = 0.1, batch_size: int = 10, n_iter: int = 10,
                 verbose: int = 0, random_state: Any = None) -> None:
        self.n_components, self.learning_rate, self.batch_size = n_components, learning_rate, batch_size
        self.n_iter, self.verbose, self.random_state = n_iter, verbose, random_state

    # Training ------------------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None) -> Any:
        """Train on X (samples, features) of numbers from 0 to 1, n_iter times; the estimator itself."""
        self._validate_params()
        v = dense(validate_data(self, X, accept_sparse="csr", dtype=np.float64))
        rng = check_random_state(self.random_state)
        self._start(v.shape[1], rng)
        count = -(-len(v) // self.batch_size)
        parts = list(gen_even_slices(count * self.batch_size, count, n_samples=len(v)))
        begin = time.time()
        for iteration in range(1, self.n_iter + 1):
            self._learn([v[part] for part in parts], rng)
            if self.verbose:
                flipped = check_random_state(self.random_state).randint(0, v.shape[1], (1, len(v)))
                print(f"[{kind_of(self)}] Iteration {iteration}, pseudo-likelihood = "
                      f"{self._likelihoods(v, flipped).mean():.2f}, time = {time.time() - begin:.2f}s")
                begin = time.time()
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Any:
        """One step on X (samples, features), from where the last one ended; the estimator itself."""
        self._validate_params()
        first = not hasattr(self, "components_")
        v = dense(validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=first))
        if not hasattr(self, "random_state_"):
            self.random_state_ = check_random_state(self.random_state)
        if first:
            self._start(v.shape[1], self.random_state_)
        self._learn([v], self.random_state_)
        return self

    def _start(self, visible: int, rng: Any) -> None:
        self.components_ = rng.normal(0, 0.01, (self.n_components, visible))
        self.intercept_hidden_, self.intercept_visible_ = np.zeros(self.n_components), np.zeros(visible)
        self.h_samples_ = np.zeros((self.batch_size, self.n_components))
        self._n_features_out = self.n_components
        self._model: Any = None

    def _learn(self, batches: Sequence[Any], rng: Any) -> None:
        """A step for each batch. The weights are kept, also those at which Ctrl-C ends it."""
        with self._machine() as trainer:
            try:
                for data in batches:
                    self._step(trainer, data, rng)
            finally:
                self._model = None
                self.components_, self.intercept_hidden_, self.intercept_visible_ = self._unpacked(trainer.weights)

    def _step(self, trainer: Trainer, data: Any, rng: Any) -> None:
        """Draw visible units from the chains, follow the gradient of F(data) - F(those), draw the hidden units anew.

        ValueError if a number becomes infinite.
        """
        weight, hidden, visible = self._unpacked(trainer.weights)
        drawn = expit(self.h_samples_ @ weight + visible)
        drawn = (rng.uniform(size=drawn.shape) < drawn).astype(float)
        means = expit(drawn @ weight.T + hidden)
        rows = np.vstack([np.c_[data, np.ones(len(data))], np.c_[drawn, -np.ones(len(drawn))]])
        trainer.session.refill(rows)
        # The session follows the mean over all rows; a step is the sum over data and chains, divided by len(data).
        if not trainer.run([np.arange(len(rows))], [self.learning_rate * len(rows) / len(data)]):
            raise ValueError(INFINITE)
        self.h_samples_ = (rng.uniform(size=means.shape) < means).astype(float)

    # The trained machine -------------------------------------------------------------------------------------------

    @contextmanager
    def _machine(self) -> Iterator[Trainer]:
        """A trainer with the present weights."""
        shape = BinaryUnits(self.components_.shape[1], len(self.components_))
        with borrowed(shape, RULE) as trainer:
            trainer.weights = np.concatenate(
                [self.components_.ravel(), self.intercept_hidden_, self.intercept_visible_])
            yield trainer

    def _unpacked(self, weights: Any) -> tuple[Any, Any, Any]:
        """components_, intercept_hidden_ and intercept_visible_ from one array."""
        weight, hidden, visible = np.split(weights, np.cumsum([self.components_.size, len(self.components_)]))
        return weight.reshape(self.components_.shape), hidden, visible

    @property
    def model_(self) -> RestrictedBoltzmannMachine:
        """The machine as a Module: called on visible units it returns their free energy. One Module until the next fit;
        its parameters are copies of the weights."""
        check_is_fitted(self)
        if self._model is None:
            self._model = RestrictedBoltzmannMachine(*reversed(self.components_.shape))
            self._model.load_state_dict({"weight": self.components_, "hidden": self.intercept_hidden_,
                                         "visible": self.intercept_visible_})
        return self._model  # type: ignore[no-any-return]

    def transform(self, X: Any) -> Any:
        """The probability of each hidden unit to be 1, (samples, n_components). NotFittedError before fit."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", reset=False, dtype=(np.float64, np.float32))
        return expit(dense(X) @ self.components_.T + self.intercept_hidden_).astype(X.dtype)

    def gibbs(self, v: Any) -> Any:
        """One step of Gibbs sampling: hidden units drawn from v (samples, features), then visible ones from these."""
        check_is_fitted(self)
        if not hasattr(self, "random_state_"):
            self.random_state_ = check_random_state(self.random_state)
        rng = self.random_state_
        shares = expit(np.asarray(v) @ self.components_.T + self.intercept_hidden_)
        hidden = rng.uniform(size=shares.shape) < shares
        shares = expit(hidden @ self.components_ + self.intercept_visible_)
        return rng.uniform(size=shares.shape) < shares

    def score_samples(self, X: Any) -> Any:
        """The pseudo-likelihood of X (samples, features): the sum of log P(unit | all others) over the visible units.

        scikit-learn estimates it from one unit that it draws for each sample; this is what is estimated there.
        """
        check_is_fitted(self)
        v = dense(validate_data(self, X, accept_sparse="csr", reset=False, dtype=np.float64))
        return self._likelihoods(v, np.repeat(np.arange(v.shape[1])[:, None], len(v), axis=1))

    def _likelihoods(self, v: Any, units: Any) -> Any:
        """The pseudo-likelihoods from units (times, samples): those that are flipped in each sample, one at a time."""
        total = np.zeros(len(v))
        with self._machine() as trainer:
            before = trainer.outputs(v).ravel()
            for unit in units:
                flipped = v.copy()
                place = np.arange(len(v)), unit
                flipped[place] = 1 - flipped[place]
                total += log_expit(trainer.outputs(flipped).ravel() - before)
        return total * v.shape[1] / len(units)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
