"""The quick run: no module of the package is without a quick test, and a sweep keeps a part of each axis."""
import ast
import pathlib
import re
import sys
import tomllib
from importlib import metadata

import pytest

import microgradx

from .budget import FULL, budget, sweep
from .conftest import slow_ones

PACKAGE, TESTS = pathlib.Path(microgradx.__file__).parent, pathlib.Path(__file__).parent
FILES = {".".join(("microgradx", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
         for path in PACKAGE.rglob("*.py")}


def imports(nodes, package=()):
    """What these statements import, by full name; `package` is the folder of their file, from which dots count."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else ()
            full = ".".join([*base, *([node.module] if node.module else [])])
            yield from (full, *(f"{full}.{alias.name}" for alias in node.names))


def is_quick(tree):
    """Has the file a test that is not marked slow?"""
    marked = [ast.unparse(node.value) for node in tree.body if isinstance(node, ast.Assign)
              and ast.unparse(node.targets[0]) == "pytestmark"]
    tests = [[*map(ast.unparse, node.decorator_list), *marked] for node in tree.body
             if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    return any(not any(mark.endswith(("mark.slow", ".slow]")) for mark in marks) for marks in tests)


def reached(modules, tests):
    """Modules with examples in a docstring, those that a quick test file imports, what these import, and their folders.

    modules     source by full name, with the folder from which dots count
    tests       sources
    """
    found = {name for name, (source, _) in modules.items() if "    >>> " in source}
    for tree in map(ast.parse, tests):
        if is_quick(tree):
            found |= modules.keys() & set(imports(ast.walk(tree)))
    more = list(found)
    while more:
        source, package = modules[more.pop()]
        new = modules.keys() & set(imports(ast.parse(source).body, package)) - found
        found |= new
        more += new
    return found | modules.keys() & {name.rpartition(".")[0] for name in found}


def is_empty(source):
    """Nothing but words, as in a folder's __init__.py."""
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in ast.parse(source).body)


@pytest.mark.slow
def test_no_module_is_without_a_quick_test():
    modules = {name: (path.read_text(encoding="utf-8"), ("microgradx", *path.relative_to(PACKAGE).parent.parts))
               for name, path in FILES.items()}
    tests = [path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")]
    without = modules.keys() - reached(modules, tests)
    assert {name for name in without if not is_empty(modules[name][0])} == set()


@pytest.mark.parametrize("test, found", [
    ("import p.a\ndef test_a(): pass", {"p.a", "p.b"}), ("from p import b\ndef test_b(): pass", {"p.b"}),
    ("def test_c():\n    from p.c import x", {"p.c"}), ("import p.a", set()),
    ("import p.a\n@pytest.mark.slow\ndef test_a(): pass", set()),
    ("import p.a\npytestmark = pytest.mark.slow\ndef test_a(): pass", set()),
    ("import p.a\n@pytest.mark.slow\ndef test_a(): pass\ndef test_b(): pass", {"p.a", "p.b"}),
])
def test_a_module_without_a_quick_test_is_found(test, found):
    """p.a imports p.b at its top, and p.c where a function asks for it."""
    modules = {"p.a": ("from .b import x\ndef f():\n    from . import c", ("p",)), "p.b": ("", ("p",)),
               "p.c": ("", ("p",)), "p.d": ('"""An example.\n\n    >>> 1\n    1\n"""', ("p",))}
    assert reached(modules, [test]) == {"p.d", *found}


def needed(tree):
    """Other people's packages that a file imports at its head, where a missing one ends the whole run."""
    heads = {name.partition(".")[0] for name in imports(tree.body)}
    return {name for name in heads if name and name not in sys.stdlib_module_names}


def provided(extra):
    """What can be imported where an extra of the package is installed: it, and what it needs."""
    extras = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    asked, found = [f"microgradx[{extra}]"], set()
    while asked:
        name, more = re.match(r"([\w.-]+)(?:\[([\w,]+)\])?", asked.pop()).groups()
        if name == "microgradx":
            asked += [part for one in more.split(",") for part in extras[one]]
        elif name.lower() not in found:
            found.add(name.lower())
            asked += [part for part in metadata.requires(name) or () if "extra ==" not in part and ";" not in part]
    return {"microgradx"} | {module for module, names in metadata.packages_distributions().items()
                             if not found.isdisjoint(map(str.lower, names))}


@pytest.mark.slow
def test_the_command_of_the_readme_installs_what_test_files_import_at_their_heads():
    """Also of a benchmark, whose examples in docstrings are tests: a peer is imported where it is measured."""
    ours = {path.stem for path in TESTS.rglob("*.py")} | {path.name for path in TESTS.rglob("*/")} | {"tests"}
    installed = provided("test")
    for path in TESTS.rglob("*.py"):
        assert needed(ast.parse(path.read_text(encoding="utf-8"))) <= installed | ours, path


@pytest.mark.parametrize("source, found", [("import torch.nn", {"torch"}), ("from jax import jit", {"jax"}),
                                           ("def f():\n    import torch", set()), ("import os", set())])
def test_an_import_of_a_package_that_is_not_installed_is_found(source, found):
    assert needed(ast.parse(source)) == found


def test_of_a_sweep_each_nth_is_quick_for_each_test():
    asked = [("a", sweep(3).args[0])] * 7 + [("b", 2)] * 2 + [("c", None)] * 2
    assert slow_ones(asked) == [False, True, True] * 2 + [False] + [False, True] + [False] * 2


def test_the_quick_run_draws_a_twentieth():
    assert [budget(n) for n in (1, 5, 20, 500)] == ([1, 5, 20, 500] if FULL else [1, 3, 3, 25])
