"""A picture of a graph: every value with its gradient, every edge with its slope, coloured by the gradient flow.

    >>> from microgradx import Value
    >>> from microgradx.show.picture.drawing import draw
    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> picture = draw((w * x).tanh())              # in a notebook this line shows it
    >>> picture.source.splitlines()[0]              # the DOT text; an image: picture.render("graph", format="svg")
    'digraph {'

Drawing changes nothing: it computes its own gradients, whether or not backward() was called.
"""
import math
from collections.abc import Collection, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from ... import nesting
from ...collector import unhindered
from ...engine import Value
from ...ieee import kind_of, short
from .dot import Picture, dot
from .opening import page
from .sketch import Sketch

if TYPE_CHECKING:
    from .render import Drawing

Number = Literal["data", "grad", "slope", "contribution"]
NUMBERS: tuple[Number, ...] = ("data", "grad", "slope", "contribution")
DIGITS = 17                                 # that tell a float from every other


def draw(root: Value, params: Any = None, *, depth: int | None = None, expand: str | Collection[str] = (),
         around: Value | None = None, hops: int = 2, through: Any = None,
         leaves: Literal["inside", "outside"] | None = None, rolled: bool = False,
         show: Number | Collection[Number] = ("data", "grad", "slope"), digits: int = 4, contributions: bool = False,
         limit: int | None = None) -> "Drawing":
    """The graph that root was computed from, as a graphviz.Digraph.

    params         a Module, or Values in lists: drawn as parameters, those of a Module under their names there
    depth          draw scopes as boxes from this level on: 1 the outermost, such as the layers of a network; 0 groups
                   all values by operation
    expand         scopes, and titles of boxes, whose values are always drawn one by one: "layers.0"
    around, hops   draw only the values at most `hops` edges away from this one
    through        draw only the values that this Value, or nested list of Values, depends on, and those that depend on
                   it: one sample of a batch, by its loss or its inputs
    leaves         "inside" the card of the operation that uses them, or "outside"
    rolled         of scopes that are alike but for their number, such as time steps, show one
    show           the numbers to write: any of "data", "grad", "slope" and "contribution", which is slope × gradient
    digits         of these numbers, 1 to 17
    contributions  the same as "contribution" in show
    limit          more boxes than this are collapsed: by default those that a screen does not hold; with a depth, 300

    A graph that is too large is drawn with leaves inside, then with one of the samples of a batch for all, then with
    scopes, levels or operations as boxes; the legend says so. A notebook, and the page that .page() returns, open such
    a box at a click.

    TypeError if root is not a Value, ValueError for a scope or a Value that is not in its graph and for other arguments
    than these, ImportError without python-graphviz, with the command that installs it.

    >>> from microgradx import Value
    >>> a = Value(3.0, "a")
    >>> draw(a * a).source.count("->")              # both edges
    2
    """
    found = picture(root, params, depth=depth, expand=expand, around=around, hops=hops, through=through, leaves=leaves,
                    rolled=rolled, show=show, digits=digits, contributions=contributions, limit=limit)
    found.drawing.page = partial(page, found)
    found.drawing.opens = any(box.main is None for box in found.ids)
    return found.drawing


def picture(root: Value, params: Any, *, depth: int | None = None, expand: str | Collection[str] = (),
            around: Value | None = None, hops: int = 2, through: Any = None, leaves: str | None = None,
            rolled: bool = False, show: str | Collection[str] = ("data", "grad", "slope"), digits: int = 4,
            contributions: bool = False, limit: int | None = None) -> Picture:
    """What draw() draws, by the same arguments."""
    if not isinstance(root, Value):
        raise TypeError(f"draw takes the Value to draw the graph of, got {kind_of(root)}")
    wanted, opened = _listed(show), _listed(expand)
    if strange := [word for word in wanted if word not in NUMBERS]:
        raise ValueError(f"show: expected any of {', '.join(NUMBERS)}, got {', '.join(map(short, strange))}")
    known = [] if params is None else nesting.leaves(params)
    if isinstance(params, str) or not all(isinstance(v, Value) for v in known):
        raise TypeError(f"params: expected a Module, or Values in lists or a dict, got {short(params)}")
    if not all(isinstance(name, str) for name in opened):
        raise ValueError(f"expand: expected the name of a scope or a box, or several, got {short(expand)}")
    if leaves not in ("inside", "outside", None):
        raise ValueError(f'leaves: expected "inside" or "outside", got {short(leaves)}')
    _check_number("digits", digits, 1, DIGITS)
    _check_number("hops", hops, 0)
    _check_number("depth", depth or 0, 0)
    _check_number("limit", 1 if limit is None else limit, 1)
    with unhindered():
        sketch = Sketch(root, params, depth, opened, around, hops, through, leaves, rolled, limit)
    return dot(sketch, params, {*wanted, "contribution"} if contributions else set(wanted), digits)


def _listed(words: Any) -> list[Any]:
    """One or several as a list."""
    return [words] if isinstance(words, str) or not isinstance(words, Iterable) else list(words)


def _check_number(name: str, number: Any, least: int, most: float = math.inf) -> None:
    """ValueError for anything but a whole number in these limits."""
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        limits = f"from {least} up" if most == math.inf else f"from {least} to {most}"
        raise ValueError(f"{name}: expected a whole number {limits}, got {short(number)}")
