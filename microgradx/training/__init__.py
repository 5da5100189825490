"""Training: optimisers, schedules, batches, fit() and weights on disk, all on the public face of Value."""
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
