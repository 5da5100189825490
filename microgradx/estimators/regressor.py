"""MLPRegressor: a network that learns numbers.

    >>> from microgradx.estimators import MLPRegressor
    >>> X = [[x / 4] for x in range(-8, 9)]
    >>> model = MLPRegressor((8,), "tanh", solver="lbfgs", tol=1e-3, random_state=0).fit(X, [x * x for [x] in X])
    >>> model.predict([[1.0]]).round(1).tolist()
    [1.0]
"""
from typing import Any

from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if

from .perceptron import MultilayerPerceptron, stochastic


class MLPRegressor(RegressorMixin, MultilayerPerceptron):
    """A network of Linear layers that minimises half the squared error. As sklearn.neural_network.MLPRegressor.

    All parameters, attributes and methods are scikit-learn's, but its `loss`; the same random_state gives the same run,
    to rounding. `model_` is the trained network. ValueError for unsuitable parameters or data.

    y is (samples,), or (samples, outputs).

    >>> model = MLPRegressor((), solver="lbfgs", alpha=0.0).fit([[0.0], [1.0]], [[1.0, 0.0], [3.0, 4.0]])
    >>> model.predict([[2.0]]).round(2).tolist()
    [[5.0, 8.0]]
    """

    _scored = staticmethod(r2_score)
    _numeric = True

    def _targets(self, y: Any, incremental: bool) -> Any:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return y.reshape(len(y), -1).astype(float)

    def _out(self) -> str:
        return "identity"

    def _labels(self, targets: Any) -> Any:
        return targets

    def _answers(self, outputs: Any) -> Any:
        return outputs.ravel() if outputs.shape[1] == 1 else outputs

    @available_if(stochastic)  # type: ignore[untyped-decorator, unused-ignore]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """One epoch on X and y, from where the last one ended; the estimator itself.

        >>> model = MLPRegressor((4,), random_state=0)
        >>> model.partial_fit([[0.0]], [1.0]).partial_fit([[1.0]], [2.0]).t_
        2
        """
        self._validate_params()
        return self._train(X, y, sample_weight, incremental=True)
