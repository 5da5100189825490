"""MLPClassifier: a network that learns classes, one of two, of many, or any number of them at once.

    >>> from microgradx.estimators import MLPClassifier
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"]
    >>> model = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, y)
    >>> model.predict([[-1.0], [4.0]]).tolist(), model.classes_.tolist(), model.score(X, y)
    (['low', 'high'], ['high', 'low'], 1.0)
"""
from typing import Any

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels

from .perceptron import MultilayerPerceptron, stochastic


class MLPClassifier(ClassifierMixin, MultilayerPerceptron):
    """A network of Linear layers that minimises the cross entropy of classes. As sklearn.neural_network.MLPClassifier.

    All parameters, attributes and methods are scikit-learn's; the same random_state gives the same run, to rounding.
    `model_` is the trained network, whose outputs are logits. ValueError for unsuitable parameters or data.

    Two classes have one logit, more one each; y (samples, labels) of 0 and 1 is multi-label, with a logit a label.

    >>> model = MLPClassifier((4,), solver="lbfgs", random_state=0).fit([[0.0], [1.0], [2.0]], [0, 1, 2])
    >>> [w.shape for w in model.coefs_], model.out_activation_
    ([(1, 4), (4, 3)], 'softmax')
    >>> model.predict_proba([[2.0]]).argmax().item()
    2
    """

    _scored = staticmethod(accuracy_score)

    def _targets(self, y: Any, incremental: bool) -> Any:
        """0 and 1 for each output. ValueError for classes that were not there at first."""
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or (not self.warm_start and not incremental):
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        elif self.warm_start and set(unique_labels(y)) != set(self.classes_):
            raise ValueError("warm_start can only be used where `y` has the same classes as in the previous call to "
                             f"fit. Previously got {self.classes_}, `y` has {unique_labels(y)}")
        elif len(np.setdiff1d(unique_labels(y), self.classes_, assume_unique=True)):
            raise ValueError(f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. "
                             f"'y' has {unique_labels(y)}.")
        found = self._label_binarizer.transform(y).astype(float)
        return found.reshape(len(found), -1)

    def _out(self) -> str:
        return "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"

    def _labels(self, targets: Any) -> Any:
        return self._label_binarizer.inverse_transform(targets)

    def _answers(self, outputs: Any) -> Any:
        shares = softmax(outputs, axis=1) if self.out_activation_ == "softmax" else expit(outputs)
        return self._labels(shares.ravel() if self.n_outputs_ == 1 else shares)

    @available_if(stochastic)  # type: ignore[untyped-decorator, unused-ignore]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Any:
        """One epoch on X and y, from where the last one ended; the estimator itself.

        classes: all that will ever come, at the first call. ValueError without them, and for others later.

        >>> model = MLPClassifier((4,), random_state=0)
        >>> model.partial_fit([[0.0]], ["a"], classes=["a", "b"]).partial_fit([[1.0]], ["b"]).t_
        2
        """
        self._validate_params()
        if _check_partial_fit_first_call(self, classes):
            self._label_binarizer = LabelBinarizer().fit(y if type_of_target(y).startswith("multilabel") else classes)
        return self._train(X, y, sample_weight, incremental=True)

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class, (samples, classes), in the order of classes_; of each label by itself."""
        return self._shares(X, softmax, lambda z: np.hstack([expit(-z), expit(z)]), expit)

    def predict_log_proba(self, X: Any) -> Any:
        """The logarithms of predict_proba(X), which stay finite where these are 0."""
        return self._shares(X, log_softmax, lambda z: np.hstack([log_expit(-z), log_expit(z)]), log_expit)

    def _shares(self, X: Any, many: Any, two: Any, labels: Any) -> Any:
        logits = self._outputs(X)
        if self.out_activation_ == "softmax":
            return many(logits, axis=1)
        return two(logits) if self.n_outputs_ == 1 else labels(logits)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
