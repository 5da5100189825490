"""The compiler: scalar programs at the speed of hand-written C.

The folders in reading order; the __init__.py of each lists its files in reading order.

trace/          runs the function once on Values without numbers and records its operations
ir/             turns the recorded graph into plain lists, simplifies them, and lowers rows that the back end lacks
native/         emits machine code with LLVM
loops/          turns a large program back into the loops that it came from
training/       compiled training: fit(..., jit=True)

native_backend.py and python_backend.py compile a program; training/ uses them too. backends.py puts both behind one
interface and chooses one. jit.py has jit(f), methods.py that of a method, variant.py its program for one structure of
arguments, samples.py that of one sample for jit(vmap(f)), which native_samples.py runs for all; out.py writes results
to arrays of the caller. report.py is the report on a compilation, pickling.py sends compiled functions to other
processes.

A folder imports from those before it, never from one after it.
"""
from .backends import backend as backend
from .jit import Jitted, Report, jit
from .trace.errors import TooLarge, TracingError

__all__ = ["Jitted", "Report", "TooLarge", "TracingError", "jit"]
