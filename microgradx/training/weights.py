"""Weights on disk, in the safetensors format: a header that names every tensor, then the bare numbers.

    >>> import os, tempfile
    >>> from microgradx.training import load, save
    >>> path = os.path.join(tempfile.mkdtemp(), "line.safetensors")
    >>> save({"weight": [[1.0, 2.0]], "bias": [0.5]}, path)
    >>> load(path)
    {'weight': [[1.0, 2.0]], 'bias': [0.5]}

safetensors.torch.load_file reads such a file, and a file that torch saved is read here. Nothing in a file is ever
executed (what is in a pickle is), and a file that breaks a rule of the format is refused.

The file, little-endian: 8 bytes that give n, then n bytes of JSON, then the numbers of all tensors back to back.

    {"bias": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}, "__metadata__": {"any": "text"}}

By hand, since the safetensors package is 1.2 MB of machine code against this page, takes a file in which one name
comes twice, and its writer wants to be told memory addresses. Format: https://github.com/huggingface/safetensors
"""
import json
import math
import os
import struct
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

from ..ieee import number, short
from ..nesting import leaves, shape
from ..nn import Module
from .optim import Optimiser

LETTER = {"F64": "d", "F32": "f", "I64": "q"}       # as struct calls them; torch counts a BatchNorm's batches in I64
FIELDS = {"dtype", "shape", "data_offsets"}
METADATA = "__metadata__"
HEADER_LIMIT = 10_000_000                           # bytes: a hundred thousand tensors
DIMENSIONS = 8                                      # a shape of a million ones would be nested as deep

Path = str | os.PathLike[str]


class WeightsError(ValueError):
    """A file that does not hold what it should: the message names the file and the first thing that is wrong.

    >>> save({"weight": "w"}, "model.safetensors")
    Traceback (most recent call last):
    microgradx.training.weights.WeightsError: 'model.safetensors': 'weight': expected a nested list of numbers, got 'w'
    """


# Saving --------------------------------------------------------------------------------------------------------

def save(model: Module | Optimiser | Mapping[str, Any], path: Path) -> None:
    """Write the state_dict() of a Module or an Optimiser, or any such dict of nested lists: safetensors of 64 bits.

    A file that is there already is replaced in one step, when all is on the disk.
    WeightsError, TypeError or ValueError for what is no such dict, before anything is written; TypeError where path
    stands first. OSError from the disk.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save({"weight": [[1.0, 2.0]]}, f"{folder}/model.safetensors")
    ...     os.listdir(folder)
    ['model.safetensors']
    """
    if isinstance(model, (str, os.PathLike)) or not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"write save(model, path), the path last; got {short(model)} and {short(path)}")
    state = model if isinstance(model, Mapping) else model.state_dict()
    try:
        content = _content(state)
    except WeightsError as error:
        raise _named(path, error) from None
    _replace(path, content)


def _content(state: Mapping[str, Any]) -> bytes:
    """The file as it will be."""
    header: dict[str, Any] = {}
    numbers: list[float] = []
    for name, tensor in state.items():
        if not isinstance(name, str) or name == METADATA:
            raise WeightsError(f"expected the name of a tensor, got {short(name)}")
        begin, sizes = len(numbers), shape(tensor)
        numbers += [number(x) for x in leaves(tensor)]
        if not _sound(sizes) or len(numbers) - begin != math.prod(sizes):
            raise WeightsError(f"{short(name)}: expected a nested list of numbers, got {short(tensor)}")
        header[name] = {"dtype": "F64", "shape": sizes, "data_offsets": [8 * begin, 8 * len(numbers)]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)                         # so that readers may map the numbers as they are
    return struct.pack("<Q", len(text)) + text + struct.pack(f"<{len(numbers)}d", *numbers)


def _replace(path: Path, content: bytes) -> None:
    """Write beside the file, then rename: a full disk or a power cut leaves the old file, or the new one."""
    target = os.path.realpath(path)                         # a link stays; what it points at is replaced
    part = os.path.join(os.path.dirname(target), f".{os.urandom(8).hex()}.part")
    try:
        with open(part, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    finally:
        if os.path.exists(part):
            os.remove(part)


# Loading -------------------------------------------------------------------------------------------------------

class Tensor(NamedTuple):
    """A line of the header: where the numbers of a tensor begin and end, what they are, how they are nested."""

    begin: int
    end: int
    name: str
    dtype: str
    shape: list[int]


def load(path: Path, model: Module | Optimiser | None = None) -> dict[str, Any]:
    """The state_dict in a safetensors file: nested lists of floats by name.

    A model (or optimiser), if given, takes it over. WeightsError if the file breaks a rule of the format, or does not
    fit the model in every name and shape; then nothing is set. TypeError where path stands last. OSError if it cannot
    be read.

    >>> import tempfile
    >>> from microgradx.nn import Linear
    >>> model, other = Linear(2, 1), Linear(2, 1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(model, f"{folder}/model.safetensors")
    ...     load(f"{folder}/model.safetensors", other) == model.state_dict() == other.state_dict()
    True
    """
    if isinstance(model, (str, os.PathLike)) or not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"write load(path, model), the path first; got {short(path)} and {short(model)}")
    try:
        with open(path, "rb") as file:
            state = dict(_tensors(file))
        if model is not None:
            model.load_state_dict(state)
    except (ValueError, KeyError, struct.error) as error:
        raise _named(path, error) from None
    return state


