"""Which values share a box in a picture, so that a screen holds it.

    >>> from microgradx import Value, scope
    >>> from microgradx.show.picture.graph import Graph
    >>> from microgradx.show.picture.grouping import Grouping
    >>> x = Value(2.0)
    >>> with scope("layers.0"), scope("neurons.1"):
    ...     y = x * 3 + x
    >>> graph = Graph(y)
    >>> [(box.title, len(box.values)) for box in Grouping(graph, graph.order, depth=1).boxes]
    [('layers.0', 3)]

A box is one value, or one that shows all that are alike, or all values of a scope, of a level or of an operation.
"""
import math
from collections.abc import Collection, Sequence
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from ...engine import Value
from ...ieee import printable, short
from ...table import Op
from .folding import Folding
from .graph import Graph
from .scopes import Path, homes, levels
from .screen import MOST, fits, rows
from .units import Units

STEPS = 10                                  # boxes for the levels of a deep network without scopes
MANY = 300                                  # boxes, if it is given how deep scopes are drawn
INSIDE = 4                                  # leaves written in a card
LINE, EDGES = 17, 14                        # the height of a line of text in a box and of its borders, in points
Key = int | tuple[Path, str, int]           # of a card the place of its value; of several a path, a title and a number


class Box:
    """Values drawn as one node in the frame of the scope `path`.

    main    the value of a card of one value, which may show others that are alike; None for a box of several
    title   of a box of several values, else ""
    values  all of them; `inside` are leaves within the card of the one operation that uses them
    """

    __slots__ = ("path", "title", "main", "values", "inside")

    def __init__(self, path: Path, title: str, main: Value | None) -> None:
        self.path, self.title, self.main = path, title, main
        self.values: list[Value] = []
        self.inside: list[Value] = []


class Stage(NamedTuple):
    """A way to draw a graph.

    depth    the level of scopes drawn as boxes, 1 the outermost
    rest     results outside of these scopes: "value" by value, by "operation", at each "column" by operation (the
             column of a value is the length of the longest way to it), or by "level" (the activations up to it)
    folded   whether of the terms of a sum that are alike one is shown
    inside   whether leaves are within the card of the operation that uses them
    """

    depth: int
    rest: str = "value"
    folded: bool = False
    inside: bool = False


