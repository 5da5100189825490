"""Checking: is this derivative right? In the order of reading:

differences.py       finite differences with an error bound
mismatch.py          a derivative compared with differences: a Check, and the Mismatch if they disagree
evaluation_point.py  a function at the inputs where it is checked
check.py             gradcheck, and its error messages
samples.py           inputs for a row, read from its domain and kinks
strategies.py        the same as Hypothesis strategies
"""