def _named(path: Path, error: Exception) -> WeightsError:
    return WeightsError(f"{os.fspath(path)!r}: {error.args[0]}")


def _tensors(file: BinaryIO) -> Iterator[tuple[str, Any]]:
    """Name and nested list of every tensor. All is checked against the size of the file before a number is read."""
    size = os.fstat(file.fileno()).st_size
    tensors = sorted(_tensor(name, line) for name, line in _header(file, size).items())
    end = 0
    for t in tensors:
        if t.begin != end:
            raise WeightsError(f"{short(t.name)} begins at byte {t.begin} of the numbers, expected {end}: "
                               "tensors stand back to back")
        end = t.end
    if end != size - file.tell():
        raise WeightsError(f"expected {end} bytes of numbers, as its header says, got {size - file.tell()}")
    for t in tensors:
        yield t.name, _nested(_numbers(t, file.read(t.end - t.begin)), t.shape)


def _header(file: BinaryIO, size: int) -> dict[str, Any]:
    """The JSON of the header, without the metadata."""
    n, = struct.unpack("<Q", file.read(8).ljust(8, b"\0"))
    if not 2 <= n <= min(size - 8, HEADER_LIMIT):
        raise WeightsError(f"no safetensors file: expected a header of 2 to {HEADER_LIMIT} bytes in a file of {size}, "
                           f"got one of {n}")
    text = file.read(n)
    try:
        header = json.loads(text.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"its header is not JSON: {error}") from None
    metadata = header.pop(METADATA, {}) if isinstance(header, dict) and text[:1] == b"{" else None
    if not isinstance(metadata, dict) or not all(isinstance(word, str) for word in metadata.values()):
        raise WeightsError(f"expected tensors by name and text in {METADATA} as header, got {short(text)}")
    return header  # type: ignore[no-any-return]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object as a dict. ValueError for a name that comes twice: json would keep the last, others the first."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for i, (name, _) in enumerate(pairs) if name in dict(pairs[:i]))
        raise ValueError(f"{short(twice)} comes twice")
    return found


def _tensor(name: str, line: Any) -> Tensor:
    """A line of the header, checked in itself."""
    if not isinstance(line, dict) or set(line) != FIELDS:
        raise WeightsError(f"{short(name)}: expected {sorted(FIELDS)}, got {short(line)}")
    dtype, sizes, offsets = line["dtype"], line["shape"], line["data_offsets"]
    if not isinstance(dtype, str) or dtype not in LETTER:
        raise WeightsError(f"{short(name)}: expected dtype {', '.join(LETTER)}, got {short(dtype)}")
    if not isinstance(sizes, list) or not _sound(sizes):
        raise WeightsError(f"{short(name)}: expected a shape of up to {DIMENSIONS} sizes above 0, got {short(sizes)}")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(type(x) is int and x >= 0 for x in offsets):
        raise WeightsError(f"{short(name)}: expected as data_offsets where it begins and ends, got {short(offsets)}")
    tensor = Tensor(offsets[0], offsets[1], name, dtype, sizes)
    needed = math.prod(sizes) * struct.calcsize(f"<{LETTER[dtype]}")
    if tensor.end - tensor.begin != needed:
        raise WeightsError(f"{short(name)}: expected {short(needed)} bytes for shape {short(sizes)} of {dtype}, "
                           f"got {short(tensor.end - tensor.begin)}")
    return tensor


def _sound(sizes: Any) -> bool:
    """Whether these may be the sizes of a tensor. None is 0: [10**12, 0] takes no byte, and 10**12 empty lists."""
    return len(sizes) <= DIMENSIONS and all(type(n) is int and n >= 1 for n in sizes)


def _numbers(tensor: Tensor, data: bytes) -> Iterator[float]:
    """Its numbers, one after the other. WeightsError for an integer that no float is equal to."""
    letter = LETTER[tensor.dtype]
    for x, in struct.iter_unpack(f"<{letter}", data):
        if isinstance(x, int) and float(x) != x:
            raise WeightsError(f"{short(tensor.name)}: the integer {x} is not exactly a float")
        yield float(x)


def _nested(numbers: Iterator[float], sizes: list[int]) -> Any:
    """The next numbers as a nested list of this shape."""
    if not sizes:
        return next(numbers)
    if len(sizes) == 1:
        return list(islice(numbers, sizes[0]))
    return [_nested(numbers, sizes[1:]) for _ in range(sizes[0])]
