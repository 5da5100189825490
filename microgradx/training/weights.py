"""Weights on disk, in the safetensors format: a header that names every tensor, then the bare numbers.

    >>> import os, tempfile
    >>> from microgradx.training import load, save
    >>> path = os.path.join(tempfile.mkdtemp(), "line.safetensors")
    >>> save({"weight": [[1.0, 2.0]], "bias": [0.5]}, path)
    >>> load(path)
    {'weight': [[1.0, 2.0]], 'bias': [0.5]}

safetensors.torch.load_file reads these files, and load() reads files that torch saved, also numbers of 16 bits and
integers. Nothing in a file is ever executed, unlike in a pickle, and load() refuses a file that breaks a rule of the
format.

The file, little-endian: 8 bytes with n, then n bytes of JSON, then the numbers of all tensors without gaps.

    {"bias": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}, "__metadata__": {"any": "text"}}

Written by hand: the safetensors package is 1.2 MB of machine code instead of this page, accepts a file with the same
name twice, and its writer needs memory addresses. Format: https://github.com/huggingface/safetensors
"""
import json
import math
import os
import struct
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, BinaryIO, NamedTuple

from ..conversion import listed
from ..files import Path, replace
from ..ieee import number, short
from ..nesting import is_leaf, shape
from ..nn import Module
from .optim import Optimiser

# Letters of struct. BF16 is the upper half of F32. torch counts a BatchNorm's batches in I64.
LETTER = {"F64": "d", "F32": "f", "F16": "e", "BF16": "e", "I64": "q", "I32": "i", "I16": "h", "I8": "b",
          "U64": "Q", "U32": "I", "U16": "H", "U8": "B", "BOOL": "?"}
FIELDS = {"dtype", "shape", "data_offsets"}
METADATA = "__metadata__"
HEADER_LIMIT = 10_000_000                           # bytes: a hundred thousand tensors
Check = Callable[[Mapping[str, tuple[int, ...]], dict[str, str]], Any]
DIMENSIONS = 8                                      # a shape of a million ones would nest lists a million deep


class WeightsError(ValueError):
    """A file or state with a fault: the message names the file and the first fault.

    >>> save({"weight": "w"}, "model.safetensors")
    Traceback (most recent call last):
    microgradx.training.weights.WeightsError: 'model.safetensors': 'weight': expected a nested list of numbers, got 'w'
    """


# Saving --------------------------------------------------------------------------------------------------------

def save(model: Module | Optimiser | Mapping[str, Any], path: Path) -> None:
    """Write the state_dict() of a Module or an Optimiser, or any such dict of nested lists, as 64-bit safetensors.

    WeightsError, TypeError or ValueError for any other state, before anything is written; TypeError if path comes
    first; OSError from the disk. An existing file is replaced in one step, after all is on the disk, and keeps its
    mode; a pipe or a device is written to.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save({"weight": [[1.0, 2.0]]}, f"{folder}/model.safetensors")
    ...     os.listdir(folder)
    ['model.safetensors']
    """
    if isinstance(model, (str, os.PathLike)) or not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"write save(model, path), the path last; got {short(model)} and {short(path)}")
    if not (isinstance(model, Mapping) or hasattr(type(model), "state_dict")):
        raise TypeError(f"expected a Module, an Optimiser or a dict of nested lists, got {short(model)}")
    state = model if isinstance(model, Mapping) else model.state_dict()
    try:
        content = encoded(state)
    except WeightsError as error:
        raise renamed(path, error) from None
    replace(path, content)


