"""stepper(root): both passes step by step, at the terminal or, in a notebook, on the page.

    >>> from microgradx import Value, stepper
    >>> stepper(Value(2.0, "x") * 3, ["goto 1"])
    (0/4) goto 1
    forward 1 of 2      x = 2    (a leaf: its number is given)
"""
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..engine import Value
from .terminal.stepper_session import step_through

if TYPE_CHECKING:
    from .notebook import Stepper


def stepper(root: Value, commands: Iterable[str] | None = None) -> "Stepper | None":
    """Step through root's forward and backward pass: at a terminal by typed commands, else by those piped in.

    commands    lines to play instead, as a script

    In a notebook it returns the page, which the cell shows. Without a terminal and without commands it prints the whole
    transcript. TypeError if root is not a Value.

    >>> from microgradx import Value, stepper
    >>> stepper(Value(1.0, "x").tanh(), ["n", "n"])
    (0/4) n
    forward 1 of 2      x = 1    (a leaf: its number is given)
    (1/4) n
    forward 2 of 2      y = tanh(x) = tanh(1) = 0.761594
    """
    if commands is None and not {"IPython", "marimo"}.isdisjoint(sys.modules):
        from .notebook import Stepper, running  # imported here: it imports the page, which a terminal does not need
        if running():
            return Stepper(root)
    step_through(root, commands)
    return None
