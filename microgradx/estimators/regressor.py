"""MLPRegressor: a network that learns numbers.

    >>> from microgradx.estimators import MLPRegressor
    >>> X = [[x / 4] for x in range(-8, 9)]
    >>> model = MLPRegressor("squared_error", (8,), "tanh", solver="lbfgs", tol=1e-3, random_state=0)
    >>> model.fit(X, [x * x for [x] in X]).predict([[1.0]]).round(1).tolist()
    [1.0]
"""
from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from .parameters import PARAMETERS
from .perceptron import MultilayerPerceptron, stochastic


class MLPRegressor(RegressorMixin, MultilayerPerceptron):
    """A network of Linear layers that minimises half the squared error, or half the deviance of counts.
    As sklearn.neural_network.MLPRegressor.

    All parameters, attributes and methods are scikit-learn's; the same random_state gives the same run, to rounding.
    `model_` is the trained network. ValueError for unsuitable parameters or data.

    loss    "squared_error", or "poisson": predictions are exp of the outputs of the network, y is from 0 up
    y       (samples,), or (samples, outputs)

    >>> model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0.0)
    >>> model.fit([[0.0], [1.0]], [[1.0, 0.0], [3.0, 4.0]]).predict([[2.0]]).round(2).tolist()
    [[5.0, 8.0]]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "loss": [StrOptions({"squared_error", "poisson"})], **PARAMETERS}
    _numeric = True

    def __init__(self, loss: str = "squared_error", hidden_layer_sizes: Any = (100,), activation: str = "relu", *,
                 solver: str = "adam", alpha: float = 0.0001, batch_size: int | str = "auto",
                 learning_rate: str = "constant", learning_rate_init: float = 0.001, power_t: float = 0.5,
                 max_iter: int = 200, shuffle: bool = True, random_state: Any = None, tol: float = 1e-4,
                 verbose: bool | int = False, warm_start: bool = False, momentum: float = 0.9,
                 nesterovs_momentum: bool = True, early_stopping: bool = False, validation_fraction: float = 0.1,
                 beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8, n_iter_no_change: float = 10,
                 max_fun: int = 15000) -> None:
        super().__init__(hidden_layer_sizes, activation, solver=solver, alpha=alpha, batch_size=batch_size,
                         learning_rate=learning_rate, learning_rate_init=learning_rate_init, power_t=power_t,
                         max_iter=max_iter, shuffle=shuffle, random_state=random_state, tol=tol, verbose=verbose,
                         warm_start=warm_start, momentum=momentum, nesterovs_momentum=nesterovs_momentum,
                         early_stopping=early_stopping, validation_fraction=validation_fraction, beta_1=beta_1,
                         beta_2=beta_2, epsilon=epsilon, n_iter_no_change=n_iter_no_change, max_fun=max_fun)
        self.loss = loss

    @staticmethod
    def _scored(y: Any, answers: Any, sample_weight: Any = None) -> float:
        return r2_score(y, answers, sample_weight=sample_weight) if np.isfinite(answers).all() else np.nan

    def _targets(self, y: Any, incremental: bool) -> Any:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError(f"loss='poisson' is of counts: expected y from 0 up, got {y.min()}")
        return y.reshape(len(y), -1).astype(float)

    def _out(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"

    def _labels(self, targets: Any) -> Any:
        return targets

    def _answers(self, outputs: Any) -> Any:
        if self.out_activation_ == "exp":
            with np.errstate(over="ignore"):
                outputs = np.exp(outputs)
        return outputs.ravel() if outputs.shape[1] == 1 else outputs

    @available_if(stochastic)  # type: ignore[untyped-decorator, unused-ignore]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """One epoch on X and y, from where the last one ended; the estimator itself.

        >>> model = MLPRegressor(hidden_layer_sizes=(4,), random_state=0)
        >>> model.partial_fit([[0.0]], [1.0]).partial_fit([[1.0]], [2.0]).t_
        2
        """
        self._validate_params()
        return self._train(X, y, sample_weight, incremental=True)
