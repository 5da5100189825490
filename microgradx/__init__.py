"""microgradx: a scalar autograd engine to read in ten minutes, step through, trust and run fast."""
from .activations import *
from .derivatives import grad, gradients, hessian, hvp, jvp, value_and_grad
from .ops import *
from .reductions import *
from .table import reduction, row
from .value import Value, no_grad, tape
