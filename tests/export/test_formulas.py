"""Graphs as LaTeX and as expressions of sympy: the formulas have the numbers of the graph."""
import inspect
import math
import re
import sys
from unittest import mock

import pytest

import microgradx as mg
from microgradx import Value
from microgradx.export import to_latex, to_sympy
from microgradx.export.latex import called
from microgradx.naming import names
from microgradx.table import TABLE, Reduction

from ..budget import budget, sweep
from ..hostile import LABELS
from . import rows
from .latex import evaluated

sympy = pytest.importorskip("sympy", reason='sympy is not installed: pip install "microgradx[sympy]"')
mp = pytest.importorskip("mpmath").mp


def numbers_of(root):
    """Value and gradient by sympy's formulas, by name, evaluated with 30 digits."""
    found = to_sympy(root).whole()
    leaves = {sympy.Symbol(name, real=True): sympy.Float(v.data, 40)
              for v, name in names(root).items() if v.op is None}
    return (value(found.value, leaves), {str(x): value(g, leaves) for x, g in found.gradient.items()})


def value(formula, leaves):
    found = sympy.N(formula.xreplace(leaves), 30)
    return float(found) if found.is_real else math.nan


def differ(a, b):
    return not (a == b or (a != a and b != b) or abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1e-6))


def check(root):
    got, gradient = numbers_of(root)
    called_ = names(root)
    leaves = [v for v in called_ if v.op is None]
    assert not differ(got, root.data)
    assert {n: (gradient[n], g) for v, g in zip(leaves, mg.gradients(root, leaves))
            if differ(gradient[n := called_[v]], g)} == {}


