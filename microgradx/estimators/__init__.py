"""scikit-learn's neural networks on microgradx: MLPClassifier, MLPRegressor, BernoulliRBM, with its parameters.

    >>> from microgradx.estimators import MLPClassifier
    >>> xor = MLPClassifier((8,), solver="lbfgs", random_state=1)
    >>> xor.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]).predict([[0, 1], [1, 1]]).tolist()
    [1, 0]
    >>> xor.model_                                      # the trained network as a Module: draw it, step through it
    Sequential()  # 33 parameters
      (0): Linear(2, 8)  # 24 parameters
      (1): ReLU()  # 0 parameters
      (2): Linear(8, 1)  # 9 parameters

They need the extra `sklearn`. In reading order:

network.py      the network of an estimator as a Module, its loss, its weights as arrays
energy.py       the energy of a restricted Boltzmann machine as a Module
rules.py        scikit-learn's rules of the solvers "sgd" and "adam"
trainer.py      a model with its compiled training, kept for the next fit of the same shape
descent.py      the solvers "sgd" and "adam": epochs, batches, when to stop
quasi_newton.py the solver "lbfgs"
parameters.py   the parameters of MLPClassifier and MLPRegressor, and what each may be
perceptron.py   what both share: fit, predictions
classifier.py   MLPClassifier
regressor.py    MLPRegressor
rbm.py          BernoulliRBM
"""
from ..extras import install

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise ImportError(f"microgradx.estimators needs scikit-learn: {install('sklearn')}") from error

from .classifier import MLPClassifier
from .energy import RestrictedBoltzmannMachine
from .rbm import BernoulliRBM
from .regressor import MLPRegressor

__all__ = ["BernoulliRBM", "MLPClassifier", "MLPRegressor", "RestrictedBoltzmannMachine"]
