"""Elementary functions on vectors of numbers: rows of the table as LLVM functions of a few dozen instructions.

    >>> from llvmlite import ir
    >>> kind = ir.VectorType(ir.DoubleType(), 8)
    >>> f = ir.Function(ir.Module(), ir.FunctionType(kind, [kind]), "f")
    >>> builder = ir.IRBuilder(f.append_basic_block())
    >>> y = call(builder, "tanh", f.args[0])
    >>> [g.name for g in f.module.functions]
    ['f', 'tanh.v8', 'llvm.fabs.v8f64', 'llvm.fmuladd.v8f64']

Each function takes the same three steps:

1. Reduce the argument. exp(x) = 2**n * exp(x - n*log(2)), where |x - n*log(2)| < 0.35.
2. Approximate. On this interval a polynomial of degree 12 is as exact as a double can be, one of degree 7 as a float
   (coefficients.py).
3. Rebuild the result; the small terms are added first.

No lane branches: each lane computes all cases and `where` selects one, so that a result depends neither on the other
lanes nor on the width. (If a lane is far out, sin and cos call libm.) Edges follow IEEE 754: exp(-inf) = 0,
log(-1) = nan, tanh(-0.0) = -0.0, nan stays nan; no "fast" flag reorders anything.

The largest errors found, in units in the last place of the result, in float64 and in float32:

    exp, expm1 0.9, 1.1 · tanh 1.9, 2.3 · sinh 2.0, 2.0 · cosh 1.3, 1.4 · sech 2.2, 2.3 · sigmoid 2.0, 2.4
    log, log1p 0.8, 0.8 · softplus, log_sigmoid 1.5, 1.6 · sin 1.3, 1.5 · cos 1.5, 1.5
    atan 1.4, 1.8 · erf 1.4, 1.9 · erfc 3.2, 4.3

They stand in exponentials.py, logarithms.py, angles.py and error_function.py, written with the operators of
vector_math.py. What differs between float64 and float32 is in precision.py.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from . import angles, error_function, exponentials, logarithms
from .precision import DOUBLE
from .vector_math import VectorMath, lane

FORMS: dict[str, Callable[[VectorMath], VectorMath]] = {
    "exp": exponentials.exp, "expm1": exponentials.expm1, "tanh": exponentials.tanh, "sinh": exponentials.sinh,
    "cosh": exponentials.cosh, "sech": exponentials.sech, "sigmoid": exponentials.sigmoid,
    "log": logarithms.log, "log1p": logarithms.log1p,
    "softplus": logarithms.softplus, "log_sigmoid": logarithms.log_sigmoid,
    "sin": angles.sin, "cos": angles.cos, "atan": angles.atan, "erf": error_function.erf, "erfc": error_function.erfc,
}


def call(builder: Any, name: str, *xs: Any) -> Any:
    """A call of the row `name` on a number or a vector, double or float; None for a row that is not in FORMS.

    The first call in a module defines the function there.
    """
    form = FORMS.get(name)
    return None if form is None else _call(builder, name, xs[0], xs[0].type, lambda x: form(x).value)


def _call(builder: Any, name: str, x: Any, result: Any, body: Callable[[VectorMath], Any]) -> Any:
    name = f"{name}.v{getattr(x.type, 'count', 1)}{'' if lane(x.type) == DOUBLE.real else 'f32'}"
    function = builder.module.globals.get(name) or _defined(builder.module, name, x.type, result, body)
    return builder.call(function, [x])


def _defined(module: Any, name: str, kind: Any, result: Any, body: Callable[[VectorMath], Any]) -> Any:
    function = ir.Function(module, ir.FunctionType(result, [kind]), name)
    function.linkage = "internal"
    function.attributes.add("nounwind")
    builder = ir.IRBuilder(function.append_basic_block())
    builder.ret(body(VectorMath(builder, function.args[0])))
    return function
