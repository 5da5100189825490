"""Checking: is this derivative right? In the order of reading:

differences.py       finite differences that know their own error
mismatch.py          a derivative set against differences: a Check, and the Mismatch where they disagree
evaluation_point.py  a function at the inputs where it is checked
check.py             gradcheck, and what its errors say
samples.py           inputs for a row, read from its domain and kinks
strategies.py        the same as Hypothesis strategies
"""
