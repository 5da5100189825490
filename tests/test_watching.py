"""sources() and stop_at_nonfinite(): each Value knows its line, and the first that goes wrong is where one stands."""
import inspect
import math
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import microgradx
from microgradx import (
    GradientError,
    NonFinite,
    Value,
    diagnose,
    dot,
    draw,
    exp,
    grad,
    gradcheck,
    jit,
    log,
    no_grad,
    scope,
    sources,
    sqrt,
    stop_at_nonfinite,
    tape,
    to_html,
    where,
    where_made,
)
from microgradx.engine import mode
from microgradx.nn import Linear
from microgradx.show.terminal.transcript import transcript
from microgradx.show.terminal.tree import tree

HERE = Path(__file__).name


def line():
    """The number of the line of the caller."""
    return inspect.currentframe().f_back.f_lineno


# Where a Value was computed ------------------------------------------------------------------------------------

def test_file_line_and_name():
    w, x = Value(3.0), Value(2.0, "x")
    with sources():
        y = w * x + 1; here = line()  # noqa: E702
    source = where_made(y)
    assert (source.file, source.line, source.name) == (__file__, here, "y")
    assert source.code.startswith("y = w * x + 1") and str(source) == f"{HERE}:{here}"
    product, = [a for a in y.args if isinstance(a, Value)]
    assert (where_made(product).line, where_made(product).name, product.label) == (here, "", "")
    assert y.label == "y" and where_made(x) is None and x.label == "x"


def test_names_of_all_kinds_of_assignment():
    x = Value(2.0)
    holder = type("Holder", (), {})()
    with sources():
        a = (x * 3
             + 1).tanh()
        b: Value = x + 1
        c = x
        c += x
        holder.d = exp(x)
        if (e := x * x) is not None:
            f = dot([x, a], [b, c])
        (g, h) = x + 1, x + 2
        i = j = x / 3
        k, (holder.w, [m]) = x - 1, (x - 2, [x - 3])
        rows = {}
        rows["n"] = x + 5
        p = x * 7 if x.data > 5 else x * 8
        v = [x * 2][0]
        *q, r = x + 1, x + 2
    assert [u.label for u in (a, b, c, holder.d, e, f)] == ["a", "b", "c", "holder.d", "e", "f"]
    assert [u.label for u in (g, h, i, j, k, holder.w, m)] == ["g", "h", "i", "i", "k", "holder.w", "m"]
    assert [u.label for u in (rows["n"], p, v, *q, r)] == ["rows['n']", "p", "", "", ""]
    assert x.label == ""


def test_a_label_of_your_own_stays_and_scopes_group_as_before():
    x = Value(2.0)
    with sources(), scope("layer"):
        y = (x * 3).named("mine")
        with scope("inner"):
            z = y * y
    assert y.label == "mine" and (y.scope, z.scope) == ("layer", "layer.inner")
    assert where_made(z).name == "z"


def test_of_a_layer_it_is_the_line_that_calls_it():
    layer = Linear(2, 1)
    with sources():
        h = layer([1.0, Value(2.0)])[0]; here = line()  # noqa: E702
    assert {where_made(v).line for v in tape(h) if v.op} == {here} and h.label == ""


def test_derivatives_and_no_grad_within():
    with sources():
        assert grad(grad(lambda x: x**3))(2.0) == 12.0
        with no_grad():
            y = Value(2.0) * 3
    assert y.op is None and y.data == 6.0


def test_numbers_are_the_same_bits():
    def f(x):
        return (x * 1.1 + dot([x, 2.0], [x, x])).tanh() / (x + 3)
    plain = f(Value(0.3))
    with sources():
        watched = f(Value(0.3))
    plain.backward()
    watched.backward()
    assert [(v.data, v.grad, v.slopes) for v in tape(plain)] == [(v.data, v.grad, v.slopes) for v in tape(watched)]


def test_nothing_stays_behind_and_nothing_leaks():
    seen = []
    with sources():
        thread = threading.Thread(target=lambda: seen.append(Value(1.0) * 2))
        thread.start()
        thread.join()
        with pytest.raises(ZeroDivisionError), sources():
            raise ZeroDivisionError
        assert mode.get() != ""
    assert mode.get() == "" and where_made(seen[0]) is None and where_made(Value(1.0) * 2) is None


