"""What cannot be exported is refused by name before anything is written: files that are there stay as they are."""
import math

import pytest

import microgradx as mg
from microgradx import Value, nn
from microgradx.__main__ import main
from microgradx.export import to_c, to_jax, to_latex, to_onnx, to_sympy, to_torch
from microgradx.plots import save
from microgradx.table import TABLE

EXPORTERS = {"c": to_c, "jax": to_jax, "onnx": to_onnx}
GRAPHS = {"latex": to_latex, "sympy": to_sympy}


@pytest.fixture
def odd():
    """A row that only Python can compute."""
    yield mg.row("odd", lambda x: math.floor(x) + math.ulp(x), lambda y, x: 1.0)
    del TABLE["odd"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", EXPORTERS)
def test_a_row_that_only_python_computes(kind, odd):
    if kind != "c":
        pytest.importorskip(kind)
    with pytest.raises(TypeError, match="odd"):
        EXPORTERS[kind](lambda x: odd(x) * 2.0, 1.5)


@pytest.mark.slow
def test_in_latex_it_has_its_name_and_sympy_refuses_it(odd):
    y = odd(Value(1.5, "x"))
    assert r"\operatorname{odd}\left(x\right)" in to_latex(y)
    pytest.importorskip("sympy")
    with pytest.raises(TypeError, match="row 'odd'"):
        to_sympy(y)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["c", "jax", "onnx", "torch", "latex", "sympy"])
@pytest.mark.parametrize("given", [2.0, None, "tanh(x)"])
def test_what_is_no_function_model_or_graph(kind, given):
    if kind not in ("c", "latex"):
        pytest.importorskip(kind)
    export = {**EXPORTERS, **GRAPHS, "torch": to_torch}[kind]
    with pytest.raises(TypeError, match=type(given).__name__):
        export(given, *[1.0] * (kind in EXPORTERS))


@pytest.mark.parametrize("argv", [
    ["tanh(w*x", "w=1", "x=2"], ["tanh(w*x)", "w=1"], ["nothing(x)", "x=1"], ["tanh(x)", "x=1", "-o", "int.c"],
    ["tanh(x)", "x=1", "-o", "x.py"], ["x**2", "x=1", "-o", "foreign.c"]], ids=" ".join)
def test_a_command_that_is_refused_leaves_the_files(argv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    before = {"f.c": "/* microgradx */", "int.c": "", "x.py": "# microgradx", "foreign.c": "/* microgradx */",
              "foreign.h": "int mine;"}
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    assert main(["export", *argv, *["-o", "f.c"] * ("-o" not in argv)]) != 0 and capsys.readouterr().err
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_a_folder_that_is_not_there_and_a_page_of_a_strange_row(odd, tmp_path):
    with pytest.raises(OSError):
        to_c(lambda x: x * x, 3.0, name="area").save(tmp_path / "nowhere")
    (tmp_path / "page.html").write_text("kept")
    with pytest.raises(TypeError, match="odd"):
        save(mg.to_html(odd(Value(1.5))), tmp_path / "page.html")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["kept"]


@pytest.mark.slow
def test_a_model_with_what_others_do_not_have():
    pytest.importorskip("torch")
    with pytest.raises(TypeError, match="Perceptron"):
        to_torch(nn.Sequential(nn.Linear(2, 1), nn.Perceptron(1)))
