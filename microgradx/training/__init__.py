"""Training: optimisers, schedules, batches, fit() and weights on disk, all on the public face of Value.

    >>> from microgradx.nn import Linear, mse
    >>> from microgradx.training import SGD, fit
    >>> model = Linear(1, 1, bias=False)
    >>> model.load_state_dict({"weight": [[0.0]]})
    >>> history = fit(model, [[1.0]], [[2.0]], lambda m, x, y: mse(m(x), y), SGD(model.parameters(), lr=0.25), steps=2)
    >>> model.weight[0][0].data, [record.loss for record in history]
    (1.5, [4.0, 1.0])

In reading order:

optim.py        what all optimisers share: a rule for one parameter; groups of parameters
sgd.py, adam.py, scaled.py      the rules: SGD; Adam, AdamW, NAdam; RMSprop, Adagrad
lbfgs.py        LBFGS, which looks at all parameters at once; memory.py, line_search.py: its two halves
schedules.py, plateau.py        learning rates that change
clipping.py     gradients that are too long
data.py, class_weight.py        batches, a part set aside, weights of classes
gradient.py     loss and gradient of a batch
runner.py       steps, one by one with a graph or many compiled; compiled.py: where the compiler is imported
step_budget.py, progress.py, mode.py    how many steps in one call, the line at a terminal, training and eval()
history.py      the record of every step
evaluation.py, validation.py    the loss on other data, and the best weights
weights.py      weights on disk
generators.py, checkpoint.py    random generators; a whole run on disk, to continue
arguments.py    the arguments of fit(), checked
run.py          the loop: steps, validation, callback, checkpoint
fit.py          fit(), with all of these
outcome.py      what a training came to, as text
examples/       training on real input, with targets
"""
from .adam import Adam, AdamW, NAdam
from .clipping import clip_grad_norm, clip_grad_value, grad_norm
from .data import batches, split
from .evaluation import evaluate
from .fit import fit
from .gradient import NonFiniteError
from .history import History, Record
from .lbfgs import LBFGS
from .optim import Optimiser
from .plateau import ReduceLROnPlateau
from .scaled import Adagrad, RMSprop
from .schedules import (
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    StepLR,
)
from .sgd import SGD
from .weights import WeightsError, load, save

__all__ = [
    "Optimiser", "SGD", "Adam", "AdamW", "NAdam", "RMSprop", "Adagrad", "LBFGS",
    "StepLR", "MultiStepLR", "ExponentialLR", "LinearLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts",
    "OneCycleLR", "ReduceLROnPlateau",
    "clip_grad_norm", "clip_grad_value", "grad_norm",
    "batches", "split",
    "fit", "evaluate", "History", "Record", "NonFiniteError",
    "save", "load", "WeightsError",
]
