"""The compiler: scalar programs at the speed of hand-written C.

Read it as a chapter, in the order in which a function goes through it:

trace.py        f is run once on Values without numbers (traced.py); the graph it records is the program
errors.py       what is refused there; branches.py: the value of a row may ask what is true, and goes both ways
effects.py      what layers keep and draw at random, as a part of the program
program.py      the graph as plain lists, simplified (rules.py); names.py: its rows by name
python.py       the program as Python source: the back end that needs nothing installed
spelling.py     for machine code, rows of the table in terms of the few that a machine has (elements.py)
fuse.py         sums of products as one operation
straight.py     a small program as one line of machine instructions; entry.py: as a builtin function of Python
compose.py      a large one: operations that are used once become a part of the next
layout.py       which numbers lie side by side in memory
loops.py        the loops that they came from, found again (affine.py)
shapes.py       what many loops have in common
nests.py        one function for all of a shape, a number at a time; in vectors (vectors.py): results.py, terms.py
library.py      those functions, compiled once in a process; schedule.py calls them one after the other
elementary/     exp, tanh and their like on vectors of numbers
batch.py        a small program for many samples at once
native.py       a program as a kernel.py, code that machine.py loads; resident.py: parameters that stay in memory
jitted.py       jit(f), a program (variant.py) for each structure of arguments (structure.py) and Module (seen.py)
report.py       what became of a function
parcel.py       jit(f) in other processes; shards.py: gradients of much data, by a cluster
session.py      compiled training: fit(..., jit=True); python_session.py, or in machine code, sample by sample
                (part.py) or in lanes (batch.py): native_session.py, around it driver.py
"""
from .errors import TooLarge, TracingError
from .jitted import Jitted, Report, jit

__all__ = ["Jitted", "Report", "TooLarge", "TracingError", "jit"]
