"""The intermediate representation: a recorded graph as plain lists. In reading order:

program.py          the lists, simplified as they are built
simplify.py         the simplification rules
lowering.py         expresses a row in rows that the machine has
row_names.py        names of rows, for back ends and for pickle
callbacks.py        warns of rows that only Python can compute
"""
