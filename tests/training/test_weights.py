"""Weights on disk: what is saved comes back, to us and to torch; what is broken is refused; nothing is lost."""
import json
import math
import os
import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgradx import Value
from microgradx.nn import Buffer, Module
from microgradx.nn.shapes import each
from microgradx.training import WeightsError, load, save
from microgradx.training import weights as module

from ..training_oracle import needed


class Model(Module):
    def __init__(self, x=0.0):
        self.weight = [[Value(x), Value(x + 1)], [Value(x + 2), Value(x + 3)]]
        self.scale, self.mean = Value(x + 4), [Buffer(x + 5), Buffer(x + 6)]


STATE = {"weight": [[1.0, -2.5], [0.1, 1e300]], "bias": [math.pi], "scale": 3.0, "deep": [[[[5e-324]]]]}
NUMBERS = st.floats(allow_nan=False)
# No halves of pairs, which UTF-8 cannot write; with codec= Hypothesis tries every character for seconds.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = TEXT.filter(lambda name: name != module.METADATA)


@st.composite
def tensors(draw):
    sizes = draw(st.lists(st.integers(1, 3), max_size=4))
    return draw(nested(sizes))


def nested(sizes):
    if not sizes:
        return NUMBERS
    return st.lists(nested(sizes[1:]), min_size=sizes[0], max_size=sizes[0])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


# There and back ------------------------------------------------------------------------------------------------

@given(state=st.dictionaries(NAMES, tensors(), max_size=5))
def test_what_is_saved_comes_back_to_the_bit(tmp_path_factory, state):
    path = tmp_path_factory.getbasetemp() / "there_and_back"
    save(state, path)
    assert repr(load(path)) == repr(state)                  # repr: -0.0 is not 0.0


def test_infinity_and_nan_come_back(path):
    save({"x": [math.inf, -math.inf, math.nan, -0.0]}, path)
    assert repr(load(path)) == "{'x': [inf, -inf, nan, -0.0]}"


def test_a_model_buffers_included(path):
    save(Model(1.0), path)
    model = Model()
    assert load(path, model) == Model(1.0).state_dict() == model.state_dict()


def test_the_numbers_are_aligned_and_the_file_no_longer_than_needed(path):
    save(STATE, path)
    n, = struct.unpack("<Q", path.read_bytes()[:8])
    assert n % 8 == 0 and path.stat().st_size == 8 + n + 8 * 7


# The format's own reader, and torch ----------------------------------------------------------------------------

@given(state=st.dictionaries(NAMES, tensors(), max_size=5))
def test_the_safetensors_package_reads_what_we_write(tmp_path_factory, state):
    numpy = needed("safetensors.numpy")
    path = tmp_path_factory.getbasetemp() / "theirs"
    save(state, path)
    assert {name: array.tolist() for name, array in numpy.load_file(path).items()} == state


@given(state=st.dictionaries(NAMES, tensors(), min_size=1, max_size=5),         # of none at all it writes no JSON
       metadata=st.dictionaries(TEXT, TEXT))
def test_we_read_what_the_safetensors_package_writes(tmp_path_factory, state, metadata):
    numpy, np = needed("safetensors.numpy"), needed("numpy")
    path = tmp_path_factory.getbasetemp() / "ours"
    numpy.save_file({name: np.array(x, np.float64) for name, x in state.items()}, path, metadata=metadata)
    assert load(path) == state


def networks(torch):
    """Layers with parameters and state of every kind, as torch makes them."""
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Linear(4, 3),
                               torch.nn.LSTM(3, 2), torch.nn.PReLU())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_torch_model_comes_here_and_goes_back(path, dtype):
    torch, files = needed("torch"), needed("safetensors.torch")
    model = networks(torch).to(getattr(torch, dtype))
    files.save_file(model.state_dict(), path)
    state = load(path)
    assert state == {name: x.tolist() for name, x in model.state_dict().items()}

    again = networks(torch).to(getattr(torch, dtype))
    save(state, path)
    found = again.load_state_dict(files.load_file(path))
    assert not found.missing_keys and not found.unexpected_keys
    assert all(torch.equal(a, b) for a, b in zip(again.state_dict().values(), model.state_dict().values(), strict=True))


