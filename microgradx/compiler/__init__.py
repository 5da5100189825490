"""The compiler: scalar programs at the speed of hand-written C.

A function goes through its rooms in this order; each opens with its files in the order of reading.

trace/          the function is run once on Values without numbers, and what it did is kept
ir/             that graph as plain lists, simplified, in rows that the back end has
native/         machine code by LLVM
loops/          a large program turned back into the loops that it came from
training/       compiled training: fit(..., jit=True)

native_backend.py and python_backend.py, which training/ uses too, make a program run; backends.py chooses between the
two, behind one interface. On top stand jit.py with jit(f), variant.py, its program for one structure of arguments,
report.py, what became of it, and pickling.py; and shards.py, an example on a cluster.

A room imports from those before it, never from one after it.
"""
from .backends import backend as backend
from .jit import Jitted, Report, jit
from .trace.errors import TooLarge, TracingError

__all__ = ["Jitted", "Report", "TooLarge", "TracingError", "jit"]
