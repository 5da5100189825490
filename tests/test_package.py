"""The house: arrows run one way, the core needs the standard library only, README tells the truth."""
import ast
import pathlib
import re
import subprocess
import sys

import pytest

import microgradx

ROOT = pathlib.Path(microgradx.__file__).parent.parent
PACKAGE = ROOT / "microgradx"

# A module may import from the rows above its own, and from its own folder.
LAYERS = [
    ["arithmetic", "branches", "collector", "extras", "files", "interrupts", "locks", "moved", "warning"],
    ["ieee"], ["arrays"], ["table"], ["ops"], ["reductions"], ["activations", "text"], ["engine"],
    ["recording", "vector", "flows", "freeing"], ["operators"],
    ["micrograd", "nesting", "naming", "replay", "dependence"], ["conversion"],
    ["passes", "colouring", "loops"], ["calls"], ["derivatives", "sparse"], ["jacobians", "batching"],
    ["watching"], ["step", "expr", "nn"], ["checking"],
    ["training", "testing"], ["show", "compiler"], ["estimators", "export", "plots"], ["__init__"], ["commands"],
    ["__main__"],
]
# The same within a folder: its rooms and files. What is not named here follows from there being no circle.
ROOMS = {
    "compiler": [["trace"], ["ir"], ["native"], ["loops"], ["native_backend", "python_backend"], ["training"],
                 ["native_samples", "out"], ["backends"], ["variant", "report", "pickling", "samples", "methods"],
                 ["jit"], ["__init__"]],
    "show": [["__init__", "colours", "document"], ["terminal"], ["plots"], ["picture"], ["web"], ["notebook"],
             ["stepper"]],
}