def test_our_layers_and_torchs_load_each_others_files(path):
    torch, files, nn = needed("torch"), needed("safetensors.torch"), needed("microgradx.nn")
    for name, args in [("Linear", (3, 2)), ("Conv2d", (2, 3, 2)), ("LSTM", (3, 2)), ("GRU", (2, 2)), ("RNN", (2, 3)),
                       ("Embedding", (4, 3)), ("BatchNorm1d", (3,)), ("LayerNorm", (3,))]:
        theirs, own = getattr(torch.nn, name)(*args).double(), getattr(nn, name)(*args)
        save(own, path)
        assert theirs.load_state_dict(files.load_file(path), strict=True), name
        again = getattr(nn, name)(*args)
        files.save_file(theirs.state_dict(), path)
        load(path, again)
        assert again.state_dict() == own.state_dict(), name


# tinygrad#3310: a file in half precision, or of integers, was refused
TYPES = ["bfloat16", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
         "uint64", "bool"]
EXACT = [0.0, 1.0, 2.0, 100.0]              # numbers that all of them have


@pytest.mark.parametrize("dtype", TYPES)
def test_every_type_that_torch_saves_is_read(path, dtype):
    torch, files = needed("torch"), needed("safetensors.torch")
    numbers = torch.tensor([EXACT, EXACT[::-1]]).to(getattr(torch, dtype))
    files.save_file({"w": numbers, "scalar": numbers[0, 1].clone()}, path)
    assert load(path) == {"w": numbers.double().tolist(), "scalar": 1.0}


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_every_number_of_few_bits_is_read_as_torch_reads_it(path, dtype):
    """All 65,536 of 16 bits: infinities, nan, both zeros and subnormal ones too."""
    torch, files = needed("torch"), needed("safetensors.torch")
    bits = torch.arange(-2**15, 2**15, dtype=torch.int16)
    wide = (bits.int() * 2**16).view(torch.float32)
    numbers = wide if dtype == "float32" else bits.view(getattr(torch, dtype))
    files.save_file({"w": numbers}, path)
    assert repr(load(path)["w"]) == repr(numbers.double().tolist())


def test_integers_that_are_no_floats_are_refused(path):
    torch, files = needed("torch"), needed("safetensors.torch")
    for dtype, x in ((torch.int64, 2**53 + 1), (torch.uint64, 2**64 - 1)):
        files.save_file({"w": torch.tensor([x], dtype=dtype)}, path)
        with pytest.raises(WeightsError, match="is not exactly a float"):
            load(path)


def test_arrays_and_tensors_are_saved(path):
    torch, numpy = needed("torch"), needed("numpy")
    save({"a": numpy.array([[1.0, 2.0]]), "b": [torch.tensor([3.0]), [4]], "c": numpy.float32(0.5)}, path)
    assert load(path) == {"a": [[1.0, 2.0]], "b": [[3.0], [4.0]], "c": 0.5}


@pytest.mark.parametrize("name", ["\ud800", "w\udfff", "\udc80.weight"])
def test_a_name_that_utf_8_does_not_have_is_not_written(path, name):
    """It wrote a file that no reader opens."""
    with pytest.raises(WeightsError, match="expected the name of a tensor, got '"):
        save({name: [1.0]}, path)
    assert not path.exists()
    save({"\U0001f600 \x00 weight": [1.0]}, path)
    assert load(path) == {"\U0001f600 \x00 weight": [1.0]}


# Broken files --------------------------------------------------------------------------------------------------

TENSOR = {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}
SECOND = {**TENSOR, "data_offsets": [8, 16]}


