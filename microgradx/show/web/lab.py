"""The lab: one page in which networks train, and from any unit one click leads down to its chain rule.

    >>> from microgradx.show.web.lab import lab
    >>> page = lab()
    >>> page.startswith("<!doctype html>"), len(page) < 350_000
    (True, True)

Everything that computes in it is generated from the rows of the table: kernels.py for networks, language.py for
expressions. Like every page it is one file that works from disk, without a network.
"""
from collections.abc import Sequence
from html import escape
from math import isfinite
from typing import Any

from ...activations import relu
from ...ieee import number, short
from ...nn import MLP, Linear, Sequential
from ...nn.activation import Elementwise
from ...nn.init import GAINS, calculate_gain
from ...ops import identity
from ..picture.units import number_at
from .bundle import CORE, STEP, bundle
from .javascript import JavaScriptRows
from .kernels import ACTIVATIONS, LOSSES, UNITS, kernels
from .language import formulas, language, recorded

TITLE = "microgradx lab"
LINEAR = identity.name
HINT = "Space plays, arrow keys step."
LAYERS, POINTS, REACH = 6, 500, 2.0         # of hidden layers and of points, at most; the plane is drawn from -2 to 2
READER = tuple(f"core/{name}.js" for name in ("tokens", "guesses", "atoms", "grammar", "reader", "meanings"))
LAB = tuple(f"lab/{name}.js" for name in (
    "chance", "data", "network", "trainer", "scalar", "state", "observe", "paint", "plane", "diagram", "output",
    "curves", "compare", "unit", "controls", "missions", "program", "expression", "link", "lab"))


