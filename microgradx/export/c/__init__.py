"""C: a function as C99, one header and one source, without malloc and with no library but libm. In reading order:

names.py        names that C allows
rows.py         rows of the table as expressions of C
interface.py    the arguments of the C function, and structs of weights
state.py        what f reads and sets besides its arguments
straight.py     the body of a small program: one statement after the other
nested.py       the body of a large program: the loops that it came from
function.py     the C functions of a value and its gradient
source.py       to_c(): header and source
"""