def file(header, numbers=8):
    """A file with this header, JSON or text, and this many bytes of zeros."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(numbers)


def changed(**fields):
    return file({"w": {**TENSOR, **fields}})


BROKEN = {                                              # what is wrong: the file, and what the message must say
    "empty": (b"", "file of 0"),
    "a byte": (b"\1", "file of 1,"),
    "no header": (struct.pack("<Q", 0), "header of 2"),
    "header of one byte": (struct.pack("<Q", 1) + b"{", "got one of 1"),
    "header cut off": (file({"w": TENSOR})[:20], "header of 2"),
    "huge header": (struct.pack("<Q", 2**64 - 1) + b"{}", "18446744073709551615"),
    "header beyond the file": (struct.pack("<Q", 100) + b"{}", "got one of 100"),
    "not JSON": (file(b"weights!"), "not JSON"),
    "not text": (file(b'{"\xff": 1}'), "not JSON"),
    "a list": (file(b"[]", 0), "tensors by name"),
    "a number": (file(b"17", 0), "tensors by name"),
    "space before it": (file(b" " + json.dumps({"w": TENSOR}).encode()), "tensors by name"),
    "deep": (file(b'{"w":' + b"[" * 100_000), "not JSON"),
    "deep and closed": (file(b'{"w":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "not JSON"),
    "a name twice": (file(b'{"w": %b, "w": %b}' % ((json.dumps(TENSOR).encode(),) * 2)), "'w' comes twice"),
    "a name twice over": (file(b'{"w": %b, "w": %b}' % tuple(json.dumps(t).encode() for t in (TENSOR, SECOND)), 16),
                          "'w' comes twice"),
    "a field twice": (file(b'{"w": {"dtype": "F64", "dtype": "F64", "shape": [1], "data_offsets": [0, 8]}}'),
                      "'dtype' comes twice"),
    "a field missing": (file({"w": {"dtype": "F64", "shape": [1]}}), "'w': expected"),
    "a field more": (changed(stride=[1]), "'w': expected"),
    "no fields": (file({"w": 1}), "'w': expected"),
    "unknown dtype": (changed(dtype="F99"), "got 'F99'"),
    "a dtype that is not read": (changed(dtype="F8_E5M2"), "got 'F8_E5M2'"),
    "half a surrogate pair as a name": (file({"\ud800": TENSOR}), r"expected the name of a tensor, got '\ud800'"),
    "a dtype that is no text": (changed(dtype=["F64"]), "dtype"),
    "shape and bytes differ": (changed(shape=[2]), "expected 16 bytes"),
    "dtype and bytes differ": (changed(dtype="F32"), "expected 4 bytes"),
    "a huge shape": (changed(shape=[2**40, 2**40]), "expected 9671406556917033397649408 bytes"),
    "an unreadable shape": (file(b'{"w": {"dtype": "F64", "shape": [1%b], "data_offsets": [0, 8]}}' % (b"0" * 5000)),
                            "5001 digits"),
    "a shape of floats": (changed(shape=[1.0]), "got [1.0]"),
    "a shape of truths": (changed(shape=[True]), "got [True]"),
    "a negative shape": (changed(shape=[-1, -1]), "got [-1, -1]"),
    "a shape of text": (changed(shape="1"), "shape"),
    "a shape of nothing": (changed(shape=None), "shape"),
    "no numbers but endless lists": (changed(shape=[2**40, 0], data_offsets=[0, 0]), "sizes above 0"),
    "endless nesting": (changed(shape=[1] * 100_000), "up to 8 sizes"),
    "one list too deep": (changed(shape=[1] * 9), "up to 8 sizes"),
    "negative offsets": (changed(data_offsets=[-8, 0]), "got [-8, 0]"),
    "offsets that are floats": (changed(data_offsets=[0.0, 8.0]), "got [0.0, 8.0]"),
    "one offset": (changed(data_offsets=[8]), "got [8]"),
    "no offsets": (changed(data_offsets={}), "got {}"),
    "offsets backwards": (changed(data_offsets=[8, 0]), "got -8"),
    "offsets beyond the file": (changed(data_offsets=[2**63, 2**63 + 8]), "begins at byte"),
    "a hole": (file({"w": SECOND}, 16), "'w' begins at byte 8 of the numbers, expected 0"),
    "two overlap": (file({"v": TENSOR, "w": TENSOR}), "'w' begins at byte 0 of the numbers, expected 8"),
    "one in another": (file({"v": {**TENSOR, "shape": [2], "data_offsets": [0, 16]}, "w": SECOND}, 16), "expected 16"),
    "numbers cut off": (file({"w": TENSOR}, 7), "expected 8 bytes of numbers, as its header says, got 7"),
    "numbers missing": (file({"w": TENSOR}, 0), "got 0"),
    "bytes left over": (file({"w": TENSOR}, 9), "got 9"),
    "bytes without a tensor": (file({}, 8), "got 8"),
    "metadata of numbers": (file({"__metadata__": {"epoch": 1}, "w": TENSOR}), "__metadata__"),
    "metadata that is a tensor": (file({"__metadata__": TENSOR}), "__metadata__"),
    "metadata that is a list": (file({"__metadata__": [], "w": TENSOR}), "__metadata__"),
    "an integer no float is equal to": (file({"n": {**TENSOR, "dtype": "I64"}}, 0) + struct.pack("<q", 2**53 + 1),
                                        "9007199254740993"),
}


@pytest.mark.parametrize("content, told", BROKEN.values(), ids=list(BROKEN))
def test_a_broken_file_is_refused_by_name(path, content, told):
    path.write_bytes(content)
    model = Model(1.0)
    with pytest.raises(WeightsError):
        load(path, model)
    with pytest.raises(WeightsError) as caught:
        load(path)
    message = str(caught.value)
    assert str(path) in message and told in message and len(message) < len(str(path)) + 250
    assert model.state_dict() == Model(1.0).state_dict()


def test_the_file_that_the_broken_ones_are_made_of_is_read(path):
    path.write_bytes(file({"w": TENSOR}))
    assert load(path) == {"w": [0.0]}
    path.write_bytes(file({"__metadata__": {"by": "torch"}, "n": {**TENSOR, "dtype": "I64", "shape": []}}))
    assert load(path) == {"n": 0.0}
    path.write_bytes(file({"w": {**TENSOR, "shape": [1] * module.DIMENSIONS}}))
    assert load(path) == {"w": [[[[[[[[0.0]]]]]]]]}


def test_a_header_beyond_the_limit_is_refused_unread(path, monkeypatch):
    monkeypatch.setattr(module, "HEADER_LIMIT", 20)
    path.write_bytes(file({"w": TENSOR}))
    with pytest.raises(WeightsError, match="no safetensors file: expected a header of 2 to 20 bytes"):
        load(path)


def test_a_huge_file_with_a_small_header_is_refused_unread(path):
    path.write_bytes(file({"w": TENSOR}))
    os.truncate(path, 2**40)                            # a hole on the disk: reading it would fill the memory
    with pytest.raises(WeightsError, match=str(2**40 - 8 - len(json.dumps({"w": TENSOR})))):
        load(path)


@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_as_the_package_reads_it(tmp_path_factory, data):
    """Bytes changed, cut and added at random: a WeightsError or the same tensors, never another exception."""
    safetensors, numpy = needed("safetensors"), needed("safetensors.numpy")
    path = tmp_path_factory.getbasetemp() / "damaged"
    save({"a": [1.0, 2.0], "b": [[3.0]]}, path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        i = data.draw(st.integers(0, len(content)))
        content[i:i + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    path.write_bytes(content)
    try:
        state = load(path)
    except WeightsError:
        return
    try:
        theirs = numpy.load_file(path)
    except (safetensors.SafetensorError, KeyError):
        raise AssertionError(f"read a file that the format's own reader refuses: {bytes(content)!r}") from None
    assert repr({k: each(float, x.tolist()) for k, x in sorted(theirs.items())}) == repr(dict(sorted(state.items())))


# Files that do not fit -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("change, told", [
    (lambda s: s.pop("scale"), "missing .'scale'.*load_state_dict.state, strict=False. loads what fits"),
    (lambda s: s.update(more=1.0), "unexpected .'more'"),
    (lambda s: s.update(scale=[1.0]), r"scale: expected shape \(\), got \(1,\)"),
    (lambda s: s.update(weight=[[1.0, 2.0]]), r"weight: expected shape \(2, 2\), got \(1, 2\)"),
])
def test_a_model_takes_only_what_fits_in_every_name_and_shape(path, change, told):
    state = Model(1.0).state_dict()
    change(state)
    save(state, path)
    model = Model()
    with pytest.raises(WeightsError, match=told) as caught:
        load(path, model)
    assert str(path) in str(caught.value) and model.state_dict() == Model().state_dict()


@pytest.mark.parametrize("state, error", [
    ({1: [1.0]}, WeightsError), ({"__metadata__": [1.0]}, WeightsError), ({"w": []}, WeightsError),
    ({"w": [[], []]}, WeightsError), ({"w": None}, WeightsError), ({"w": "12"}, WeightsError),
    ({"w": [True]}, WeightsError), ({"w": {"x": 1.0}}, WeightsError), ({"w": [1.0, "x"]}, WeightsError),
    ({"w": [[[[[[[[[1.0]]]]]]]]]}, WeightsError),
    ({"w": [[1.0], [1.0, 2.0]]}, ValueError), ({"w": [Value(1.0)]}, TypeError), ({"w": 1j}, WeightsError),
])
def test_what_is_no_state_is_not_written(path, state, error):
    path.write_text("before")
    with pytest.raises(error):
        save(state, path)
    assert path.read_text() == "before" and os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("swapped, order", [
    (lambda path: save(str(path), Model()), "save(model, path)"), (lambda path: save(path, {}), "save(model, path)"),
    (lambda path: load(Model(), path), "load(path, model)"), (lambda path: load({}), "load(path, model)"),
    (lambda path: load(path, str(path)), "load(path, model)"),
])
def test_a_model_and_a_path_in_the_wrong_order_are_told(path, swapped, order):
    with pytest.raises(TypeError, match=f"write {re.escape(order)}") as caught:
        swapped(path)
    assert "\n" not in str(caught.value) and not path.exists()


# Nothing is lost -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failure_on_the_way_leaves_the_old_file_alone(path, monkeypatch, call, error):
    def fail(*_):
        raise error

    save({"w": 1.0}, path)
    monkeypatch.setattr(os, call, fail)
    with pytest.raises(type(error)):
        save({"w": 2.0}, path)
    monkeypatch.undo()
    assert load(path) == {"w": 1.0} and os.listdir(path.parent) == [path.name]


def test_the_old_file_stands_until_the_new_one_is_on_the_disk(path, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda fd: seen.append(load(path)))
    save({"w": 1.0}, path) if path.exists() else path.write_bytes(file({"w": TENSOR}))
    save({"w": 2.0}, path)
    assert seen == [{"w": [0.0]}] and load(path) == {"w": 2.0}


def test_a_link_stays_a_link(path):
    save({"w": 1.0}, path)
    link = path.with_name("link")
    link.symlink_to(path)
    save({"w": 2.0}, link)
    assert link.is_symlink() and load(path) == {"w": 2.0}


@pytest.mark.parametrize("where", ["missing/model", ""])
def test_a_place_that_cannot_be_written_is_an_os_error(tmp_path, where):
    with pytest.raises(OSError):
        save({"w": 1.0}, tmp_path / where)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("where", ["missing", ""])
def test_a_place_that_cannot_be_read_is_an_os_error(tmp_path, where):
    with pytest.raises(OSError):
        load(tmp_path / where)


@pytest.mark.parametrize("arguments", [("a", "b"), ("model.safetensors", Model()), (Model(), Model()), (Model(), None)],
                         ids=str)
def test_the_path_comes_last(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TypeError, match=r"^write save\(model, path\), the path last; got "):
        save(*arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given", [{1.0}, [1.0], None, 5])
def test_what_has_no_state_is_refused_by_its_type(given, tmp_path):
    with pytest.raises(TypeError, match="expected a Module, an Optimiser or a dict of nested lists, got "):
        save(given, tmp_path / "file")
    assert not (tmp_path / "file").exists()
