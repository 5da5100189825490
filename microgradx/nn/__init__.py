"""Neural networks on Values: layers, losses and first weights, under torch.nn's names and shapes.

    >>> from microgradx.nn import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential, cross_entropy
    >>> model = Sequential(Conv2d(1, 2, 3), ReLU(), MaxPool2d(2), Flatten(), Linear(8, 3))
    >>> images = [[[[0.5] * 6] * 6], [[[0.1] * 6] * 6]]             # two images, one channel, 6 x 6
    >>> loss = cross_entropy(model(images), [2, 0])
    >>> loss.backward()

Shapes. Inputs and outputs are nested Python lists of floats or Values. A layer takes one sample, a list of features or
channels x height x width, or a batch, a list of samples. BatchNorm takes only a batch, and so does Flatten(), which
keeps the first dimension: for one sample write Flatten(0).

Errors. A layer checks its arguments before it computes anything: ValueError for a wrong shape or a size below 1, and
TypeError for anything but nested lists of numbers. The message names the layer, what it expected and what it got.

Chance. First weights, Dropout and RReLU draw from Python's `random`: random.seed(1) fixes all of it.

Layers use only what any user can: operators, and rows of the table such as dot. In reading order:

module.py, parts.py, containers.py, lists.py    a Module, how it finds its parts, Modules of Modules
init.py, randomness.py, shapes.py       first weights, random numbers, shapes of nested lists
mlp.py, perceptron.py                   micrograd's network; the unit of 1958
linear.py, activation.py, leaky.py, dropout.py, embedding.py
windows.py, convolution.py, transposed.py, pooling.py, resizing.py      images
normalisation.py, batchnorm.py, instancenorm.py
gates.py, recurrent.py, sequences.py    one step of a recurrent network, and layers over sequences
masks.py, attention.py, transformer.py
lengths.py, losses/                     the length of a vector; losses
"""
from . import init
from .activation import (
    ELU,
    GELU,
    SELU,
    Elementwise,
    Hardtanh,
    Identity,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from .attention import MultiheadAttention, attend
from .batchnorm import BatchNorm1d, BatchNorm2d
from .containers import Residual, Sequential
from .convolution import Conv1d, Conv2d
from .dropout import Dropout
from .embedding import Embedding
from .instancenorm import GroupNorm, InstanceNorm1d, InstanceNorm2d
from .leaky import PReLU, RReLU
from .linear import Linear
from .lists import ModuleDict, ModuleList, ParameterList
from .losses import (
    bce,
    bce_with_logits,
    cosine_embedding,
    cross_entropy,
    hinge,
    hinge_embedding,
    huber,
    kl_div,
    l1,
    l1_penalty,
    l2_penalty,
    margin_ranking,
    mse,
    multi_margin,
    nll,
    smooth_l1,
    triplet_margin,
)
from .mlp import MLP, Layer, Neuron
from .module import Buffer, Module
from .normalisation import LayerNorm, RMSNorm
from .perceptron import Perceptron
from .pooling import AvgPool1d, AvgPool2d, Flatten, MaxPool1d, MaxPool2d
from .recurrent import GRUCell, LSTMCell, RNNCell
from .resizing import AdaptiveAvgPool1d, AdaptiveAvgPool2d, Upsample
from .sequences import GRU, LSTM, RNN, detached
from .transformer import TransformerEncoderLayer
from .transposed import ConvTranspose1d, ConvTranspose2d

__all__ = [
    "Module", "Buffer", "init",
    "Neuron", "Layer", "MLP", "Perceptron",
    "Linear", "Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d",
    "MaxPool1d", "MaxPool2d", "AvgPool1d", "AvgPool2d", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "Upsample", "Flatten",
    "RNNCell", "GRUCell", "LSTMCell", "RNN", "GRU", "LSTM", "detached",
    "Embedding", "MultiheadAttention", "attend", "TransformerEncoderLayer",
    "Dropout", "BatchNorm1d", "BatchNorm2d", "LayerNorm", "RMSNorm", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d",
    "Elementwise", "Identity", "ReLU", "LeakyReLU", "PReLU", "RReLU", "ELU", "SELU", "SiLU", "GELU", "Mish",
    "Sigmoid", "LogSigmoid", "Tanh", "Softplus", "Softsign", "Hardtanh", "Softmax", "LogSoftmax",
    "Sequential", "Residual", "ModuleList", "ModuleDict", "ParameterList",
    "mse", "l1", "huber", "smooth_l1", "bce", "bce_with_logits", "kl_div", "cross_entropy", "nll",
    "hinge", "hinge_embedding", "margin_ranking", "multi_margin", "cosine_embedding", "triplet_margin",
    "l1_penalty", "l2_penalty",
]