class Page(str):
    """A page as HTML, which a notebook shows in a frame without access to the notebook."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        style = "width: 100%; height: 900px; border: 1px solid #8888; border-radius: 6px"
        return f'<iframe sandbox="allow-scripts" title="{TITLE}" style="{style}" srcdoc="{escape(self)}"></iframe>'


def lab(model: Any = None, xs: Sequence[Any] | None = None, ys: Sequence[Any] | None = None) -> Page:
    """The page as HTML, a str that a notebook displays: with a model of dense layers and its data, or with moons.

    model  a Sequential of Linear layers and activations, or an MLP: 1 or 2 inputs, up to 6 hidden layers of 8 units,
           one output without an activation; the page starts from its weights
    xs     N inputs, each between -2 and 2: (N, 2), (N, 1) or (N)
    ys     N targets: classes 1 and -1 (or 1 and 0), for one input any numbers

    TypeError or ValueError, with what to write instead, for any other model or data. Nothing is changed.

    >>> from microgradx.nn import Linear, Sequential, Tanh
    >>> from microgradx.show.web.lab import lab
    >>> page = lab(Sequential(Linear(2, 3), Tanh(), Linear(3, 1)), [[0.0, 1.0], [1.0, 0.0]], [1, -1])
    >>> '"weights":[' in page, '"own":[{"x":[0.0,1.0],"t":1.0}' in page
    (True, True)
    """
    given = None
    if model is not None:
        if xs is None or ys is None:
            raise TypeError("lab takes a model and its data: lab(model, xs, ys)")
        given = _given(model, xs, ys)
    program = JavaScriptRows()
    loops = kernels(program)
    data = {"language": language(program), **formulas(program), "given": given,
            "gains": {name: calculate_gain(name) for name in ACTIVATIONS if name in GAINS},
            "losses": {name: recorded(lambda pair, f=f: [f(*pair)], 2) for name, f in LOSSES.items()}}
    scripts = [*CORE, *READER, *STEP, *LAB]
    return Page(bundle(TITLE, HINT, "lab/lab.html", data, f"{program.source()}\n{loops}",
                       ["lab/data_in.js", *scripts], ("page.css", "lab/lab.css")))


def _given(model: Any, xs: Sequence[Any], ys: Sequence[Any]) -> dict[str, Any]:
    """A model and its data as settings of the page. TypeError or ValueError if the page cannot show them."""
    layers = _layers(model)
    sizes = [layers[0][1][0], *(size[1] for _, size, _ in layers)]
    for units, (_, (wanted, _), _) in zip(sizes, layers):
        if units != wanted:
            raise ValueError(f"lab: a layer with {wanted} inputs behind {units} units; give both the same number")
    points = _points(xs, ys, sizes[0])
    curve = sizes[0] == 1
    if sizes[-1] != 1 or layers[-1][0] != LINEAR:
        raise ValueError(f"lab: expected one output without an activation, got {sizes[-1]} and {layers[-1][0]}")
    if sizes[0] not in (1, 2) or len(layers) > LAYERS + 1 or max(sizes[1:]) > UNITS:
        raise ValueError(f"lab shows 1 or 2 inputs and up to {LAYERS} hidden layers of {UNITS} units, got {sizes}")
    return {"config": {"data": "given", "count": len(points), "noise": 0, "share": 0, "own": points, "inputs": sizes[0],
                       "loss": "squared" if curve else "cross entropy",
                       "layers": [{"units": size[1], "act": act} for act, size, _ in layers[:-1]]},
            "weights": [w for _, _, weights in layers for w in weights]}


def _layers(model: Any) -> list[tuple[str, tuple[int, int], list[float]]]:
    """For each dense layer its activation, its sizes, and for each unit its weights and its bias."""
    if isinstance(model, MLP):
        return [(relu.name if layer.neurons[0].nonlin else LINEAR, (len(layer.neurons[0].w), len(layer.neurons)),
                 [v.data for neuron in layer.neurons for v in (*neuron.w, neuron.b)]) for layer in model.layers]
    if not isinstance(model, Sequential):
        raise TypeError(f"lab takes a Sequential of Linear layers and activations, or an MLP; got {short(model)}")
    found: list[tuple[str, tuple[int, int], list[float]]] = []
    for module in model:
        if isinstance(module, Linear):
            biases = module.bias or [0.0] * module.out_features
            weights = [number_at(v) for row, b in zip(module.weight, biases) for v in (*row, b)]
            found.append((LINEAR, (module.in_features, module.out_features), weights))
        elif not (isinstance(module, Elementwise) and module.row.name in ACTIVATIONS and found
                  and found[-1][0] == LINEAR and module.constants in ((), module.row.defaults)):
            raise ValueError(f"lab cannot show {module}; it takes Linear layers, each with one activation of "
                             f"{', '.join(ACTIVATIONS)} behind it")
        else:
            found[-1] = (module.row.name, *found[-1][1:])
    if not found:
        raise ValueError("lab: the model has no Linear layer")
    return found


def _points(xs: Sequence[Any], ys: Sequence[Any], inputs: int) -> list[dict[str, Any]]:
    """The samples as points of the page."""
    rows = [[*map(number, x)] if hasattr(type(x), "__len__") else [number(x)] for x in xs]
    targets = [number(y[0] if hasattr(type(y), "__len__") else y) for y in ys]
    if len(rows) != len(targets) or not 0 < len(rows) <= POINTS:
        raise ValueError(f"lab: expected 1 to {POINTS} inputs and as many targets, got {len(rows)} and {len(targets)}")
    for x, t in zip(rows, targets):
        if len(x) != inputs or not all(abs(v) <= REACH for v in x):
            raise ValueError(f"lab: expected {inputs} numbers from -2 to 2 as an input, got {short(x)}; scale the data")
        if inputs == 2 and t not in (1, -1, 0):
            raise ValueError(f"lab: expected classes 1 and -1 (or 1 and 0), got {short(t)}")
        if not isfinite(t):
            raise ValueError(f"lab: expected finite targets, got {short(t)}")
    return [{"x": x, "t": t if inputs == 1 else t or -1.0} for x, t in zip(rows, targets)]
