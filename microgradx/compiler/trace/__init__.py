"""Trace: runs a function once and records its operations. In reading order:

trace.py            the run
traced.py           the Values without numbers that the function is given; what it reads, draws and sets
tracer.py           records what the function does; state.py: what it reads and sets; tame.py: slopes that stay finite;
                    rules.py: the slopes of rows, run once
scan.py             a scan whose steps are alike: body.py: one step; loop.py: all of them as one operation, and its
                    derivatives; packing.py: what flows there as numbers; segments.py: a loop of loops
contents.py         what one object holds, and whose it is: the user's or a library's
places.py, marks.py         all that can be reached from a function, and what tells that it has changed
surroundings.py     plain numbers that the function keeps from call to call, which its program would not; signature.py:
                    what tells two recordings apart
reach.py            what can be reached by the names in its code; closures.py: what it reads, compared at each call;
                    outside.py: what it asks of the system
errors.py           what is refused, with the line that asks for it
arguments.py        what of the arguments is a number, and what is part of the program; results.py: what comes back
module_snapshot.py  a Module as it was when a program was compiled for it
"""
