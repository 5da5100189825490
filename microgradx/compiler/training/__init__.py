"""Compiled training: fit(..., jit=True). In the order of reading:

session.py          samples, programs, steps: what both back ends share
python_session.py   by generated Python
native_session.py   in machine code
sample_kernel.py    the code for samples of one form
lanes.py            the code for many samples at once
driver.py           the training loop around it
"""
