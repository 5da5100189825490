"""A warning names the line of the user's program, however many calls of this package lie between."""
import math
import warnings

import pytest

from microgradx import jit, nn
from microgradx.table import Op
from microgradx.training import SGD, fit

from .test_package import SOURCES

shifted = Op("shifted", lambda x: float(str(math.exp(x))), lambda y, x: y)          # machine code calls Python back
X, Y = [[1.0, 2.0]] * 4, [1.0] * 4


def trained(jit, others, loss=lambda m, x, y: (m(x)[0] - y) ** 2):
    model = nn.Linear(2, 1)
    fit(model, X, Y, loss, SGD((nn.Linear(2, 1) if others else model).parameters(), lr=1e-3), epochs=1, jit=jit)


def lengths():
    f = jit(lambda xs: xs[0] * 2.0)
    for count in range(1, 40):
        f([1.0] * count)


PROGRAMS = {
    "rows of one's own, jit": lambda: jit(lambda x: shifted(x) * 2)(1.0),
    "rows of one's own, fit": lambda: trained(True, False, lambda m, x, y: (shifted(m(x)[0]) - y) ** 2),
    "another model, eager": lambda: trained(False, True), "another model": lambda: trained(True, True),
    "structures": lengths, "dropout of one layer": lambda: nn.LSTM(2, 2, dropout=0.5)}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_warning_names_a_line_of_the_users_file(program):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        program()
    assert [one.filename for one in found] == [__file__]


def test_every_warning_is_issued_there():
    assert [name for name, source in SOURCES.items() if "warnings.warn(" in source] == ["warning"]