@sweep(11)
@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_every_row(op):
    """Within its domain and on its kinks. Formulas are of real numbers: no infinities, and one zero."""
    inner = [xs for xs in rows.points(op) if all(math.isfinite(x) and str(x) != "-0.0" for x in xs)]
    for xs in inner[::max(1, len(inner) // 5)]:
        size = len(xs) - getattr(op, "index", 0)
        leaves = [Value(x, f"x{k}") for k, x in enumerate(xs[:size])]
        y = rows.at(op, [*leaves, *xs[size:]])
        if math.isfinite(y.data) and all(map(math.isfinite, mg.gradients(y, leaves))):
            check(y)
            assert to_latex(y).count("{") == to_latex(y).count("}")


def lines(root):
    """to_sympy(root) as a function of mpmath's numbers, line by line as it stands there, parts and all, and the names
    of its inputs. It returns value and gradient."""
    found = to_sympy(root)
    symbols = dict.fromkeys([*found.gradient, *found.parts, found.root])
    plain = {symbol: sympy.Symbol(f"s{k}", real=True) for k, symbol in enumerate(symbols)}
    plain[sympy.zoo] = sympy.Symbol("nan", real=True)       # 1/0, which mpmath does not have, where nothing leads
    slope = f"d{found.root}/d"                              # derivatives may have the root in them: it comes before
    values = {symbol: x for symbol, x in found.parts.items() if not symbol.name.startswith(slope)}
    parts = [(plain[symbol], x.xreplace(plain)) for symbol, x in {**values, found.root: found.value,
                                                                  **found.parts}.items()]
    results = [plain[found.root], *(g.xreplace(plain) for g in found.gradient.values())]
    inputs = [*found.gradient, sympy.zoo]
    f = sympy.lambdify([plain[x] for x in inputs], results, "mpmath", cse=lambda _: (parts, results))
    return f, [x.name for x in found.gradient]


TINY = sys.float_info.min       # what is less loses digits, and vanishes, as a float; mpmath's numbers have no least


def far(root):
    """Where value and gradient of a graph are not what its formulas give with 50 digits. How far rounding may lead
    is seen by the same formulas with 45 bits, and with 44."""
    f, called_ = lines(root)
    leaves = {name: v for v, name in names(root).items() if v.op is None}
    found = []
    for bits in (170, 45, 44):
        with mp.workprec(bits):
            found.append(f(*(mp.mpf(leaves[name].data) for name in called_), mp.nan))
    ours = [root.data, *mg.gradients(root, [leaves[name] for name in called_])]
    return [(x, *more) for x, *more in zip(ours, *found)
            if not abs(x - more[0]) <= TINY + 1e-9 * abs(more[0]) + 8 * sum(abs(y - more[0]) for y in more[1:])]


def formulas(root):
    found = to_sympy(root)
    return found.value, *found.parts.values(), *found.gradient.values()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_random_graphs(part):
    """200 in all, but for a few whose derivatives sympy writes with complex numbers, which mpmath cannot compare."""
    roots = rows.drawn(budget(25), part)
    real = [root for root in roots if not any(x.has(sympy.I) for x in formulas(root))]
    assert len(real) > 0.8 * len(roots) and [x for root in real for x in far(root)] == []


def test_a_formula_that_is_off_by_a_millionth_is_far():
    x = Value(0.5, "x")
    wrong = {mg.sin: lambda s, x: s.sin(x) * s.Rational(1000001, 10**6)}
    with mock.patch.dict("microgradx.export.sympy.OPERATIONS", wrong):
        assert len(far(mg.sin(x) * x)) == 2
    assert far(mg.sin(x) * x) == []


def test_a_logarithm_of_0_has_a_sign():
    x = Value(2.0, "x")
    assert to_sympy(mg.xlogy(x, 0.0)).value.subs(sympy.Symbol("x", real=True), 2) == -sympy.oo
    assert to_sympy(mg.xlogy(x, 3.0)).value.subs(sympy.Symbol("x", real=True), 2) == 2 * sympy.log(3)


@sweep(29)
@pytest.mark.parametrize("op", [op for op in TABLE.values() if not isinstance(op, Reduction)], ids=lambda op: op.name)
def test_lambdify_has_no_complex_numbers_where_the_formula_has_none(op):
    """Of a function that mpmath and NumPy do not name sympy writes another in its place, sech(tan(x)) by exp(1j*x)."""
    y = op(*[mg.tan(Value(0.3 + 0.1 * k, f"x{k}")) for k in range(len(op.inputs))])
    found = to_sympy(y).whole()
    for formula in (found.value, *found.gradient.values()):
        text = inspect.getsource(sympy.lambdify(sorted(formula.free_symbols, key=str), formula))
        assert formula.has(sympy.I) or "1j" not in text


def test_shared_parts_have_names():
    w, x = Value(0.5, "w"), Value(2.0, "x")
    found = to_sympy(mg.tanh(w * x) + mg.exp(w * x))
    assert list(map(str, found.parts)) == ["v1", "v4", "dy/dv1"]
    assert set(map(str, found.whole().value.free_symbols)) == {"w", "x"}


def test_latex_has_a_line_for_each_shared_part_that_is_read_below_only():
    w, x = Value(0.5, "w"), Value(2.0, "x")
    product = w * x
    text = to_latex(mg.tanh(product) + mg.exp(product))
    assert text.splitlines()[1:-1] == [
        r"v_{1} &= w x \\", r"v_{3} &= e^{v_{1}} \\", r"y &= \tanh\left(v_{1}\right) + v_{3} \\",
        r"\frac{\partial y}{\partial v_{1}} &= v_{3} + \operatorname{sech}\left(v_{1}\right)^{2} \\",
        r"\frac{\partial y}{\partial w} &= x \frac{\partial y}{\partial v_{1}} \\",
        r"\frac{\partial y}{\partial x} &= w \frac{\partial y}{\partial v_{1}}"]


def misread(root, text):
    """The names for which the lines of a text, read again, have other numbers than the graph."""
    found, all_names = evaluated(root, text), names(root)
    if not all(map(math.isfinite, found.values())):         # formulas are of real numbers: 0 times infinity is no edge
        return []
    leaves = [v for v in all_names if v.op is None]
    y = called(all_names[root])
    expected = {y: root.data, **{rf"\frac{{\partial {y}}}{{\partial {called(all_names[v])}}}": slope
                                 for v, slope in zip(leaves, mg.gradients(root, leaves)) if v is not root}}
    return [name for name, x in expected.items() if not rows.same(found[name], x, 1e-9)]


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_latex_of_random_graphs_is_read_again(part):
    """200 in all. Each line defines what no other does, and reads leaves, the result, and what is defined above it."""
    assert [text for root in rows.drawn(budget(25), part) if misread(root, text := to_latex(root))] == []


@sweep(7)
@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_every_row_is_read_again(op):
    for xs in rows.points(op)[-29:-9]:
        size = len(xs) - getattr(op, "index", 0)
        y = rows.at(op, [*(Value(x, f"x{k}") for k, x in enumerate(xs[:size])), *xs[size:]])
        if all(map(math.isfinite, [*xs, y.data])):
            assert misread(y, to_latex(y)) == []


def test_a_comparison_that_is_a_number_is_in_brackets():
    """Knuth, Two Notes on Notation (1992): Iverson's brackets. A sum of bare comparisons reads as another one."""
    x, y = Value(1.0, "x"), Value(2.0, "y")
    z = mg.where(x < y, x + (x < y), y) + (y > 0)
    text = to_latex(z)
    assert r"x + \left[x < y\right] & \text{if } x < y \\" in text and text.count(r"\right[") == 0
    assert misread(z, text) == []
    with pytest.raises((AssertionError, ValueError)):       # another number, or no formula
        assert misread(z, text.replace(r"\left[", "").replace(r"\right]", "")) == []


def test_latex_reads_as_it_was_written():
    w, x = Value(0.5, "alpha"), Value(2.0, "x2")
    text = to_latex(mg.where(w > 0, mg.sqrt(x) * w, -x))
    assert r"y &= \begin{cases} v_{2} \alpha & \text{if } \alpha > 0 \\ -x_{2} & \text{otherwise} \end{cases}" in text


@pytest.mark.parametrize("label", [*LABELS, "\\input{x}", "a_b^c", "}{", "$x$", "%", "d1/d2"])
def test_a_label_is_never_a_command(label):
    text = to_latex((leaf := Value(2.0, label)) * 3)
    inner = re.sub(r"\\(backslash|mathrm|frac|partial|begin|end|text|cdot|\\|[{}_^#&$%~])", "", text)
    assert "\\" not in inner and to_sympy(leaf * 3).value.free_symbols
    assert called(str(next(iter(to_sympy(leaf * 3).gradient)))) in to_sympy(leaf * 3)._repr_latex_()


@pytest.mark.parametrize("number, text", [
    (0.5, r"x \cdot 0.5"), (-2.0, r"x \left(-2\right)"), (1e300, r"x \cdot 1 \cdot 10^{300}"),
    (math.inf, r"x \infty"), (-math.inf, r"x \left(-\infty\right)"), (math.nan, r"x \mathrm{nan}")])
def test_a_number_has_the_parentheses_that_it_needs(number, text):
    assert to_latex(Value(2.0, "x") * number).splitlines()[1] == rf"y &= {text} \\"


def test_a_notebook_shows_the_formulas_set():
    """What IPython asks for: text/latex. The lines of sympy's define what they read, too."""
    w, x = Value(0.5, "weight"), Value(2.0, "x")
    y = (mg.tanh(w * x) + mg.exp(w * x)).named("y")
    assert to_latex(y)._repr_latex_() == to_latex(y) == str(to_latex(y)) and type(to_latex(y)._repr_latex_()) is str
    found = to_sympy(y)._repr_latex_().splitlines()
    assert [line.split(" &= ")[0] for line in found[1:-1]] == [
        "v_{1}", "v_{4}", "y", *(rf"\frac{{\partial y}}{{\partial {v}}}" for v in ("v_{1}", r"\mathrm{weight}", "x"))]
    assert found[-2].endswith(r"&= \frac{\partial y}{\partial v_{1}} \mathrm{weight} + v_{4} \mathrm{weight}")


def test_names():
    assert [called(x) for x in ("w", "v12", "w_2", "loss", "theta", "dy/dv1")] == [
        "w", "v_{12}", "w_{2}", r"\mathrm{loss}", r"\theta", r"\frac{\partial y}{\partial v_{1}}"]


def test_what_is_no_graph_is_refused():
    for export in (to_latex, to_sympy):
        with pytest.raises(TypeError, match="expected the Value to write down, got float"):
            export(2.0)


def test_a_row_that_only_python_computes_is_refused_by_name():
    odd = mg.row("odd", lambda x: math.floor(x) + math.ulp(x), lambda y, x: 1.0)
    try:
        with pytest.raises(TypeError, match="row 'odd' cannot be read as a formula"):
            to_sympy(odd(Value(2.5)))
    finally:
        del TABLE["odd"]


def test_without_sympy_it_says_what_to_install():
    with mock.patch.dict("sys.modules", sympy=None), pytest.raises(ImportError, match="sympy"):
        to_sympy(Value(1.0))


def test_a_wrong_formula_is_noticed():
    y = mg.sin(Value(0.5, "x"))
    with mock.patch.dict("microgradx.export.sympy.OPERATIONS", {mg.sin: lambda s, x: s.cos(x)}), \
            pytest.raises(AssertionError):
        check(y)