# Imports that go backwards or round in a circle, and why they may.
ALLOWED = {
    ("compiler.native.engine", "__init__"): "the version, which stands there: machine code on disk is for one of them",
    ("training.compiled", "compiler"): "fit(..., jit=True) asks for the compiler, inside the one function that has it",
}
# Imports by a name that is only known when they are made: ast does not see where they lead.
BY_NAME = {
    "checking.examine.worker": "the engine that a user names",
    "__init__": "the front ends, when they are asked for: `import microgradx` starts at once",
    "moved": "the first edition's paths lead to the present ones",
    "training.examples": "the example of this name",
    "training.examples.target": "data sets: other people's packages",
    "training.progress": "tqdm, another package",
}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def dotted(path):
    """The name of a file's module within the package: "nn.linear"; of a folder's __init__.py that of the folder."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


SOURCES = {dotted(path): path.read_text() for path in modules()}
FOLDERS = {dotted(path) for path in modules() if path.name == "__init__.py"}


def imported(source, own, known=SOURCES):
    """The package's own modules that `source`, the module `own`, imports: at its head or inside a function."""
    tree = ast.parse(source)
    for_types = [n for n in ast.walk(tree) if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    hidden = {inner for block in for_types for statement in block.body for inner in ast.walk(statement)}
    folder = ("microgradx", *([] if own == "__init__" else own.split(".")))
    folder = folder if own in FOLDERS else folder[:-1]
    for node in ast.walk(tree):
        if node in hidden:
            continue
        if isinstance(node, ast.Import):
            yield from (a.name.partition(".")[2] or "__init__" for a in node.names
                        if a.name.split(".")[0] == "microgradx")
        if isinstance(node, ast.ImportFrom):
            base = folder[:len(folder) - node.level + 1] if node.level else ()
            full = [*base, *(node.module.split(".") if node.module else [])]
            if full[:1] == ["microgradx"]:
                place = ".".join(full[1:])
                inside = [f"{place}.{a.name}".lstrip(".") for a in node.names]
                yield from {name if name in known else place or "__init__" for name in inside}


def backward_arrows(source, own, known=SOURCES):
    """What a module imports although it stands in the same row as the module itself, or below, and elsewhere."""
    found = []
    for target in imported(source, own, known):
        (here, *inner), (there, *other) = own.split("."), target.split(".")
        order, room = LAYERS, (here, there)
        if here == there:                               # within one folder the order of its rooms counts
            order, room = ROOMS.get(here), ((inner or ["__init__"])[0], (other or ["__init__"])[0])
        if order is None or room[0] == room[1]:
            continue
        rank = {name: k for k, names in enumerate(order) for name in names}
        if rank[room[1]] >= rank[room[0]] and (own, target) not in ALLOWED:
            found.append(target)
    return found


def circle(sources):
    """Modules each of which imports the next, and the last the first; [] if there is no such circle."""
    arrows = {own: {t for t in imported(source, own, sources) if (own, t) not in ALLOWED and t != own}
              for own, source in sources.items()}
    while free := [own for own, targets in arrows.items() if not targets & arrows.keys()]:
        for own in free:
            del arrows[own]
    found = list(arrows)[:1]
    while found and len(set(found)) == len(found):
        found.append(min(arrows[found[-1]] & arrows.keys()))
    return found[found.index(found[-1]):-1] if found else []


def test_the_compiler_is_imported_only_when_asked_for():
    run = subprocess.run([sys.executable, "-c", "import microgradx.training, sys; print(*sys.modules)"], cwd=ROOT,
                         text=True, capture_output=True, check=True)
    assert not [m for m in run.stdout.split() if m.startswith("microgradx.compiler")]


@pytest.mark.parametrize("own", SOURCES)
def test_arrows_run_one_way(own):
    assert backward_arrows(SOURCES[own], own) == []


@pytest.mark.slow
def test_no_module_imports_itself_by_way_of_others():
    assert circle(SOURCES) == []


def test_each_exception_is_needed():
    assert all(target in imported(SOURCES[own], own) for own, target in ALLOWED)
    by_name = {own for own, source in SOURCES.items() if "import_module(" in source}
    assert by_name == BY_NAME.keys()


@pytest.mark.slow
def test_no_two_modules_share_a_class():
    """A word means one thing."""
    classes = [node.name for source in SOURCES.values() for node in ast.parse(source).body
               if isinstance(node, ast.ClassDef)]
    assert {name for name in classes if classes.count(name) > 1} == set()


@pytest.mark.parametrize("source, own, found", [
    ("from .engine import Value", "ops", ["engine"]), ("import microgradx.show", "ops", ["show"]),
    ("import microgradx", "ops", ["__init__"]), ("from microgradx import checking", "ops", ["checking"]),
    ("from microgradx import tanh", "ops", ["__init__"]), ("from . import nn", "ops", ["nn"]),
    ("def f():\n    from .show.terminal.tree import x", "ops", ["show.terminal.tree"]),
    ("from .ieee import nan", "ops", []), ("import math", "ops", []),
    ("if TYPE_CHECKING:\n    from .engine import Value", "ops", []),
    ("from ..compiler import Jitted", "training.fit", ["compiler"]),
    ("from .. import compiler", "training.compiled", []), ("from .. import compiler", "training.runner", ["compiler"]),
    ("from ..native.engine import load", "compiler.ir.fuse", ["compiler.native.engine"]),
    ("class A:\n    def f(self):\n        from .jit import jit", "compiler.python_backend", ["compiler.jit"]),
    ("from . import jit", "compiler.variant", ["compiler.jit"]),
    ("from ..training.session import Session", "compiler.loops.nests", ["compiler.training.session"]),
    ("from ..ir.program import Program\nfrom .map_code import Results", "compiler.loops.nests", []),
    ("from ..notebook import Stepper", "show.terminal.tree", ["show.notebook"]),
    ("from ..picture.labels import card", "show.plots.canvas", ["show.picture.labels"]),
    ("from ..terminal.columns import cut", "show.picture.labels", []),
])
def test_a_backward_arrow_is_seen(source, own, found):
    assert backward_arrows(source, own) == found


@pytest.mark.parametrize("sources, found", [
    ({"a": "from . import b", "b": "def f():\n    from .a import x"}, {"a", "b"}),
    ({"a": "from .b import x", "b": "from .c import x", "c": "import microgradx.a", "d": "from .a import x"},
     {"a", "b", "c"}),
    ({"a": "from .b import x", "b": "import math\nif TYPE_CHECKING:\n    from .a import x"}, set()),
    ({"a": "from .b import x\nfrom .c import x", "b": "from .c import x", "c": ""}, set()),
])
def test_a_circle_is_seen(sources, found):
    assert set(circle(sources)) == found


@pytest.mark.parametrize("folder", sorted(FOLDERS - {"__init__"}))
def test_a_folder_says_which_files_it_has(folder):
    """CONTRIBUTING.md promises it; the files at the root stand in a table there."""
    told = ast.get_docstring(ast.parse(SOURCES[folder]))
    rooms = [name.rpartition(".")[2] for name in SOURCES if name.rpartition(".")[0] == folder]
    assert rooms and [room for room in rooms if not re.search(rf"\b{room}\b", told)] == []


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
