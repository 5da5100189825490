"""Export: what was built here leaves for elsewhere: C, ONNX, torch, JAX, sympy, LaTeX. In reading order:

recorded.py     a function as a program of few rows, recorded by the compiler's trace
c/              C source and header of a function, its gradient, or a whole training step
equations.py    a graph and its whole derivative, a line for each part: latex.py and sympy.py write them
waves.py        a program on arrays of another library, many operations at once
jax.py          a function with its derivative as one of JAX
torch.py        a Module as one of torch.nn; torch_mlp.py: micrograd's, which torch does not have
onnx/           a function or Module as a file of standard operators

Nothing here knows a derivative: each exporter reads rows of the table or a program that was recorded from them. What
cannot be exported is refused by name before anything is written.
"""
from .c.source import CSource, to_c
from .jax import to_jax
from .latex import to_latex
from .onnx.model import to_onnx
from .sympy import to_sympy
from .torch import to_torch

__all__ = ["CSource", "to_c", "to_jax", "to_latex", "to_onnx", "to_sympy", "to_torch"]
