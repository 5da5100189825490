"""Machine code, compiled by LLVM. In reading order:

instructions.py     emits the instructions of a row, for numbers and vectors
libm.py             finds the rows that are functions of the C library
elementary/         exp, tanh and the like on vectors
builder.py          builds a function, with loops as with-blocks
cache.py            machine code on disk
engine.py           loads code for this processor
straight.py         compiles a small program to one basic block
place.py            slots in the memory of a program, and outside of it
resident.py         keeps parameters in the memory of machine code
kernel.py           a compiled program with its memory
layout.py           where CPython keeps what in objects
objects.py          builds a function on objects of Python, by CPython's C API
builtin.py          machine code as a builtin function
buffers.py          numbers of such a function
reader.py           reads its arguments
guard.py            looks whether what the program closes over is as it was
maker.py            makes its results
pool.py             memories of a kernel that no thread is using
entry.py            a program as a builtin function of Python, of all these
into.py             the same for calls with arrays that take the results
vectorcall.py       a class whose objects hand a call on as it is
forward.py          in machine code, to their __call__
threads.py          threads that wait for work
waiting.py          Ctrl-C in a loop without end
"""