def test_compiled_code_is_compiled_as_always():
    with sources(), stop_at_nonfinite():
        assert jit(lambda x: log(x) * 2)(1.0) == 0.0


# Where it is shown ---------------------------------------------------------------------------------------------

def build():
    w, x = Value(3.0, "w"), Value(2.0, "x")
    with sources():
        y = (w * x).tanh()
    return y, where_made(y).line


def test_the_stepper_trees_pictures_and_the_page_show_the_line():
    pytest.importorskip("graphviz")
    y, at = build()
    told = f"{HERE}:{at}"
    assert f"line            {told}: y = (w * x).tanh()" in "\n".join(transcript(y))
    assert tree(y).splitlines()[0].endswith("line") and told in tree(y).splitlines()[1]
    assert told in draw(y).source and f"{told}: y = (w * x).tanh()" in to_html(y)
    assert "line" not in tree(Value(2.0) * 3)


def test_errors_and_diagnose_tell_the_line():
    wrong = microgradx.table.Op("wrong", lambda x: x * x, lambda y, x: x)
    with sources(), pytest.raises(GradientError) as caught:
        gradcheck(lambda x: wrong(x) + 1, 3.0)
    assert f"{HERE}:" in caught.value.meaning and "gradcheck(lambda x: wrong(x) + 1, 3.0)" in caught.value.meaning
    with sources():
        y = log(Value(0.0)) * 0
    assert f"{HERE}:" in str(diagnose(y))


# Infinity and nan ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("f, said", [
    (lambda x: log(x) * 2, "log(x) is -inf at x = 0.0"), (lambda x: 1 / x, "div(a, b) is inf at a = 1.0, b = 0.0"),
    (lambda x: exp(x + 800) + 1, "exp(x) is inf at x = 800.0"), (lambda x: (x - 1) ** 0.5, "pow(x, n) is nan"),
    (lambda x: dot([x + 1e300], [1e300]), "dot(x1, x2) is inf"),
])
def test_it_stops_at_the_operation(f, said):
    with stop_at_nonfinite(), pytest.raises(NonFinite) as caught:
        f(Value(0.0))
    assert str(caught.value).startswith(said) and caught.value.node.op is not None
    assert not math.isfinite(f(Value(0.0)).data)                        # and not outside


def test_what_was_not_finite_before_is_not_blamed():
    bad = Value(math.inf)
    with stop_at_nonfinite():
        assert (bad * 2).data == math.inf


def test_it_stops_in_the_backward_pass_before_any_gradient_changes():
    w, x = Value(3.0, "w"), Value(0.0, "x")
    w.grad = 7.0
    with stop_at_nonfinite(), sources():
        y = sqrt(x) * w
        with pytest.raises(NonFinite) as caught:
            y.backward()
    assert "its slope by 0.0 is inf, times the gradient 3.0" in str(caught.value)
    assert f"{HERE}:" in str(caught.value) and caught.value.node.op.name == "sqrt"
    assert (w.grad, x.grad) == (7.0, 0.0)
    with stop_at_nonfinite():
        (w * w).backward()
        where(x > 0, sqrt(x), w).backward()                 # no gradient goes into the branch that is not taken
    assert (w.grad, x.grad) == (14.0, 0.0)


@pytest.mark.slow
def test_a_debugger_stands_at_the_line(tmp_path):
    program = "from microgradx import *\nwith stop_at_nonfinite():\n    x = Value(0.0)\n    y = x * 2\n    z = log(y)\n"
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    root = str(Path(microgradx.__file__).parent.parent)
    run = subprocess.run([sys.executable, "-m", "pdb", "-c", "continue", "program.py"], cwd=tmp_path, text=True,
                         input="p 1\nwhere\nquit\n", capture_output=True, check=False, env={"PYTHONPATH": root})
    assert "NonFinite: log(x) is -inf at x = 0.0" in run.stdout + run.stderr and "-> z = log(y)" in run.stdout
