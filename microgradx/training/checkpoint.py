"""Checkpoint: a run of fit() on disk after each epoch, from which the same call continues to the same bits.

    >>> import os, tempfile
    >>> from microgradx.nn import Linear, mse
    >>> from microgradx.training import Adam, fit, load
    >>> path = os.path.join(tempfile.mkdtemp(), "run.safetensors")
    >>> def train(epochs, checkpoint=None):
    ...     model = Linear(1, 1)
    ...     model.load_state_dict({"weight": [[0.0]], "bias": [0.0]})
    ...     fit(model, [[1.0], [2.0]], [[2.0], [4.0]], lambda m, x, y: mse(m(x), y), Adam(model.parameters(), lr=0.1),
    ...         epochs=epochs, batch_size=1, checkpoint=checkpoint)
    ...     return model.state_dict()
    >>> first = train(3, path)                              # perhaps ended by Ctrl-C, or with the process
    >>> train(5, path) == train(5)                          # three epochs from the file and two more; five at once
    True
    >>> [name for name in load(path) if name.startswith(("model", "history"))]
    ['model.weight', 'model.bias', 'history.loss', 'history.lr', 'history.norm']

The file is one of safetensors: numbers by name, and as metadata the arguments of fit() and the states of the random
generators, in JSON. Nothing in it is executed.
"""
import json
import os
import struct
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from ..files import Path, replace
from ..ieee import short
from ..nn import Module
from .generators import checked, generators, states
from .history import History, Record
from .optim import Optimiser
from .plateau import ReduceLROnPlateau
from .runner import Plan
from .schedules import Schedule
from .validation import Validation
from .weights import WeightsError, encoded, read, renamed

KEY = "microgradx.checkpoint"           # of the metadata
COLUMNS = ("loss", "lr", "norm")        # of a Record; the number of a step and its epoch follow from its place
Shapes = Mapping[str, tuple[int, ...]]


