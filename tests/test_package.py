"""The house: arrows run one way, the core needs the standard library only, README tells the truth."""
import ast
import pathlib
import subprocess
import sys

import pytest

import microgradx

ROOT = pathlib.Path(microgradx.__file__).parent.parent
PACKAGE = ROOT / "microgradx"

# A module may import from the rows above its own, and from its own folder.
LAYERS = [
    ["ieee", "extras", "moved"], ["table"], ["ops"], ["reductions"], ["activations", "text", "recording"], ["node"],
    ["vector"], ["value"], ["nesting", "naming", "replay"], ["derivatives"], ["step", "expr", "nn"], ["checking"],
    ["training"], ["show", "compiler"], ["__init__"], ["__main__"],
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def imported(source, package):
    """The package's own modules that `source`, a file of the folder `package`, imports."""
    tree = ast.parse(source)
    for_types = [n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    tree.body = [n for n in tree.body if n not in for_types]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((*a.name.split("."), "__init__")[1] for a in node.names if a.name.split(".")[0] == "microgradx")
        if isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else ()
            full = [*base, *(node.module.split(".") if node.module else [])]
            if full[:1] == ["microgradx"]:
                yield from full[1:2] or [a.name if a.name in RANK else "__init__" for a in node.names]


# The one way back: fit() reaches the compiler inside the call that asks for it, fit(..., jit=True).
ASKED_FOR = {("training", "compiler")}


def backward_arrows(source, path):
    """The imports of a file that point at its own row of LAYERS or below."""
    own = path.relative_to(PACKAGE).with_suffix("").parts[0]
    return [t for t in imported(source, path.relative_to(ROOT).parent.parts)
            if t != own and RANK[t] >= RANK[own] and (own, t) not in ASKED_FOR]


def test_the_compiler_is_imported_only_when_asked_for():
    run = subprocess.run([sys.executable, "-c", "import microgradx.training, sys; print(*sys.modules)"], cwd=ROOT,
                         text=True, capture_output=True, check=True)
    assert not [m for m in run.stdout.split() if m.startswith("microgradx.compiler")]


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_arrows_run_one_way(path):
    assert backward_arrows(path.read_text(), path) == []


@pytest.mark.parametrize("source, found", [
    ("from .engine import Value", ["value"]), ("import microgradx.show", ["show"]), ("import microgradx", ["__init__"]),
    ("from microgradx import check", ["check"]), ("from . import nn", ["nn"]),
    ("def f():\n    from .show.tree import x", ["show"]), ("from .ieee import nan", []), ("import math", []),
])
def test_a_backward_arrow_is_seen(source, found):
    assert backward_arrows(source, PACKAGE / "ops.py") == found


def test_the_core_needs_the_standard_library_only(tmp_path):
    """-S hides site-packages; what is imported then is Python's own."""
    run = subprocess.run([sys.executable, "-S", "-c", "import microgradx, sys; print(*sys.modules)"], cwd=ROOT,
                         text=True, capture_output=True, check=True, env={"PYTHONPATH": str(ROOT)})
    foreign = {m.split(".")[0] for m in run.stdout.split()} - set(sys.stdlib_module_names) - {"microgradx"}
    assert {m for m in foreign if not m.startswith("_") and m != "sitecustomize"} == set()


def test_star_import_leaves_builtins_alone():
    scope = {}
    exec("from microgradx import *", scope)
    import builtins
    assert [n for n in scope if n != "__builtins__" and hasattr(builtins, n)] == []
    assert all(callable(getattr(microgradx, n)) for n in ("sum", "max", "min", "abs", "pow"))


def test_every_public_name_is_told():
    for name in microgradx.__all__:
        assert getattr(microgradx, name).__doc__, name
