"""What MLPClassifier and MLPRegressor share: scikit-learn's parameters, training, the outputs of the network."""
from collections.abc import Callable
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ..nn import Sequential
from ..warning import warn
from .descent import Descent
from .network import Architecture, packed, unpacked
from .parameters import PARAMETERS, STOCHASTIC
from .quasi_newton import minimised
from .trainer import Rule, Trainer, borrowed

FEW = 4                                     # batches of fewer samples are compiled in another way


def stochastic(estimator: Any) -> bool:
    """Whether the solver makes steps, which partial_fit needs. AttributeError if it does not."""
    if estimator.solver not in STOCHASTIC:
        raise AttributeError(f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not "
                             "stochastic.")
    return True


class MultilayerPerceptron(BaseEstimator):
    """The base of both estimators. A subclass has the targets, the activation of the outputs and the score.

    coefs_, intercepts_ are the weights; model_ is the network with them.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = PARAMETERS

    def __init__(self, hidden_layer_sizes: Any = (100,), activation: str = "relu", *, solver: str = "adam",
                 alpha: float = 0.0001, batch_size: int | str = "auto", learning_rate: str = "constant",
                 learning_rate_init: float = 0.001, power_t: float = 0.5, max_iter: int = 200, shuffle: bool = True,
                 random_state: Any = None, tol: float = 1e-4, verbose: bool | int = False, warm_start: bool = False,
                 momentum: float = 0.9, nesterovs_momentum: bool = True, early_stopping: bool = False,
                 validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
                 n_iter_no_change: float = 10, max_fun: int = 15000) -> None:
        self.hidden_layer_sizes, self.activation, self.solver = hidden_layer_sizes, activation, solver
        self.alpha, self.batch_size, self.learning_rate = alpha, batch_size, learning_rate
        self.learning_rate_init, self.power_t, self.max_iter = learning_rate_init, power_t, max_iter
        self.shuffle, self.random_state, self.tol, self.verbose = shuffle, random_state, tol, verbose
        self.warm_start, self.momentum, self.nesterovs_momentum = warm_start, momentum, nesterovs_momentum
        self.early_stopping, self.validation_fraction = early_stopping, validation_fraction
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.n_iter_no_change, self.max_fun = n_iter_no_change, max_fun

    # What a subclass has -------------------------------------------------------------------------------------------

    _scored: ClassVar[Callable[..., float]]         # (targets, answers, sample_weight=)
    _numeric = False                                # whether targets are numbers

    def _targets(self, y: Any, incremental: bool) -> Any:
        """Targets (samples, outputs) as the loss takes them, from y as the user gives it."""
        raise NotImplementedError

    def _labels(self, targets: Any) -> Any:
        """What the user gave as y, from targets."""
        raise NotImplementedError

    def _out(self) -> str:
        """The activation of the outputs, a key of LOSSES."""
        raise NotImplementedError

    def _answers(self, outputs: Any) -> Any:
        """Predictions from outputs of the network."""
        raise NotImplementedError

    # Training ------------------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train on X (samples, features) and y (samples,) or (samples, outputs); the estimator itself.

        ValueError for unsuitable parameters or data, as in scikit-learn. Ctrl-C ends training with a warning.
        """
        self._validate_params()
        return self._train(X, y, sample_weight, incremental=False)

    def _train(self, X: Any, y: Any, sample_weight: Any, incremental: bool) -> Any:
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        hidden = _sizes(self.hidden_layer_sizes)
        X, y = validate_data(self, X, y, accept_sparse=["csr", "csc"], multi_output=True, dtype=np.float64,
                             y_numeric=self._numeric, reset=first)
        x, targets = dense(X), self._targets(y, incremental)
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, x)
        rng = check_random_state(self.random_state)
        shape = Architecture((x.shape[1], *hidden, targets.shape[1]), self.activation, self._out())
        if first:
            self._start(shape, rng)
        elif [w.shape for w in self.coefs_] != list(pairwise(shape.sizes)):
            raise ValueError(f"expected the sizes of the fit before, {[w.shape for w in self.coefs_]} in coefs_, got "
                             f"{list(pairwise(shape.sizes))}; set warm_start=False to begin anew")
        try:
            with borrowed(shape, self._rule(len(x))) as trainer:
                self._run(trainer, rng, (x, targets, weight), incremental)
        except KeyboardInterrupt:
            warn("Training interrupted by user.", UserWarning)
        return self

    def _start(self, shape: Architecture, rng: Any) -> None:
        """First weights (Glorot & Bengio 2010), and the attributes of a new training."""
        self.coefs_, self.intercepts_ = [], []
        for size, following in pairwise(shape.sizes):
            bound = np.sqrt((2.0 if self.activation == "logistic" else 6.0) / (size + following))
            self.coefs_.append(rng.uniform(-bound, bound, (size, following)))
            self.intercepts_.append(rng.uniform(-bound, bound, following))
        self.n_layers_, self.n_outputs_, self.out_activation_ = len(shape.sizes), shape.sizes[-1], shape.out
        self.n_iter_ = self.t_ = 0
        if self.solver in STOCHASTIC:
            self.loss_curve_: list[float] = []
            self._no_improvement_count = 0
            self.best_loss_ = None if self.early_stopping else np.inf
            self.validation_scores_: list[float] | None = [] if self.early_stopping else None
            self.best_validation_score_ = -np.inf if self.early_stopping else None
        self._state: Any = None

    def _rule(self, samples: int) -> Rule:
        """The solver, and those of its numbers that are a part of the compiled program."""
        few = not isinstance(self.batch_size, str) and self.batch_size < FEW
        return {"sgd": ("sgd", few, self.momentum, self.nesterovs_momentum),
                "adam": ("adam", few, self.beta_1, self.beta_2, self.epsilon),
                "lbfgs": ("lbfgs", samples < FEW)}[self.solver]

    def _run(self, trainer: Trainer, rng: Any, data: tuple[Any, Any, Any], incremental: bool) -> None:
        """Train, and keep the weights, also those at which Ctrl-C ends it."""
        trainer.weights = self._best = packed(self.coefs_, self.intercepts_)
        if self._state is None or not incremental:
            self._state, self._rate = trainer.blank(), float(self.learning_rate_init)
        trainer.state = self._state
        try:
            if self.solver == "lbfgs":
                minimised(self, trainer, *data)
            else:
                Descent(self, trainer, rng, *data).run(1 if incremental else self.max_iter, last=not incremental)
        finally:
            self._state = trainer.state
            best = self._best if self.early_stopping and self.solver in STOCHASTIC else trainer.weights
            self.coefs_, self.intercepts_ = unpacked(best, self._shape())
            self._model: Sequential | None = None

    # The trained network -------------------------------------------------------------------------------------------

    @property
    def model_(self) -> Sequential:
        """The trained network, from features to logits or predictions, as a Module of Linear layers and activations.

        It is one Module for all that comes until the next fit: draw it, step through it, diagnose it, save it. Its
        parameters are copies of coefs_ and intercepts_, which predictions are made from.
        """
        check_is_fitted(self)
        if self._model is None:
            self._model = self._shape().model()
            for v, x in zip(self._model.parameters(), packed(self.coefs_, self.intercepts_).tolist()):
                v.data = x
        return self._model

    def _shape(self) -> Architecture:
        sizes = (self.coefs_[0].shape[0], *(b.shape[0] for b in self.intercepts_))
        return Architecture(sizes, self.activation, self.out_activation_)

    def _outputs(self, X: Any) -> Any:
        """The outputs of the network, (samples, outputs). NotFittedError before fit."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc"], dtype=np.float64, reset=False)
        with borrowed(self._shape()) as trainer:
            trainer.weights = packed(self.coefs_, self.intercepts_)
            return trainer.outputs(dense(X))

    def predict(self, X: Any) -> Any:
        """Predictions for X (samples, features): (samples,), or (samples, outputs). NotFittedError before fit."""
        return self._answers(self._outputs(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _sizes(hidden: Any) -> list[int]:
    """The sizes of the hidden layers. ValueError if one is below 1."""
    sizes = list(hidden) if hasattr(hidden, "__iter__") else [hidden]
    if any(size <= 0 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return [int(size) for size in sizes]


def dense(X: Any) -> Any:
    """A sparse matrix as an array; an array as it is."""
    return X.toarray() if issparse(X) else X
