"""mypy and pyright take a program as users write them, in their strict modes, and see what is wrong in it."""
import importlib.util
import math
import os
import pathlib
import subprocess
import sys

import pytest

from . import user_program

ROOT = pathlib.Path(__file__).parent.parent
PROGRAM = pathlib.Path(user_program.__file__).read_text()
CHECKERS = {"mypy": ["mypy", "--strict", "--follow-imports=silent", "--config-file=", "--cache-dir=cache"],
            "pyright": ["pyright", "--pythonpath", sys.executable]}
# What it must see, beside the program, in a call of a transform, a compiled function, a layer or a loss.
SEEN = {
    "value_and_grad(energy)([0.5], [1.0])": "tuple[float, Any]",
    "value_and_grad(loss)(Network(2), [1.0], 0)[0]": "float", "grad(energy)([0.5], x=[1.0])": "Any",
    "grad(energy, 1)([Value(0.5)], [1.0])": "Any", "grad(grad(tanh))(1.0)": "Any",
    "mg.hessian(energy)([0.5], [1.0])": "Any", "mg.jacobian(grad(energy), argnums=(0, 1))([0.5], [1.0])": "Any",
    "jit(energy)([0.5], [1.0])": "float", "jit(numbers)([1.0])": "float", "jit(main)()": "float",
    "jit(value_and_grad(energy))([0.5], [1.0])": "tuple[float, Any]", "jit(grad(energy))([0.5], [1.0])": "Any",
    "jit(loss)(Network(2), [1.0], 0)": "float", "jit(Network(2).forward)([1.0])": "Any",
    "jit(mg.vmap(numbers))([[1.0]])": "Any", "grad(jit(energy))([0.5], [1.0])": "Any",
    "jit(energy).report().programs": "int", "jit(energy)([0.5], [1.0], out=[1.0])": "Any",
    "Network(2)([1.0])": "list[Value]", "Linear(2, 3)([1.0])": "Any",
    "mse([Value(1.0)], [1.0])": "Value", "mse([[Value(1.0)]], [[1.0]])": "Value", "mse([1.0, 2.0], [1, 2])": "float",
    "cross_entropy(Network(2)([1.0]), 1)": "Value", "mse(Linear(1, 1)([1.0]), [1.0])": "Any",
    "mse([1.0], [1.0], 'none')": "Any",
}
# What a checker must refuse, beside the program: it would take anything if all were Any.
WRONG = {
    "sum": "x: float = sum([Value(1.0), 2.0])", "dot": "x: Value = dot([1.0], [2])", "max": "mg.max(['a'])",
    "row": "x: float = tanh(Value(1.0))", "layer": "x: list[float] = Network(2)([1.0, 2.0])",
    "count": "grad(energy)([0.5])", "kind": "value_and_grad(energy)([0.5], 'text')",
    "hessian": "mg.hessian(energy)([0.5])", "jacobian": "mg.jacobian(energy)([0.5], [1.0], [2.0])",
    "compiled count": "jit(numbers)([1.0], [2.0])",
    "compiled kind": "jit(numbers)('text')", "compiled gradient": "jit(value_and_grad(energy))([0.5])",
    "compiled": "x: list[float] = jit(energy)([0.5], [1.0])", "option": "mse([1.0], [1.0], 'total')",
    "options": "cross_entropy([1.0], 0, weigth=[1.0])", "loss": "x: float = mse([Value(1.0)], [1.0])",
    "call of a layer": "Network(2)('text')", "value": "Value('text')", "operator": "Value(1.0) + 'text'",
}


def complaints(checker, folder, text):
    """The lines of a program that a checker complains about, and all that it printed."""
    pytest.importorskip(checker, reason=f"{checker} is not installed: pip install {checker}")
    (folder / "program.py").write_text(text)
    (folder / "pyrightconfig.json").write_text(
        f'{{"typeCheckingMode": "strict", "include": ["program.py"], "extraPaths": ["{ROOT}"]}}')
    ran = subprocess.run([sys.executable, "-m", *CHECKERS[checker], *["program.py"] * (checker == "mypy")], cwd=folder,
                         env={**os.environ, "MYPYPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    lines = [line for line in ran.stdout.splitlines() if "program.py:" in line and "error" in line]
    assert (ran.returncode == 0) == (not lines), ran.stdout + ran.stderr
    return [int(line.split(":")[1]) for line in lines], ran.stdout


def test_the_program_runs():
    assert math.isfinite(user_program.main()) and 50 <= len(PROGRAM.splitlines()) <= 75


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_a_users_program_is_typed_and_mistakes_are_seen(checker, tmp_path):
    seen = "from typing import Any, assert_type\n" + PROGRAM + "".join(
        f"assert_type({said}, {kind})\n" for said, kind in SEEN.items())
    found, printed = complaints(checker, tmp_path, seen)
    assert found == [], printed
    first = len(PROGRAM.splitlines()) + 1
    found, printed = complaints(checker, tmp_path, PROGRAM + "\n".join(WRONG.values()) + "\n")
    assert sorted(set(found)) == list(range(first, first + len(WRONG))), printed


@pytest.mark.slow
def test_completion_shows_rows_and_lazy_names():
    """IPython and Jupyter ask inspect, and jedi, which asks it too."""
    import inspect

    import microgradx as mg
    fresh = subprocess.run([sys.executable, "-c", "import microgradx; print(*dir(microgradx))"], capture_output=True,
                           text=True, check=True, cwd=ROOT)
    names = fresh.stdout.split()
    assert {*mg.__all__, "__version__"} <= {*names} and names == sorted(names)
    assert str(inspect.signature(mg.relu)) == "(x, /)" and str(inspect.signature(mg.dot)) == "(xs, ys, /)"
    assert str(inspect.signature(mg.clamp)) == "(x, lo=-inf, hi=inf, /)"
    assert "name" in str(inspect.signature(mg.table.Op)) and "lists" in str(inspect.signature(mg.table.Reduction))
    for op in mg.table.TABLE.values():
        assert op.__name__ == op.name and inspect.getdoc(op).startswith(f"{op.name}: a row of the table")
        assert inspect.signature(op)


@pytest.mark.skipif(importlib.util.find_spec("jedi") is None, reason="jedi is not installed: pip install jedi")
@pytest.mark.parametrize("code, signature", [("mg.rel", "relu(x, /)"), ("mg.dot", "dot(xs, ys, /)")])
def test_jedi_completes_a_row_with_its_documentation(code, signature):
    import jedi

    import microgradx as mg
    found = jedi.Interpreter(code, [{"mg": mg}]).complete()[0]
    assert found.docstring().startswith(signature) and "a row of the table" in found.docstring()
