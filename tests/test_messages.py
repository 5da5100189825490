"""Errors that quote what a user wrote: nothing in them is a control character, and none is a bare RecursionError."""
import re
import subprocess
import sys
import tempfile
import warnings
from array import array
from dataclasses import dataclass
from pathlib import Path

import pytest

import microgradx as mg
from microgradx import (
    Value,
    grad,
    gradcheck,
    hessian,
    hvp,
    jacobian,
    jit,
    jvp,
    nn,
    parse,
    row,
    value_and_grad,
    vjp,
    vmap,
)
from microgradx.compiler import TracingError
from microgradx.export import to_onnx, to_torch
from microgradx.ieee import printable, short
from microgradx.nesting import depth, leaves, rebuild, shape
from microgradx.show.terminal.answers import what_if
from microgradx.show.terminal.columns import MOST
from microgradx.training import SGD, fit, load, save

from .compiled import needs_llvmlite
from .hostile import LABELS

RED = "\x1b[31mred\x1b[0m\x07\x9b2J"                # escape sequences of a terminal: colour, bell, clear the screen
TEXTS = [RED, *LABELS]
hostile = pytest.mark.parametrize("text", TEXTS, ids=ascii)


class Strange:
    """An object whose repr is the user's."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


def wrong(w):
    return w * Value(w.data)


def model_with(name):
    class Model(nn.Module):
        def forward(self, x):
            return x
    model = Model()
    setattr(model, name, [Value(1.0)])
    return model


def saved(text):
    with tempfile.TemporaryDirectory() as folder:
        save({text: [1.0, 2.0]}, f"{folder}/file")
        load(f"{folder}/file", model_with(text))


def changed_while_traced(text):
    model = model_with("w")

    def f(x):
        model.w = setattr(model, text, x * x)
        return x
    jit(f)(1.0)


def called(text):
    """A function of that name."""
    def f(x):
        return {x}
    f.__name__ = f.__qualname__ = text
    return f


def of_class(text):
    """An object of a class of that name, which UTF-8 must have."""
    return type(text.replace("\0", "0").replace("\ud800", ""), (), {})()


def drawn(text):
    pytest.importorskip("graphviz", reason='pip install "microgradx[draw]"')
    with mg.scope(text):
        y = Value(1.0) * 2
    mg.draw(y, expand="missing")


MESSAGES = {
    "gradcheck": lambda text: gradcheck(wrong, Value(3.0, text)),
    "gradcheck of a dict": lambda text: gradcheck(lambda d: wrong(d[text]), {text: 3.0}),
    "gradcheck of a Module": lambda text: gradcheck(lambda m: wrong(m.parameters()[0]), model_with(text)),
    "gradcheck of nan": lambda text: gradcheck(wrong, Value(mg.ieee.nan, text)),
    "gradcheck of a result": lambda text: gradcheck(lambda w: Strange(text), 3.0),
    "an unused variable": lambda text: parse("x", x=1, **{text: 2.0}),
    "a missing variable": lambda text: parse("x + other", x=1, **{text: 2.0}),
    "a wrong variable": lambda text: parse("x", **{text: Strange(text)}),
    "an expression": lambda text: parse(f"1 + {text} ("),
    "a number": lambda text: Value(Strange(text)),
    "a str": Value,
    "an argument": lambda text: grad(lambda x: x)(Strange(text)),
    "a key": lambda text: jvp(lambda d: d["a"], [{"a": 1.0}], [{text: 1.0}]),
    "a state": lambda text: model_with("w").load_state_dict({text: 1.0}),
    "a shape": lambda text: model_with(text).load_state_dict({text: [1.0, 2.0]}),
    "a file": lambda text: load("missing/" + text.replace("\0", "")),
    "a shape in a file": saved,
    "a tensor": lambda text: save({text: Strange(text)}, "missing/file"),
    "the state of an optimiser": lambda text: SGD([Value(1.0)]).load_state_dict({text: 1.0}),
    "an optimiser": lambda text: SGD([Strange(text)]),
    "a row": lambda text: row(text, Strange(text)),
    "a scope": drawn,
    "jit": lambda text: jit(lambda x: x)(Strange(text)),
    "jit of an attribute": changed_while_traced,
    "a layer": lambda text: nn.Linear(2, 1)(Strange(text)),
    "an option": lambda text: nn.GELU(approximate=text),
    "a class": lambda text: Value(of_class(text)),
    "a class as an argument": lambda text: grad(lambda x: x)(of_class(text)),
    "a class in a layer": lambda text: nn.Linear(2, 1)(of_class(text)),
    "a class that a step returns": lambda text: mg.scan(lambda c, x: (of_class(text), x), 0.0, [1.0]),
    "a class in place of a Value": lambda text: mg.gradients(of_class(text), [Value(1.0)]),
    "a function": lambda text: jit(called(text), backend="python")(1.0),
    "a parameter that is replaced": lambda text: setattr(model_with(text), text, [1.0]),
    "a set of parameters": lambda text: setattr(model_with("w"), text, {Value(1.0)}),
    "an axis": lambda text: vmap(abs, in_axes=(text,))([1.0]),
    "targets": lambda text: nn.hinge([Value(1.0)], [Strange(text)]),
}


@pytest.mark.parametrize("raised", MESSAGES.values(), ids=MESSAGES)
def test_messages_print(raised):
    seen = 0
    for text in TEXTS:
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                raised(text)
        except Exception as error:
            seen += 1
            assert not isinstance(error, (RecursionError, UnicodeError)), (text, error)
            assert str(error).isprintable(), (text, str(error))
        assert all(str(one.message).isprintable() for one in caught), text
    assert seen or raised is changed_while_traced, "nothing was refused"


@hostile
def test_what_is_shown_prints(text):
    model = nn.Sequential()
    setattr(model, text, nn.Linear(1, 1))
    for shown in (repr(model), repr(jit(called(text))), repr(vmap(called(text)))):
        assert all(line.isprintable() for line in shown.split("\n"))


def test_warnings_name_a_function_that_prints():
    def f(x, k):
        return x * k
    f.__name__ = RED
    compiled = jit(f, backend="python")
    with pytest.warns(RuntimeWarning, match=r"compiled \\x1b.* 16 times") as caught:
        for k in range(16):
            compiled(1.0, k)
    assert all(str(one.message).isprintable() for one in caught)


MADE = type(RED, (), {"__float__": lambda x: 1.0, "__call__": lambda *_: None})      # a class of any name


def a_module(base=nn.Module, **attributes):
    return type(RED, (base,), {"__init__": lambda self: vars(self).update(attributes)})()


CLASSES = {
    "label": lambda: Value(1.0, MADE()), "scope": lambda: mg.scope(MADE()).__enter__(),
    "steps": lambda: mg.steps(MADE()),
    "parse": lambda: parse(MADE()), "draw": lambda: mg.draw(MADE()), "page": lambda: mg.to_html(MADE()),
    "jit": lambda: jit(type(RED, (), {})()), "vmap": lambda: vmap(type(RED, (), {})()),
    "SGD": lambda: SGD(MADE(), lr=0.1),
    "slots": lambda: type(RED, (nn.Module,), {"__slots__": ("a",)}),
    "on the class": lambda: type("M", (nn.Module,), {RED: Value(1.0)}), "forward": lambda: a_module()(1.0),
    "state": lambda: a_module().load_state_dict({"a": 1.0}), "in a list": lambda: nn.Sequential(MADE()),
    "in a dict": lambda: nn.ModuleDict({"a": MADE()}), "mask": lambda: nn.MultiheadAttention(1, 1)(
        [[1.0]], [[1.0]], [[1.0]], attn_mask=MADE()), "probability": lambda: type(RED, (nn.Dropout,), {})(2.0),
    "size": lambda: type(RED, (nn.Linear,), {})(0, 1),
    "padding": lambda: type(RED, (nn.Conv1d,), {})(1, 1, 1, padding="a"),
    "batch": lambda: type(RED, (nn.BatchNorm1d,), {})(1)([[1.0]]),
    "loss": lambda: fit(nn.Linear(1, 1), [[1.0]], [[1.0]], type(RED, (), {})(), SGD([Value(1.0)], lr=0.1),
                        steps=1),
    "method": lambda: type(RED, (), {"__slots__": (), "f": jit(lambda self, x: x)})().f(1.0),
    "leaves": lambda: leaves(type(RED, (), {})()),
    "hash": lambda: jit(lambda m: 1.0)(type(RED, (nn.Module,), {"__eq__": lambda a, b: True, "__hash__": None})()),
    "optimiser": lambda: type(RED, (SGD,), {})([Value(1.0)], lr=0.1).load_state_dict({}),
    "no update": lambda: type(RED, (mg.training.optim.Optimiser,), {})([Value(1.0)], lr=0.1).step(),
    "to_torch": lambda: to_torch(a_module()),
    "to_onnx": lambda: to_onnx(type(RED, (), {})(), [1.0]),
    "a field": lambda: leaves(dataclass(type(RED, (), {"__annotations__": {"a": float},
        "__post_init__": lambda self: vars(self).update({RED: [1.0]})}))(1.0)),
    "a state": lambda: nn.Linear(1, 1).load_state_dict({RED: {1.0}})}


@pytest.mark.parametrize("name", CLASSES)
def test_the_names_of_classes_attributes_and_keys_are_printable(name):
    with pytest.raises(Exception) as caught:
        CLASSES[name]()
    assert str(caught.value).isprintable() and r"\x1b" in str(caught.value)


def test_every_message_with_the_name_of_a_class_makes_it_printable():
    """In each f-string of the package, but for code that it writes and names of its own."""
    own = ("compiler/python_backend.py", "compiler/pickling.py", "compiler/native/resident.py",
           "compiler/trace/places.py", "training/examples/moons.py")
    package = Path(mg.__file__).parent
    found = [f"{path.relative_to(package)}: {line.strip()}" for path in sorted(package.rglob("*.py"))
             if not str(path).endswith(own) for line in path.read_text().splitlines()
             if re.search(r"\{(?!printable\()[^{}]*__name__\}", line)]
    assert found == []
    assert re.search(r"\{(?!printable\()[^{}]*__name__\}", 'f"got {type(x).__name__}"')          # it finds one


def test_classes_of_any_name_print():
    shown = [repr(a_module(a=nn.Linear(1, 1))), repr(type(RED, (SGD,), {})([Value(1.0)], lr=0.1)),
             repr(type(RED, (Value,), {})(1.0))]
    assert all(line.isprintable() for one in shown for line in one.splitlines())


def test_a_row_has_a_name_that_prints():
    with pytest.raises(ValueError, match=r"a name that prints, got '\\x1b"):
        row(RED, lambda x: x, lambda y, x: 1)
    assert RED not in mg.table.TABLE


@hostile
def test_printable(text):
    safe = printable(text)
    assert safe.isprintable() and safe.encode() and (safe == text) == text.isprintable()
    assert short(Strange(text)).isprintable() and len(short(Strange(text))) <= 40


@pytest.mark.parametrize("words", [["step", RED], ["step", "x", f"{RED}=1"], ["check", "x", "x=1", f"y{RED}=1"],
                                   [RED], ["ops", RED], ["step", "--script", RED], [f"--{RED}"],
                                   ["step", "x", "x=1", "--html", f"missing/{RED}"], ["train", RED],
                                   ["draw", "x", "x=1", "-o", RED]])
def test_the_command_line_prints(words):
    ran = subprocess.run([sys.executable, "-m", "microgradx", *words], capture_output=True, text=True, check=False)
    assert ran.returncode == 2 and ran.stderr.strip() and "\x1b" not in ran.stderr + ran.stdout
    assert all(line.isprintable() for line in ran.stderr.splitlines())


# Too much ----------------------------------------------------------------------------------------------------------

@pytest.mark.slow
def test_what_if_of_a_large_graph_shows_what_changes():
    """100,000 values were 4 MB of text."""
    x, z = Value(2.0, "x"), Value(3.0, "z")
    chain, other = x, z
    for _ in range(5_000):
        chain, other = chain + 0.001, other * 1.0001
    shown = what_if(chain + other, x, 5.0)
    assert len(shown) < 20_000 and "more ..." in shown and len(shown.splitlines()) == MOST + 2
    assert shown.splitlines()[1].split() == ["x", "2", "->", "5", "1"] and shown.splitlines()[-1].startswith("y ")
    small = what_if(x * z, x, 5.0)
    assert len(small.splitlines()) == 4                         # every value, also what does not change
    few = what_if(x + other, x, 5.0)
    assert len(few.splitlines()) == 3                           # the header, x and y


# Too deep ----------------------------------------------------------------------------------------------------------

def nested(levels, x=1.5):
    for k in range(levels):
        x = [x] if k % 2 else {"a": x}
    return x


def lists(levels, x=1.5):
    for _ in range(levels):
        x = [x]
    return x


def innermost(x):
    while isinstance(x, (list, dict)):
        x = x[0] if isinstance(x, list) else x["a"]
    return x


def square(x):
    return innermost(x) ** 2


DOORS = {
    "grad": grad(square), "value_and_grad": value_and_grad(square),
    "jvp": lambda x: jvp(square, [x], [x]), "hvp": lambda x: hvp(square, [x], [x]),
    "jacobian": jacobian(square), "vjp": lambda x: vjp(square, x), "vmap": lambda x: vmap(grad(square))([x]),
    "what vmap maps": lambda x: vmap(lambda _: x)([1.0]), "an array within": lambda x: grad(square)([x, array("d")]),
    "hessian": hessian(square), "gradcheck": lambda x: gradcheck(square, x),
    "jit": jit(square, backend="python"), "jit of grad": jit(grad(square), backend="python"),
    "what jit returns": lambda x: jit(lambda y: rebuild(x, iter([y])), backend="python")(1.0),
    "leaves": leaves, "rebuild": lambda x: rebuild(x, iter([1.0])),
    "shape": lambda x: shape(lists(depth(x))), "a layer": lambda x: nn.Linear(2, 1)(lists(depth(x))),
    "a loss": lambda x: nn.mse(lists(depth(x)), lists(depth(x))),
    "save": lambda x: save({"w": lists(depth(x))}, "missing/file"),
    "load_state_dict": lambda x: nn.Linear(1, 1).load_state_dict({"weight": lists(depth(x)), "bias": [1.0]}),
    "parameters": lambda x: holding(x).parameters(),
    "an activation": lambda x: nn.ReLU()(lists(depth(x))),
    "an embedding": lambda x: nn.Embedding(2, 2)(lists(depth(x), 0)),
    "targets": lambda x: nn.bce(lists(depth(x), 0.5), lists(depth(x), 1.0)),
    "what a loop carries": lambda x: mg.scan(lambda c, y: (c, y), x, [1.0]),
    "what a loop steps through": lambda x: mg.scan(lambda c, y: (c, y), 0.0, {"a": lists(depth(x))}),
    "what fori_loop carries": lambda x: mg.fori_loop(0, 1, lambda i, c: c, x),
    "jit of vmap": lambda x: jit(vmap(grad(square)), backend="python")([x, x]),
    "check_jvp": lambda x: mg.check_jvp(square, x),
    "a gradient to check": lambda x: gradcheck(lambda y: innermost(y)**2, x, grad=lambda y: rebuild(x, iter([3.0]))),
}


def holding(x):
    model = nn.Sequential()
    model.w = lists(depth(x), Value(1.0))
    return model


def works(door, x):
    try:
        door(x)
    except (ValueError, OSError) as error:              # of another kind: a shape that does not fit
        assert "containers within containers" not in str(error)


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_arguments_that_are_nested_too_deep(door):
    works(door, nested(90))
    for levels in (500, 3000):
        with pytest.raises(ValueError, match=rf"containers within containers.*got {levels // 100}\d\d levels"):
            door(nested(levels))


@pytest.mark.parametrize("door", [grad(square), jit(square, backend="python"), leaves, shape])
def test_a_container_that_holds_itself(door):
    endless = []
    endless.append(endless)
    with pytest.raises(ValueError, match="a container that holds itself"):
        door(endless)


@needs_llvmlite
def test_samples_that_are_nested_too_deep():
    model = nn.Linear(1, 1)
    with pytest.raises(ValueError, match=r"got 50\d levels"):
        fit(model, [lists(500)], [1.0], lambda m, x, y: m([innermost(x)])[0], SGD(model.parameters()), steps=1,
            jit=True)


def test_a_function_of_the_users_that_calls_itself_too_often():
    """Python's own error stays: its nesting is not the reason."""
    def f(x):
        return f(x)

    for transform in (grad, jit):
        with pytest.raises(RecursionError):
            transform(f)([1.0])


@pytest.mark.slow
def test_numbers_that_are_too_deep_to_be_shown():
    with pytest.raises(TypeError, match="a list that is nested too deep"):
        Value(lists(100_000))
    with pytest.raises(TracingError):
        jit(float)(1.0)
