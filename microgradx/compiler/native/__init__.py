"""Machine code by LLVM. In the order of reading:

instructions.py     what the machine does to numbers and vectors
libm.py             which rows are functions of the C library
elementary/         exp, tanh and their like on vectors
builder.py          a function whose loops are with-blocks
engine.py           code loaded for this processor
straight.py         a small program without a loop
resident.py         parameters that stay in memory
kernel.py           a program with the memory that it computes in
entry.py            a small program as a builtin function of Python
"""
