"""The intermediate representation: a recorded graph as plain lists. In the order of reading:

program.py          the lists, simplified while they are filled
simplify.py         the rules of simplification
lowering.py         rows in terms of the few that a machine has
fuse.py             sums of products as one operation
row_names.py        rows by name, for back ends and for pickle
callbacks.py        rows that only Python can compute: one warning
"""