class Checkpoint:
    """The file of a run. `arguments` are those of fit() that must be the same when it continues.

    TypeError for no path, OSError for a folder that is not there, ValueError for a random generator without a state.
    """

    def __init__(self, path: Path, model: Module, optimiser: Optimiser, schedule: Schedule, watch: Validation,
                 **arguments: Any) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"expected the path of a file as checkpoint, got {short(path)}")
        folder = os.path.dirname(os.path.abspath(path))
        if not os.path.isdir(folder) or (os.path.exists(path) and not os.path.isfile(path)):
            raise FileNotFoundError(f"expected a file in a folder that is there as checkpoint, got {short(path, 200)}")
        self.path, self.model, self.optimiser, self.watch = path, model, optimiser, watch
        self.kept: dict[str, Any] = {"model": model, "optimiser": optimiser}       # what has a state_dict()
        if isinstance(schedule, ReduceLROnPlateau):
            self.kept["schedule"] = schedule
        places = {p: i for i, p in enumerate(model.parameters())}
        if not places.keys() >= set(optimiser.params):
            raise ValueError("a checkpoint has the parameters of the model, and the optimiser has others; make them "
                             "attributes of the model")
        self.trained = [places[p] for p in optimiser.params]
        self.generators = generators(model)
        states(self.generators)                 # refused at once, not after an epoch
        layers = {name: type(module).__name__ for name, module in model.named_modules()}
        rules = [{**_settings(group), "lr": group.lr, "parameters": len(group.params)}
                 for group in optimiser.param_groups]
        self.arguments = {"model": layers, "optimiser": rules, "schedule": _settings(schedule), **arguments}

    # Writing ---------------------------------------------------------------------------------------------------

    def write_if_due(self, history: History) -> None:
        """After an epoch, replace the file. OSError from the disk; then the file of the epoch before it stays."""
        if len(history) % self.watch.epoch == 0:
            head = json.dumps({"arguments": self.arguments, "random": states(self.generators)})
            replace(self.path, encoded(self._tensors(history), {KEY: head}))

    def _tensors(self, history: History) -> dict[str, Any]:
        columns = {name: [getattr(record, name) for record in history] for name in COLUMNS}
        if self.watch.data is not None:
            columns["validation"] = [record.validation for record in history[self.watch.epoch - 1::self.watch.epoch]]
        rooms = {name: one.state_dict() for name, one in self.kept.items()}
        rooms |= {"history": columns, "trained": {"parameters": self.trained}, "best": self.watch.best}
        return {f"{room}.{name}": x for room, found in rooms.items() for name, x in found.items()}

    # Continuing ------------------------------------------------------------------------------------------------

    def resume(self, plans: Iterable[Plan], total: int) -> History:
        """Put everything into the state of the file, if there is one; its history, whose steps are taken from `plans`.

        WeightsError if the file is no checkpoint, or one of another run; then nothing has changed.
        """
        if not os.path.exists(self.path):
            return History()
        try:
            tensors, metadata = read(self.path, self._check)
            rooms = _rooms(tensors)
            random = checked(json.loads(metadata[KEY])["random"], self.generators)
            history = self._history(rooms["history"], total)
            if rooms["trained"]["parameters"] != self.trained:
                raise ValueError("its optimiser has other parameters of the model, or in another order")
            self._follow(history, plans)
            self._load(rooms, history)
        except (ValueError, KeyError, TypeError, struct.error) as error:
            raise renamed(self.path, error) from None
        for name, generator in self.generators.items():
            generator.setstate(random[name])
        return history

    def _check(self, shapes: Shapes, metadata: Mapping[str, str]) -> None:
        """ValueError or KeyError if these are not the tensors and the arguments of this run."""
        try:
            head = json.loads(metadata.get(KEY, "null"))
        except (ValueError, RecursionError):
            head = None
        if not isinstance(head, dict) or not all(isinstance(head.get(name), dict) for name in ("arguments", "random")):
            raise WeightsError("expected a checkpoint that fit() has written, got another file; choose another path")
        rooms = _rooms(shapes)
        self.model.check_shapes(rooms.get("model", {}))
        for name, own in self.arguments.items():
            if json.dumps(own) != json.dumps(head["arguments"].get(name)):
                raise WeightsError(f"it is of a run with {name} {short(head['arguments'].get(name), 300)}, got "
                                   f"{short(own, 300)}; continue it with the same, or choose another path")
        wanted = {*self.kept, "history", "trained"}
        if rooms.keys() - {"best"} != wanted:
            raise WeightsError(f"expected a checkpoint with {sorted(wanted)}, got {short(sorted(rooms), 200)}")
        self.optimiser.check_shapes(rooms["optimiser"])
        if "best" in rooms:
            self.model.check_shapes(rooms["best"])
        if rooms["trained"] != {"parameters": (len(self.trained),)}:
            raise WeightsError(f"expected the places of {len(self.trained)} parameters, got {rooms['trained']}")
        _check_history(rooms["history"], self.watch)

    def _history(self, columns: Mapping[str, list[float]], total: int) -> History:
        epoch, validation = self.watch.epoch, columns.get("validation")
        rows = enumerate(zip(*(columns[name] for name in COLUMNS)))
        history = History(Record(i + 1, i // epoch + 1, *row) for i, row in rows)
        for k, error in enumerate(validation or ()):
            place = (k + 1) * epoch - 1
            history[place] = history[place]._replace(validation=error)
        if len(history) > total:
            raise ValueError(f"it has {len(history)} steps, of which {total} were asked for; give more epochs or "
                             "choose another path")
        return history

    def _follow(self, history: History, plans: Iterable[Plan]) -> None:
        """Take the steps of the history from `plans`, so that what comes next is the step after them. ValueError if
        the schedule would have given one of them another rate."""
        for record, (_, lr) in zip(history, islice(plans, len(history))):
            if lr != record.lr and "schedule" not in self.kept:      # a plateau's rate depends on losses
                raise ValueError(f"its step {record.step} had a learning rate of {record.lr}, this schedule gives "
                                 f"{lr}; continue it with the same schedule, or choose another path")

    def _load(self, rooms: Mapping[str, Any], history: History) -> None:
        """Set model, optimiser, schedule and best weights: all or none."""
        best, before = rooms.get("best", {}), {name: one.state_dict() for name, one in self.kept.items()}
        try:
            if best:
                self.model.load_state_dict(best)
            for name, one in self.kept.items():
                one.load_state_dict(rooms[name])
        except BaseException:
            for name, one in self.kept.items():
                one.load_state_dict(before[name])
            raise
        self.watch.resume(history, best)


def _settings(x: Any) -> dict[str, Any]:
    """The name of its type, and its attributes that are plain data and stay the same while it is used."""
    changing = getattr(type(x), "changing", ())
    return {"type": type(x).__name__,
            **{name: value for name, value in getattr(x, "__dict__", {}).items()
               if name not in changing and _is_plain(value)}}


def _is_plain(x: Any) -> bool:
    try:
        json.dumps(x)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _rooms(named: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What is named room.name, by room and name."""
    rooms: dict[str, dict[str, Any]] = {}
    for path, x in named.items():
        room, _, name = path.partition(".")
        rooms.setdefault(room, {})[name] = x
    return rooms


def _check_history(shapes: Shapes, watch: Validation) -> None:
    """WeightsError unless these are the columns of whole epochs."""
    steps = next(iter(shapes.get("loss", ())), 0)
    wanted = dict.fromkeys(COLUMNS, (steps,))
    if watch.data is not None:
        wanted["validation"] = (steps // watch.epoch,)
    if steps % watch.epoch or {name: tuple(sizes) for name, sizes in shapes.items()} != wanted:
        raise WeightsError(f"expected the history of whole epochs of {watch.epoch} steps, got {short(shapes, 200)}")
