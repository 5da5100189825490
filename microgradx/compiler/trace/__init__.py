"""Trace: runs a function once and records its operations. In reading order:

trace.py            the run
traced.py           the Values without numbers that the function computes with; random draws
errors.py           what tracing refuses, with the line of the user's program
arguments.py        which arguments are numbers, and which are part of the program
module_snapshot.py  the state of a Module when a program was compiled for it
"""