def encoded(state: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> bytes:
    """The bytes of the file. WeightsError for a wrong name or tensor."""
    header: dict[str, Any] = {METADATA: metadata} if metadata else {}
    numbers: list[float] = []
    for name, given in state.items():
        if not _is_name(name):
            raise WeightsError(f"expected the name of a tensor, got {short(name)}")
        tensor = listed(given)
        begin, sizes = len(numbers), shape(tensor)
        found = _elements(tensor, len(sizes))
        plain = set(map(type, found)) == {float}            # most often, and then in a third of the time
        if not _sound(sizes) or not (plain or all(map(is_leaf, found))):
            raise WeightsError(f"{short(name)}: expected a nested list of numbers, got {short(given)}")
        numbers += found if plain else map(number, found)
        header[name] = {"dtype": "F64", "shape": sizes, "data_offsets": [8 * begin, 8 * len(numbers)]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)                         # so that readers can map the numbers directly
    return struct.pack("<Q", len(text)) + text + struct.pack(f"<{len(numbers)}d", *numbers)


def _is_name(name: Any) -> bool:
    """Whether it may name a tensor: text that UTF-8 has, which half a surrogate pair is not."""
    return isinstance(name, str) and name != METADATA and name == name.encode(errors="ignore").decode()


def _elements(tensor: Any, depth: int) -> list[Any]:
    """What is in a nested list, `depth` lists inside."""
    found = [tensor]
    for _ in range(depth):
        found = list(chain.from_iterable(found))
    return found


# Loading -------------------------------------------------------------------------------------------------------

class Tensor(NamedTuple):
    """A tensor in the header: where its numbers begin and end, their type and their shape."""

    begin: int
    end: int
    name: str
    dtype: str
    shape: list[int]


def load(path: Path, model: Module | Optimiser | None = None) -> dict[str, Any]:
    """The state_dict in a safetensors file: nested lists of floats by name.

    A given model (or optimiser) loads it. WeightsError if the file breaks a rule of the format, or has other names or
    shapes than the model; then the model does not change. TypeError if path comes last. OSError if the file cannot be
    read.

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
        state, _ = read(path, lambda shapes, _: None if model is None else model.check_shapes(shapes))
        if model is not None:
            model.load_state_dict(state)
    except (ValueError, KeyError, struct.error) as error:
        raise renamed(path, error) from None
    return state


def read(path: Path, check: Check) -> tuple[dict[str, Any], dict[str, str]]:
    """The tensors and the metadata of a file. `check` gets shapes and metadata before any number is read: the file may
    be much larger than what is expected. WeightsError if it breaks a rule of the format."""
    with open(path, "rb") as file:
        tensors, metadata = _tensors(file)
        check({t.name: tuple(t.shape) for t in tensors}, metadata)
        return {t.name: _nested(_numbers(t, file.read(t.end - t.begin)), t.shape) for t in tensors}, metadata


def renamed(path: Path, error: Exception) -> WeightsError:
    """The same error with the name of the file."""
    return WeightsError(f"{os.fspath(path)!r}: {error.args[0]}")


def _tensors(file: BinaryIO) -> tuple[list[Tensor], dict[str, str]]:
    """Every tensor in the order of the file, and the metadata. WeightsError for a wrong header or size, before it reads
    any number."""
    size = os.fstat(file.fileno()).st_size
    header, metadata = _header(file, size)
    tensors = sorted(_tensor(name, line) for name, line in header.items())
    end = 0
    for t in tensors:
        if t.begin != end:
            raise WeightsError(f"{short(t.name)} begins at byte {t.begin} of the numbers, expected {end}: "
                               "tensors stand back to back")
        end = t.end
    if end != size - file.tell():
        raise WeightsError(f"expected {end} bytes of numbers, as its header says, got {size - file.tell()}")
    return tensors, metadata


def _header(file: BinaryIO, size: int) -> tuple[dict[str, Any], dict[str, str]]:
    """The JSON of the header, and the metadata apart. WeightsError if it is not such a header."""
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
    return header, metadata


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object as a dict. ValueError for a repeated name: json would keep the last, other readers the first."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for i, (name, _) in enumerate(pairs) if name in dict(pairs[:i]))
        raise ValueError(f"{short(twice)} comes twice")
    return found


def _tensor(name: str, line: Any) -> Tensor:
    """An entry of the header as a Tensor. WeightsError if its fields are wrong or do not fit each other."""
    if not _is_name(name):
        raise WeightsError(f"expected the name of a tensor, got {short(name)}")
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
    """Whether these may be the sizes of a tensor; 0 may not: [10**12, 0] has no bytes, but 10**12 empty lists."""
    return len(sizes) <= DIMENSIONS and all(type(n) is int and n >= 1 for n in sizes)


def _numbers(tensor: Tensor, data: bytes) -> Iterator[float]:
    """The numbers of a tensor. WeightsError for an integer that is not exactly a float."""
    letter = LETTER[tensor.dtype]
    if tensor.dtype == "BF16":
        letter, data = "f", b"".join([b"\0\0" + data[i:i + 2] for i in range(0, len(data), 2)])
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
