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
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from ...engine import Value
from ...ieee import printable, short
from .folding import Folding
from .graph import Graph
from .scopes import Path, homes, levels
from .screen import MOST, fits, rows
from .units import Units

STEPS = 10                                  # boxes for the levels of a deep network without scopes
MANY = 300                                  # boxes, if it is given how deep scopes are drawn
INSIDE = 4                                  # leaves written in a card
LINE, EDGES = 17, 14                        # the height of a line of text in a box and of its borders, in points
Key = Value | tuple[Path, str, int]


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
    box        the box of each value; `row` the row of each box of a chain that is wrapped
    """

    def __init__(self, graph: Graph, values: Sequence[Value], params: Collection[Value] | None = None,
                 depth: int | None = None, expand: Collection[str] = (), leaves: str | None = None,
                 rolled: bool = False, limit: int | None = None, units: Units | None = None) -> None:
        self.values, self.limit = values, MANY if limit is None and depth is not None else limit
        self.expand = {levels(name) for name in expand}
        self.rows: dict[Key, int] = {}
        self.opened: set[Path] = set()                  # of those to expand
        self.one_by_one: set[Value] = set()             # values in these
        paths = homes(graph, params)
        self.graph, plain, folded = graph, Folding(graph, paths, rolled=rolled), None
        self.folding, self.steps, self.columns = plain, dict[Value, str](), dict[Value, int]()
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
        self.collapsed = self.stage._replace(inside=False) != stages[0]._replace(inside=False)
        if missing := sorted(".".join(name) for name in self.expand - self.opened):
            raise ValueError(f"expand: no scope or box {', '.join(map(short, missing))} in this graph; "
                             f"the outermost are {printable(', '.join(self._outermost(keys))) or 'none'}")
        self.box: dict[Value, Box] = {}
        self.boxes = self._boxes(keys)
        self.row = {self.box[v]: self.rows[key] for v, key in keys.items() if key in self.rows}

    def _stages(self, depth: int | None, leaves: str | None, can_fold: bool) -> list[Stage]:
        """The ways to draw it, each with fewer boxes than the one before."""
        self.deepest = max((len(path) for path in self.folding.paths.values()), default=0)
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
        shown, together = self.folding.shown, self.folding.together
        single = (v for v in self.values if (v.op or not inside) and shown.get(v, v) is v and v not in together)
        return next(islice(single, MOST if self.limit is None else self.limit, None), None) is not None

    def _is_whole(self, keys: Mapping[Value, Key]) -> bool:
        """Whether there is but one box of several values: it says little, and a later stage may divide it."""
        first = keys[self.values[0]]
        return len(self.values) > 1 and isinstance(first, tuple) and all(key == first for key in keys.values())

    # The key of a box, which its values share: the value that a card shows, or a path, a title and a number -------

    def _keys(self) -> dict[Value, Key]:
        """The key of each value."""
        shown, inside, keys = self.folding.shown, self.stage.inside, dict[Value, Key]()
        for v in self.values:
            if v.op or not inside:
                one = shown.get(v, v)
                keys[v] = keys[one] if one in keys else self._key(one)
        if not inside:
            return keys
        user, several = self._users(keys)
        left: dict[Path, list[Value]] = {}              # leaves that several boxes use
        for v in self.values:
            if not v.op:
                if v in user and v not in several and not self._is_open(v):
                    keys[v] = user[v]
                    continue
                keys[v] = self._key(shown.get(v, v))
                if keys[v] is v and v not in self.one_by_one:
                    left.setdefault(self._path(v), []).append(v)
        for path, values in left.items():
            if len(values) > (1 if self.stage.rest != "value" or self.stage.depth <= self.deepest else INSIDE):
                keys.update((v, self._titled(path, "leaves", v)) for v in values)
        return keys

    def _users(self, keys: Mapping[Value, Key]) -> tuple[dict[Value, Key], set[Value]]:
        """The key of a box that uses each leaf, and the leaves that more than one box uses."""
        user, several = dict[Value, Key](), set[Value]()
        for v, key in keys.items():
            for a in self.graph.inputs[v]:
                if a.op is None and (known := user.setdefault(a, key)) is not key and known != key:
                    several.add(a)
        return user, several

    def _key(self, v: Value) -> Key:
        """The key of a value that no other shows."""
        depth, rest, path = self.stage.depth, self.stage.rest, self.folding.paths[v]
        if self.expand and self._is_open(v):
            return v
        if depth == 0:
            return self._titled((), operation(v), v)
        if len(path) >= depth:
            return self._titled(self._path(v)[:depth - 1 - len(path) or None], path[depth - 1], v)
        if v in self.folding.together:
            return self._titled(self._path(v), self.folding.together[v], v)
        if rest == "value" or (rest != "operation" and not v.op):
            return v
        title = self.steps[v] if rest == "level" else operation(v)
        return self._titled(self._path(v), title, v, self.columns[v] if rest == "column" else 0)

    def _path(self, v: Value) -> Path:
        """The frame and the scopes of a value."""
        path = self.folding.paths[v]
        return (self.folding.frames[v], *path) if v in self.folding.frames else path

    def _titled(self, path: Path, title: str, v: Value, number: int = 0) -> Key:
        """The key of a box of several values; the value itself if this box is to be expanded."""
        if self.expand and (name := (*path, title)) in self.expand:
            self.opened.add(name)
            self.one_by_one.add(v)
            return v
        return path, title, number

    def _is_open(self, v: Value) -> bool:
        """Whether a value is in a scope that is to be expanded."""
        path = self.folding.paths[v]
        for scope in self.expand:
            if path[:len(scope)] == scope:
                self.opened.add(scope)
                self.one_by_one.add(v)
                return True
        return False

    def _outermost(self, keys: Mapping[Value, Key]) -> list[str]:
        titles = {key[1] for key in keys.values() if isinstance(key, tuple)}
        return sorted(titles | {path[0] for path in self.folding.paths.values() if path})

    # Boxes -----------------------------------------------------------------------------------------------------

    def _fits(self, keys: Mapping[Value, Key]) -> bool:
        """Whether there are few enough boxes; those of what is expanded do not count."""
        counted = dict.fromkeys(keys.values())
        for v in self.one_by_one:
            counted.pop(keys[v], None)
        if self.limit is not None:
            return len(counted) <= self.limit
        if len(counted) > MOST:
            return False
        number = {key: k for k, key in enumerate(counted)}
        place = {v: number.get(key, -1) for v, key in keys.items()}
        using: list[set[int]] = [set() for _ in [*counted, None]]      # the last are boxes that do not count, -1
        lines = [5 if isinstance(key, tuple) else 2 for key in [*counted, None]]
        for v, k in place.items():
            if self.folding.shown.get(v, v) is not v:
                continue                                # what shows it has such inputs
            if v.op:
                using[k].update([place.get(a, -1) for a in self.graph.inputs[v]])
            elif v is not (key := keys[v]) and isinstance(key, Value):
                lines[k] += 1
        sizes = [(_width(key), LINE * min(count, 2 + INSIDE) + EDGES) for key, count in zip(counted, lines)]
        frames = ["".join((key[0] if isinstance(key, tuple) else self._path(key))[:1]) for key in counted]
        used = [below - {k, -1} for k, below in zip(range(len(counted)), using)]
        if fits(used, sizes, frames):
            return True
        wrapped = None if any(frames) or self.stage.rest != "value" else rows(used, sizes)
        self.rows = dict(zip(counted, wrapped)) if wrapped else {}
        return bool(wrapped)

    def _boxes(self, keys: Mapping[Value, Key]) -> list[Box]:
        found: dict[Key, Box] = {}
        for v in self.values:
            key = keys[v]
            if key not in found:
                found[key] = Box(self._path(key), "", key) if isinstance(key, Value) else Box(*key[:2], None)
            box = self.box[v] = found[key]
            box.values.append(v)
            if box.main is not None and v is not box.main and v.op is None and self.folding.shown.get(v, v) is v:
                box.inside.append(v)
        return list(found.values())


def operation(v: Value) -> str:
    """The name of the row that made v; "leaves" for a leaf."""
    return v.op.name if v.op else "leaves"


def _width(key: Key) -> float:
    """About the width of a box in points: of a card by its formula."""
    return 80 + 22 * min(len(key.args), 4) if isinstance(key, Value) else 80


def _columns(graph: Graph) -> dict[Value, int]:
    """The length of the longest way to each value."""
    column: dict[Value, int] = {}
    for v in graph.order:
        column[v] = max([column[a] for a in graph.inputs[v]], default=-1) + 1
    return column


def _steps(graph: Graph, units: Units) -> dict[Value, str]:
    """The title of the box of each result, by the level of the next activation; {} for fewer than two levels."""
    level, step = units.levels(graph), dict[Value, int]()
    last = max(level.values())
    size = math.ceil(last / STEPS)
    for v in reversed(graph.order):
        k = step[v] = level[v] if v in units.of else step.get(v, last + 1)
        step.update((a, min(k, step.get(a, k))) for a in graph.inputs[v])

    def title(k: int) -> str:
        if k > last:
            return f"after level {last:,}"
        first, end = size * ((k - 1) // size) + 1, min(size * ((k - 1) // size + 1), last)
        return f"level {k:,}" if size == 1 else f"levels {first:,} to {end:,}"
    return {v: title(step[v]) for v in graph.order if v.op} if last > 1 else {}
