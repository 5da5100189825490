"""Rows of the table by what can be checked of them; as imported: rows that other tests add are not among them.

    >>> from microgradx import detach, relu, tanh
    >>> [(op in ROWS, op in KINKED) for op in (tanh, relu, detach)]
    [(True, False), (True, True), (False, False)]
"""
from microgradx.checking.samples import is_smooth, kink_points
from microgradx.table import TABLE

ROWS = [op for op in TABLE.values() if is_smooth(op)]       # all but detach, whose slope is a decree
KINKED = [op for op in ROWS if kink_points(op)]             # found once: it takes a second
