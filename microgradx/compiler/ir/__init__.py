"""The intermediate representation: a recorded graph as plain lists. In reading order:

dtype.py            the numbers that a program computes with
program.py          the lists, simplified as they are built
repeat.py           a loop of scan in it: the program of one step
simplify.py         the simplification rules
lowering.py         expresses a row in rows that the machine has
row_names.py        names of rows, for back ends and for pickle
callbacks.py        warns of rows that only Python can compute
"""
