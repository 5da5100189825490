"""Export: what was built here leaves for elsewhere: C, ONNX, torch, JAX, sympy, LaTeX. In reading order:

recorded.py     a function as a program of few rows, recorded by the compiler's trace
c/              C source and header of a function, its gradient, or a whole training step
call.py         a program as a function of another library's numbers
jax.py          a function of JAX, whose derivative is the program of ours
formula.py      a graph and its derivative as formulas: sympy, LaTeX
torch.py        a Module as one of torch.nn
onnx.py         a Module as a file of standard operators; tensors.py writes them

Nothing here knows a derivative: each exporter reads rows of the table or a program that was recorded from them. What
cannot be exported is refused by name before anything is written.
"""
from .c.source import CSource, to_c

__all__ = ["CSource", "to_c"]
