"""Training: optimisers, schedules, batches, fit() and weights on disk, all on the public face of Value."""
from .clipping import clip_grad_norm, clip_grad_value, grad_norm
from .data import batches, split
from .evaluation import evaluate
from .fit import fit
from .gradient import NonFiniteError
from .history import History, Record
from .optim import SGD, Adam, AdamW, Optimiser, RMSprop
from .schedules import CosineAnnealingLR, LinearLR, StepLR
from .weights import WeightsError, load, save

__all__ = [
    "Optimiser", "SGD", "Adam", "AdamW", "RMSprop",
    "StepLR", "CosineAnnealingLR", "LinearLR",
    "clip_grad_norm", "clip_grad_value", "grad_norm",
    "batches", "split",
    "fit", "evaluate", "History", "Record", "NonFiniteError",
    "save", "load", "WeightsError",
]