class Grouping:
    """The boxes of the values to show, in order of the tape. ValueError for an unknown scope or box.

    values  the part of the graph to show, in the order of the tape
    params  its parameters, or None
    depth   the level of scopes drawn as boxes, 1 the outermost; 0 groups all values by operation; None as it fits
    expand  scopes, and boxes by their titles, whose values are always drawn one by one
    leaves  "inside" the card of the operation that uses them, "outside", or None as it fits
    rolled  whether of scopes that are alike, such as time steps, one is shown
    limit   the most boxes; None for what a screen holds, or, if a depth is given, for 300
    units   of the graph, or of a larger one, if they are known

    stage      the way they are drawn; `collapsed` if it is not value by value
    at         the box of each value, by its place; `row` the row of each box of a chain that is wrapped
    """

    def __init__(self, graph: Graph, values: Sequence[Value], params: Collection[Value] | None = None,
                 depth: int | None = None, expand: Collection[str] = (), leaves: str | None = None,
                 rolled: bool = False, limit: int | None = None, units: Units | None = None) -> None:
        self.values, self.limit = values, MANY if limit is None and depth is not None else limit
        self.expand = {name: levels(name) for name in expand}
        self.rows: dict[Key, int] = {}
        self.opened: set[str] = set()                   # of those to expand
        self.one_by_one: set[int] = set()               # values in these
        self.places = range(len(values)) if values is graph.order else [graph.place[v] for v in values]
        paths = homes(graph, params)
        self.graph, plain, folded = graph, Folding(graph, paths, rolled=rolled), None
        self.folding, self.steps, self.columns = plain, dict[int, str](), list[int]()
        stages = self._stages(depth, leaves, len(graph.order) == len(values) and not rolled)
        for self.stage in stages:
            self.folding = plain
            if self.stage.folded:
                self.folding = folded = folded or Folding(graph, paths, samples=True)
            if self.stage.rest == "column":
                self.columns = self.columns or _columns(graph)
            if self.stage.rest == "level":
                self.steps = self.steps or _steps(graph, units or Units(graph, params))
            if self._is_hopeless():
                continue
            keys = self._keys()
            if self._fits(keys) and (depth is not None or not self._is_whole(keys)):
                break
        self.at: list[Box | None] = [None] * len(graph.order)
        self.collapsed = self.stage._replace(inside=False) != stages[0]._replace(inside=False)
        if missing := sorted(self.expand.keys() - self.opened):
            raise ValueError(f"expand: no scope or box {', '.join(map(short, missing))} in this graph; "
                             f"the outermost are {printable(', '.join(self._outermost(keys))) or 'none'}")
        found = self._boxes(keys)
        self.boxes = list(found.values())
        self.row = {found[key]: row for key, row in self.rows.items()}

    def box_of(self, v: Value) -> Box:
        """The box of a value that is shown."""
        box = self.at[self.graph.place[v]]
        assert box is not None
        return box

    @cached_property
    def box(self) -> dict[Value, Box]:
        """The box of each value."""
        return {v: box for v, box in zip(self.graph.order, self.at) if box}

    def _stages(self, depth: int | None, leaves: str | None, can_fold: bool) -> list[Stage]:
        """The ways to draw it, each with fewer boxes than the one before."""
        self.deepest = max(map(len, set(self.folding.paths)), default=0)
        depths = list(range(self.deepest + 1, 0, -1)) if depth is None else [depth]
        inside = leaves != "outside" and (leaves == "inside" or self.limit in (None, MANY))
        ways = [Stage(depths[0], inside=leaves == "inside")]
        ways += [Stage(depths[0], inside=True)] * (inside and leaves is None)
        ways += [Stage(d, rest, can_fold, inside) for rest in ("value", "column", "level") for d in depths]
        return ways + [Stage(d, "operation", False, inside) for d in range(min(depths[-1], 1), -1, -1)]

    def _is_hopeless(self) -> bool:
        """Whether there are too many cards of single values for this stage, or no levels."""
        depth, rest, _, inside = self.stage
        if rest == "level":
            return not self.steps
        if rest != "value" or depth <= self.deepest or self.expand:
            return False
        shown, together, ops = self.folding.shown, self.folding.together, self.graph.ops
        single = (k for k in self.places if (ops[k] or not inside) and shown[k] == k and k not in together)
        return next(islice(single, MOST if self.limit is None else self.limit, None), None) is not None

    def _is_whole(self, keys: Sequence[Key]) -> bool:
        """Whether there is but one box of several values: it says little, and a later stage may divide it."""
        first = keys[self.places[0]]
        return len(self.places) > 1 and isinstance(first, tuple) and all(keys[k] == first for k in self.places)

    # The key of a box, which its values share. Values are places on the tape, see Graph ---------------------------

    def _keys(self) -> list[Key]:
        """The key of each value; -1 for what is not to be shown."""
        shown, inside, ops = self.folding.shown, self.stage.inside, self.graph.ops
        keys: list[Key] = [-1] * len(ops)
        for k in self.places:
            if ops[k] or not inside:
                keys[k] = key if (key := keys[shown[k]]) != -1 else self._key(shown[k])
        if not inside:
            return keys
        user, several = self._users(keys)
        left: dict[Path, list[int]] = {}                # leaves that several boxes use
        for k in self.places:
            if not ops[k]:
                if user[k] != -1 and k not in several and not self._is_open(k):
                    keys[k] = user[k]
                    continue
                keys[k] = self._key(shown[k])
                if keys[k] == k and k not in self.one_by_one:
                    left.setdefault(self._path(k), []).append(k)
        for path, leaves in left.items():
            if len(leaves) > (1 if self.stage.rest != "value" or self.stage.depth <= self.deepest else INSIDE):
                for k in leaves:
                    keys[k] = self._titled(path, "leaves", k)
        return keys

    def _users(self, keys: Sequence[Key]) -> tuple[list[Key], set[int]]:
        """The key of a box that uses each leaf, -1 for none, and the leaves that more than one box uses."""
        user: list[Key] = [-1] * len(keys)
        several, ops = set[int](), self.graph.ops
        for key, below in zip(keys, self.graph.below):
            for a in below if key != -1 else ():
                if ops[a] is None:
                    if (known := user[a]) == -1:
                        user[a] = key
                    elif known is not key and known != key:
                        several.add(a)
        return user, several

    def _key(self, k: int) -> Key:
        """The key of a value that no other shows."""
        depth, rest, path = self.stage.depth, self.stage.rest, self.folding.paths[k]
        if self.expand and self._is_open(k):
            return k
        if depth == 0:
            return self._titled((), operation(self.graph.ops[k]), k)
        if len(path) >= depth:
            return self._titled(self._path(k)[:depth - 1 - len(path) or None], path[depth - 1], k)
        if k in self.folding.together:
            return self._titled(self._path(k), self.folding.together[k], k)
        if rest == "value" or (rest != "operation" and not self.graph.ops[k]):
            return k
        title = self.steps[k] if rest == "level" else operation(self.graph.ops[k])
        return self._titled(self._path(k), title, k, self.columns[k] if rest == "column" else 0)

    def _path(self, k: int) -> Path:
        """The frame and the scopes of a value."""
        path = self.folding.paths[k]
        return (self.folding.frames[k], *path) if k in self.folding.frames else path

    def _titled(self, path: Path, title: str, k: int, number: int = 0) -> Key:
        """The key of a box of several values; that of a card if this box is to be expanded."""
        if self.expand and (name := ".".join([*path, title])) in self.expand:
            self.opened.add(name)
            self.one_by_one.add(k)
            return k
        return path, title, number

    def _is_open(self, k: int) -> bool:
        """Whether a value is in a scope that is to be expanded."""
        path = self.folding.paths[k]
        for name, scope in self.expand.items():
            if path[:len(scope)] == scope or ".".join(path) == name:
                self.opened.add(name)
                self.one_by_one.add(k)
                return True
        return False

    def _outermost(self, keys: Sequence[Key]) -> list[str]:
        titles = {key[1] for key in keys if isinstance(key, tuple)}
        return sorted(titles | {path[0] for path in self.folding.paths if path})

    # Boxes -----------------------------------------------------------------------------------------------------

    def _fits(self, keys: Sequence[Key]) -> bool:
        """Whether there are few enough boxes; those of what is expanded do not count."""
        counted = dict.fromkeys(keys[k] for k in self.places)
        for k in self.one_by_one:
            counted.pop(keys[k], None)
        if self.limit is not None:
            return len(counted) <= self.limit
        if len(counted) > MOST:
            return False
        number = {key: i for i, key in enumerate(counted)}
        place = [number.get(key, -1) for key in keys]
        using: list[set[int]] = [set() for _ in [*counted, None]]      # the last are boxes that do not count, -1
        lines = [5 if isinstance(key, tuple) else 2 for key in [*counted, None]]
        shown, below = self.folding.shown, self.graph.below
        for k in self.places:
            if shown[k] != k:
                continue                                # what shows it has such inputs
            if below[k]:
                using[place[k]].update([place[a] for a in below[k]])
            elif keys[k] != k and isinstance(keys[k], int) and not self.graph.ops[k]:
                lines[place[k]] += 1
        sizes = [(self._width(key), LINE * min(count, 2 + INSIDE) + EDGES) for key, count in zip(counted, lines)]
        frames = ["".join((key[0] if isinstance(key, tuple) else self._path(key))[:1]) for key in counted]
        used = [below - {i, -1} for i, below in zip(range(len(counted)), using)]
        if fits(used, sizes, frames):
            return True
        wrapped = None if any(frames) or self.stage.rest != "value" else rows(used, sizes)
        self.rows = dict(zip(counted, wrapped)) if wrapped else {}
        return bool(wrapped)

    def _width(self, key: Key) -> float:
        """About the width of a box in points: of a card by its formula."""
        return 80 + 22 * min(len(self.graph.args[key]), 4) if isinstance(key, int) else 80

    def _boxes(self, keys: Sequence[Key]) -> dict[Key, Box]:
        """The boxes by their keys, and in `at` the box of each value."""
        found: dict[Key, Box] = {}
        shown, ops = self.folding.shown, self.graph.ops
        for v, k in zip(self.values, self.places):
            if (box := found.get(key := keys[k])) is None:
                box = (Box(key[0], key[1], None) if isinstance(key, tuple) else
                       Box(self._path(key), "", self.graph.order[key]))
                found[key] = box
            self.at[k] = box
            box.values.append(v)
            if not ops[k] and shown[k] == k and box.main is not None and v is not box.main:
                box.inside.append(v)
        return found


def operation(op: Op | None) -> str:
    """The name of the row that made a value; "leaves" for a leaf."""
    return op.name if op else "leaves"


def _columns(graph: Graph) -> list[int]:
    """The length of the longest way to each value."""
    column: list[int] = []
    for below in graph.below:
        column.append(max([column[a] for a in below], default=-1) + 1)
    return column


def _steps(graph: Graph, units: Units) -> dict[int, str]:
    """The title of the box of each result, by the level of the next activation; {} for fewer than two levels."""
    level = units.levels(graph)
    last = max(level)
    size, step = math.ceil(last / STEPS), [last + 1] * len(level)
    for k in range(len(level) - 1, -1, -1):
        if graph.order[k] in units.of:
            step[k] = level[k]
        for a in graph.below[k]:
            step[a] = min(step[k], step[a])

    def title(k: int) -> str:
        if k > last:
            return f"after level {last:,}"
        first, end = size * ((k - 1) // size) + 1, min(size * ((k - 1) // size + 1), last)
        return f"level {k:,}" if size == 1 else f"levels {first:,} to {end:,}"
    return {k: title(step[k]) for k, op in enumerate(graph.ops) if op} if last > 1 else {}
