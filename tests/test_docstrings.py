"""Every public name says what it does: an example that runs, what it raises, its shapes, where it comes from.

The examples of functions and classes run with the suite (--doctest-modules); those of the rows, which are made from the
table, run here.
"""
import ast
import doctest
import importlib
import inspect
import re

import pytest

import microgradx
from microgradx import compiler, grad, nn, tanh, training
from microgradx.table import TABLE, Op, Reduction

MODULES = {name: importlib.import_module(f"microgradx{name}") for name in (
    "", ".nn", ".nn.init", ".training", ".strategies", ".testing", ".compiler", ".plots", ".show.plots",
    ".show.curves", ".show.picture.diagnosis")}
HIDING = ["sum", "max", "min", "abs", "pow"]                        # public, but not for `import *`
INNER = {"Jitted.variant", "Optimiser.moved"}                       # for other modules of the compiler
OF_METHODS = [microgradx.Value, nn.Module, training.Optimiser, compiler.Jitted]
SOURCE = re.compile(r"torch|micrograd\b|safetensors|\b(18|19|20)\d\d\b")     # its name elsewhere, the year of a paper
OWN = {"fit", "evaluate", "History", "Record"}                      # the training loop, which torch leaves to its users
SHAPE = re.compile(r"\([^()]*\)|shape|(?i:any number)|one Value")


def names_of(module):
    """What a module lists as public, else the functions and classes that it defines without an underscore."""
    if hasattr(module, "__all__"):
        told = [name for name in module.__all__ if not isinstance(getattr(module, name), str)]     # a colour is none
        return told + HIDING * (module is microgradx)
    return [name for name, x in vars(module).items() if not name.startswith("_")
            and (inspect.isfunction(x) or inspect.isclass(x)) and x.__module__ == module.__name__]


def examples(x):
    """The lines after >>> in the docstring of x itself."""
    finder = doctest.DocTestFinder(recurse=False, exclude_empty=False)
    return "".join(example.source for test in finder.find(x, "x", module=False) for example in test.examples)


def documentation(x):
    """All docstrings of a function, or of a class and its methods, inherited or not."""
    if not inspect.isclass(x):
        return x.__doc__ or ""
    own = [m for c in x.__mro__[:-1] if c.__module__.startswith("microgradx") for m in (c, *vars(c).values())]
    return "\n".join(m.__doc__ or "" for m in own if callable(m) or isinstance(m, property))


def untold(x):
    """The exceptions that the code of x raises itself and its docstrings do not name."""
    file = ast.parse(inspect.getsource(importlib.import_module(x.__module__)))
    tree = [node for node in file.body if getattr(node, "name", "") == x.__name__][-1]      # after its overloads
    raised = {node.exc.func.id for node in ast.walk(tree) if isinstance(node, ast.Raise)
              and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name) and node.exc.func.id[0] != "_"}
    makers = {node.name: node.returns.id for node in file.body
              if isinstance(node, ast.FunctionDef) and isinstance(node.returns, ast.Name)}      # raise renamed(path, e)
    raised, told = {makers.get(name, name) for name in raised}, documentation(x)
    return {name for name in raised if name not in told and name != "NotImplementedError"}  # that is for a base class


PUBLIC = {f"microgradx{path}.{name}": getattr(module, name) for path, module in MODULES.items()
          for name in names_of(module) if not inspect.ismodule(getattr(module, name))}
CODE = {name: x for name, x in PUBLIC.items() if not isinstance(x, Op)}
LAYERS = {name: x for name, x in CODE.items() if inspect.isclass(x) and issubclass(x, nn.Module)}
FROM_ELSEWHERE = {name: x for name, x in CODE.items() if re.match(r"microgradx\.(nn|training)\.", name)
                  and x.__name__ not in OWN and not (inspect.isclass(x) and issubclass(x, Exception))}
METHODS = {f"{c.__name__}.{name}": (c, x) for c in OF_METHODS for name, x in inspect.getmembers(c)
           if not name.startswith("_") and (inspect.isfunction(x) or isinstance(x, property))
           and f"{c.__name__}.{name}" not in INNER}


def named(things):
    return pytest.mark.parametrize("x", things.values(), ids=things)


@named(PUBLIC)
def test_it_has_an_example(x):
    assert examples(x)


@named(CODE)
def test_it_tells_what_it_raises(x):
    assert untold(x) == set()


@named(LAYERS)
def test_a_layer_tells_its_shapes(x):
    assert SHAPE.search(f"{x.__doc__} {x.forward.__doc__}")


@named(FROM_ELSEWHERE)
def test_it_names_its_source(x):
    assert SOURCE.search(x.__doc__.split(">>>")[0])


@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_shown(method):
    """By its own example or that of its class; a row, of which it is the method form, has one."""
    kind, x = METHODS[method]
    name = method.split(".")[1]
    assert name in examples(x) + examples(kind) or (name in TABLE and x.__doc__.startswith(f"{name}: the row"))


@pytest.mark.parametrize("op", TABLE.values(), ids=TABLE)
def test_the_example_of_a_row_runs(op):
    test = doctest.DocTestParser().get_doctest(op.__doc__, {op.name: op}, op.name, None, None)
    assert len(test.examples) == 2 and doctest.DocTestRunner(verbose=False).run(test).failed == 0
    assert op.__doc__.startswith(f"{op.name}: ")


def test_a_transform_of_a_row_takes_over_its_text_without_going_round(monkeypatch):
    """The text has an example, whose transform of the row took over the text: 300 deep, 80 ms for each grad(tanh)."""
    from microgradx.show.terminal import listing
    asked, documentation = [], listing.documentation
    monkeypatch.setattr(listing, "documentation", lambda op: asked.append(op) or documentation(op))
    assert grad(tanh).__doc__ == tanh.__doc__
    assert len(asked) <= 3


def test_the_classes_of_rows_keep_their_own_documentation():
    assert Op.__doc__.startswith("One row: ") and Reduction.__doc__.startswith("A row of any number of inputs")


def test_a_row_that_does_not_read_as_text_has_that_of_its_class_and_prints_its_name():
    odd = Op("odd", lambda x: x, lambda y, x: float(x))
    assert odd.__doc__ == Op.__doc__ and str(odd) == repr(odd) == "<row odd(x)>"


# Whether these tests would notice ------------------------------------------------------------------------------

def silent(x):
    """Says much, shows nothing."""
    if x:
        raise ValueError("which it does not tell")


class Child(nn.ReLU):
    pass


def test_a_name_without_an_example_is_seen():
    assert not examples(silent) and examples(nn.ReLU) and not examples(Child)


def test_an_error_that_is_not_told_is_seen():
    assert untold(silent) == {"ValueError"} and untold(nn.Flatten) == set()


def test_a_docstring_without_source_or_shape_is_seen():
    assert not SOURCE.search(silent.__doc__) and not SHAPE.search(silent.__doc__)


def test_a_wrong_example_of_a_row_is_seen():
    text = microgradx.tanh.__doc__.replace("(0.4", "(0.5")
    test = doctest.DocTestParser().get_doctest(text, {"tanh": microgradx.tanh}, "tanh", None, None)
    assert doctest.DocTestRunner(verbose=False).run(test, out=lambda _: None).failed == 1
