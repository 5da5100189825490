"""What happens at the edges, as data: each case with the answer, and where the answer comes from.

A case is (what, f, at, value, grads, source): f of Values at the numbers `at` has this value, and backward() gives
these gradients. HIGHER lists all derivatives by one variable: (what, f, x, [value, first, second, ...], source).
JAX and torch were asked, not only read: JAX 0.10.2 in float64, torch 2.13.0 in float64.
"""
from decimal import Decimal
from fractions import Fraction
from math import inf, nan, pi
from math import log as ln
from typing import Any, NamedTuple

import numpy as np

import microgradx as mg

IEEE = "IEEE 754-2019, 6.1, 6.3, 7.3: arithmetic with infinities, signs of zero, division by zero"
C99 = "C99 Annex F.9: the functions of math.h at their edges"
TORCH, BOTH = "torch 2.13", "torch 2.13 and JAX 0.10"
MATH = "the derivative itself; mpmath to 20 digits where it is not a round number"
OURS = "design: nothing else would be a limit of slopes nearby"


class Case(NamedTuple):
    what: str
    f: Any
    at: tuple[float, ...]
    value: float
    grads: tuple[float, ...]
    source: str


OPS = [
    # Arithmetic
    Case("1/0", lambda x: 1 / x, (0.0,), inf, (-inf,), IEEE),
    Case("1/-0", lambda x: 1 / x, (-0.0,), -inf, (-inf,), IEEE),
    Case("0/0", lambda a, b: a / b, (0.0, 0.0), nan, (inf, nan), IEEE),
    Case("-1/0", lambda a, b: a / b, (-1.0, 0.0), -inf, (inf, inf), IEEE),
    Case("1/inf", lambda a, b: a / b, (1.0, inf), 0.0, (0.0, -0.0), IEEE),
    Case("49/49 is one rounding", lambda a, b: a / b, (49.0, 49.0), 1.0, (1 / 49, -1 / 49), IEEE),
    Case("inf - inf", lambda a, b: a - b, (inf, inf), nan, (1.0, -1.0), IEEE),
    Case("0 * inf", lambda a, b: a * b, (0.0, inf), nan, (inf, 0.0), IEEE),
    Case("1e308 * 10", lambda a, b: a * b, (1e308, 10.0), inf, (10.0, 1e308), IEEE),
    Case("-(0)", lambda x: -x, (0.0,), -0.0, (-1.0,), IEEE),
    Case("reciprocal(0)", mg.reciprocal, (0.0,), inf, (-inf,), IEEE),

    # Powers
    Case("x**0 at 0", lambda x: x**0, (0.0,), 1.0, (0.0,), BOTH),
    Case("x**0 at nan", lambda x: x**0, (nan,), 1.0, (0.0,), C99),
    Case("x**1 at 0", lambda x: x**1, (0.0,), 0.0, (1.0,), BOTH),
    Case("x**-1 at 0", lambda x: x**-1, (0.0,), inf, (-inf,), C99),
    Case("x**-1 at -0", lambda x: x**-1, (-0.0,), -inf, (-inf,), C99),
    Case("x**-2 at -0", lambda x: x**-2, (-0.0,), inf, (inf,), C99),
    Case("x**0.5 at 0", lambda x: x**0.5, (0.0,), 0.0, (inf,), C99),
    Case("0**0", lambda x, n: x**n, (0.0, 0.0), 1.0, (0.0, -inf),
         "both difference quotients by n diverge to -inf; torch and JAX answer 0"),
    Case("0**1", lambda x, n: x**n, (0.0, 1.0), 0.0, (1.0, 0.0), TORCH),
    Case("0**2", lambda x, n: x**n, (0.0, 2.0), 0.0, (0.0, 0.0), TORCH),
    Case("0**n, 0 a number", lambda n: 0**n, (2.0,), 0.0, (0.0,), TORCH),
    Case("2**n", lambda n: 2**n, (3.0,), 8.0, (8 * ln(2),), MATH),
    Case("(-2)**3", lambda x: x**3, (-2.0,), -8.0, (12.0,), BOTH),
    Case("(-2)**3, 3 a Value", lambda x, n: x**n, (-2.0, 3.0), -8.0, (12.0, nan), BOTH),
    Case("(-2)**-3", lambda x: x**-3, (-2.0,), -0.125, (-0.1875,), MATH),
    Case("(-4)**0.5", lambda x: x**0.5, (-4.0,), nan, (nan,), C99),
    Case("(-8)**(1/3)", lambda x: x ** (1 / 3), (-8.0,), nan, (nan,), C99),
    Case("10**400", lambda x: x**400, (10.0,), inf, (inf,), C99),
    Case("(-10)**401", lambda x: x**401, (-10.0,), -inf, (inf,), C99),
    Case("1**inf", lambda x, n: x**n, (1.0, inf), 1.0, (inf, 0.0), C99),
    Case("x*x at 0", lambda x: x * x, (0.0,), 0.0, (0.0,), MATH),
    Case("xlogy(0, 0)", lambda b: mg.xlogy(0.0, b), (0.0,), 0.0, (0.0,), "0 for every b; torch 2.13 and JAX 0.10: nan"),
    Case("xlogy(a, 0) at 0", lambda a: mg.xlogy(a, 0.0), (0.0,), 0.0, (-inf,), "JAX 0.10"),
    Case("xlogy(0, 2)", mg.xlogy, (0.0, 2.0), 0.0, (ln(2), 0.0), MATH),
    Case("xlogy(0, nan)", mg.xlogy, (0.0, nan), nan, (nan, nan), TORCH),

    # Exponentials and logarithms
    Case("exp(710)", mg.exp, (710.0,), inf, (inf,), C99),
    Case("exp(-inf)", mg.exp, (-inf,), 0.0, (0.0,), C99),
    Case("expm1(-inf)", mg.expm1, (-inf,), -1.0, (0.0,), C99),
    Case("expm1(1e-20)", mg.expm1, (1e-20,), 1e-20, (1.0,), MATH),
    Case("log(0)", mg.log, (0.0,), -inf, (inf,), C99),
    Case("log(-0)", mg.log, (-0.0,), -inf, (-inf,), C99),
    Case("log(-1)", mg.log, (-1.0,), nan, (-1.0,), C99),
    Case("log(inf)", mg.log, (inf,), inf, (0.0,), C99),
    Case("log1p(-1)", mg.log1p, (-1.0,), -inf, (inf,), C99),
    Case("log1p(1e-20)", mg.log1p, (1e-20,), 1e-20, (1.0,), MATH),
    Case("sqrt(0)", mg.sqrt, (0.0,), 0.0, (inf,), C99),
    Case("sqrt(-0)", mg.sqrt, (-0.0,), -0.0, (-inf,), C99),
    Case("sqrt(-1)", mg.sqrt, (-1.0,), nan, (nan,), C99),
    Case("0 * sqrt(x): no branch, so 0 * inf", lambda x: 0.0 * mg.sqrt(x), (0.0,), 0.0, (nan,), BOTH),
    Case("where(x > 0, sqrt(x), 0)", lambda x: mg.where(x > 0, mg.sqrt(x), 0.0), (0.0,), 0.0, (0.0,), OURS),
    Case("where(x > 0, log(x), 0)", lambda x: mg.where(x > 0, mg.log(x), 0.0), (-1.0,), 0.0, (0.0,), OURS),

    # Trigonometry
    Case("sin(inf)", mg.sin, (inf,), nan, (nan,), C99),
    Case("sin(-0)", mg.sin, (-0.0,), -0.0, (1.0,), C99),
    Case("asin(1)", mg.asin, (1.0,), pi / 2, (inf,), MATH),
    Case("asin(2)", mg.asin, (2.0,), nan, (nan,), C99),
    Case("asin one ulp below 1", mg.asin, (1 - 2**-53,), 1.570796311893735, (67108864.000000001863,), MATH),
    Case("acos(-1)", mg.acos, (-1.0,), pi, (-inf,), MATH),
    Case("atan(inf)", mg.atan, (inf,), pi / 2, (0.0,), C99),
    Case("atan2(0, 1)", mg.atan2, (0.0, 1.0), 0.0, (1.0, 0.0), C99),
    Case("atan2(-0, 1)", mg.atan2, (-0.0, 1.0), -0.0, (1.0, 0.0), C99),
    Case("atan2(0, -1)", mg.atan2, (0.0, -1.0), pi, (-1.0, 0.0), C99),
    Case("atan2(-0, -1)", mg.atan2, (-0.0, -1.0), -pi, (-1.0, 0.0), C99),
    Case("atan2(1, 0)", mg.atan2, (1.0, 0.0), pi / 2, (0.0, -1.0), C99),
    Case("atan2(-1, 0)", mg.atan2, (-1.0, 0.0), -pi / 2, (0.0, 1.0), C99),
    Case("atan2(1, 1)", mg.atan2, (1.0, 1.0), pi / 4, (0.5, -0.5), MATH),
    Case("atan2(1, -1)", mg.atan2, (1.0, -1.0), 3 * pi / 4, (-0.5, -0.5), MATH),
    Case("atan2(-1, -1)", mg.atan2, (-1.0, -1.0), -3 * pi / 4, (-0.5, 0.5), MATH),
    Case("atan2(-1, 1)", mg.atan2, (-1.0, 1.0), -pi / 4, (0.5, 0.5), MATH),
    Case("atan2(0, 0)", mg.atan2, (0.0, 0.0), 0.0, (0.0, 0.0), TORCH),
    Case("atan2(inf, inf)", lambda a: mg.atan2(a, inf), (inf,), pi / 4, (nan,), C99),
    Case("atan2 of tiny numbers", mg.atan2, (3e-200, 4e-200), 0.64350110879328439, (1.6e199, -1.2e199), MATH),

    # Hyperbolic functions, error function, distance
    Case("sinh(-800)", mg.sinh, (-800.0,), -inf, (inf,), C99),
    Case("sinh(800)", mg.sinh, (800.0,), inf, (inf,), C99),
    Case("cosh(-800)", mg.cosh, (-800.0,), inf, (-inf,), C99),
    Case("tanh(25)", mg.tanh, (25.0,), 1.0, (7.7149993918556711321e-22,), MATH),
    Case("tanh(-350)", mg.tanh, (-350.0,), -1.0, (3.9438706175039083427e-304,), MATH),
    Case("tanh(-inf)", mg.tanh, (-inf,), -1.0, (0.0,), C99),
    Case("asinh(1e300)", mg.asinh, (1e300,), 691.46867507877365057, (1e-300,), MATH),
    Case("acosh(1)", mg.acosh, (1.0,), 0.0, (inf,), C99),
    Case("acosh one ulp above 1", mg.acosh, (1 + 2**-52,), 2.1073424255447015504e-8, (47453132.81212577381,), MATH),
    Case("acosh(0)", mg.acosh, (0.0,), nan, (nan,), C99),
    Case("atanh(1)", mg.atanh, (1.0,), inf, (inf,), C99),
    Case("atanh(-1)", mg.atanh, (-1.0,), -inf, (inf,), C99),
    Case("atanh(2)", mg.atanh, (2.0,), nan, (-1 / 3,), C99),
    Case("erfc(26)", mg.erfc, (26.0,), 5.6631924088561428465e-296, (-2.9470349932662695402e-294,), MATH),
    Case("erf(inf)", mg.erf, (inf,), 1.0, (0.0,), C99),
    Case("hypot(3e200, 4e200)", mg.hypot, (3e200, 4e200), 5e200, (0.6, 0.8), MATH),
    Case("hypot(0, 0)", mg.hypot, (0.0, 0.0), 0.0, (0.0, 0.0), OURS),
    Case("hypot(inf, nan)", lambda a: mg.hypot(a, nan), (-inf,), inf, (nan,), C99),

    # Steps and choices
    Case("abs(0)", abs, (0.0,), 0.0, (0.0,), TORCH),
    Case("abs(-0)", abs, (-0.0,), 0.0, (0.0,), TORCH),
    Case("abs(nan)", abs, (nan,), nan, (nan,), OURS),
    Case("sign(0)", mg.sign, (0.0,), 0.0, (0.0,), BOTH),
    Case("sign(nan)", mg.sign, (nan,), nan, (0.0,), "JAX 0.10; torch answers 0"),
    Case("heaviside(0)", mg.heaviside, (0.0,), 0.0, (0.0,), "torch and JAX ask for it; relu'(0) = 0"),
    Case("heaviside(nan)", mg.heaviside, (nan,), nan, (0.0,), "JAX 0.10; torch answers 0"),
    Case("maximum tie", mg.maximum, (1.0, 1.0), 1.0, (0.5, 0.5), BOTH),
    Case("maximum(x, x)", lambda x: mg.maximum(x, x), (1.0,), 1.0, (1.0,), BOTH),
    Case("minimum tie", mg.minimum, (1.0, 1.0), 1.0, (0.5, 0.5), BOTH),
    Case("minimum(x, x)", lambda x: mg.minimum(x, x), (1.0,), 1.0, (1.0,), BOTH),
    Case("maximum(0, -0) ties", mg.maximum, (0.0, -0.0), 0.0, (0.5, 0.5), TORCH),
    Case("maximum(inf, inf)", mg.maximum, (inf, inf), inf, (0.5, 0.5), TORCH),
    Case("maximum(x, nan)", lambda x: mg.maximum(x, nan), (1.0,), nan, (0.5,), OURS),
    Case("maximum(nan, x)", lambda x: mg.maximum(nan, x), (1.0,), nan, (0.5,), OURS),
    Case("minimum(x, nan)", lambda x: mg.minimum(x, nan), (1.0,), nan, (0.5,), OURS),
    Case("minimum(nan, x)", lambda x: mg.minimum(nan, x), (1.0,), nan, (0.5,), OURS),
    Case("clamp(nan)", lambda x: mg.clamp(x, 0, 1), (nan,), nan, (1.0,), TORCH),
    Case("clamp with a nan bound", lambda lo: mg.clamp(0.5, lo, 1), (nan,), nan, (0.0,), OURS),
    Case("clamp at its lower bound", lambda x: mg.clamp(x, 1, 2), (1.0,), 1.0, (1.0,), TORCH),
    Case("clamp at its upper bound", lambda x: mg.clamp(x, 1, 2), (2.0,), 2.0, (1.0,), TORCH),
    Case("clamp below", mg.clamp, (0.0, 1.0, 2.0), 1.0, (0.0, 1.0, 0.0), TORCH),
    Case("clamp above", mg.clamp, (3.0, 1.0, 2.0), 2.0, (0.0, 0.0, 1.0), TORCH),
    Case("clamp with crossed bounds", mg.clamp, (0.5, 2.0, 1.0), 1.0, (0.0, 0.0, 1.0), TORCH),
    Case("clamp without bounds", mg.clamp, (5.0,), 5.0, (1.0,), "its defaults: no bound"),
    Case("where(0, p, q)", mg.where, (0.0, 2.0, 3.0), 3.0, (0.0, 0.0, 1.0), TORCH),
    Case("where(nan, p, q): nan is not 0", mg.where, (nan, 2.0, 3.0), 2.0, (0.0, 1.0, 0.0), TORCH),
    Case("nan < 1", lambda a, b: a < b, (nan, 1.0), 0.0, (0.0, 0.0), IEEE),
    Case("nan >= 1", lambda a, b: a >= b, (nan, 1.0), 0.0, (0.0, 0.0), IEEE),
    Case("-0 < 0", lambda a, b: a < b, (-0.0, 0.0), 0.0, (0.0, 0.0), IEEE),
    Case("detach(x) * x", lambda x: mg.detach(x) * x, (3.0,), 9.0, (3.0,), BOTH),
]

ACTIVATIONS = [
    Case("relu(0)", mg.relu, (0.0,), 0.0, (0.0,), BOTH),
    Case("relu(nan)", mg.relu, (nan,), nan, (nan,), "nan goes through; torch has slope 1"),
    Case("relu(-inf)", mg.relu, (-inf,), 0.0, (0.0,), BOTH),
    Case("leaky_relu(0)", mg.leaky_relu, (0.0,), 0.0, (0.01,), TORCH),
    Case("leaky_relu(-inf)", mg.leaky_relu, (-inf,), -inf, (0.01,), TORCH),
    Case("leaky_relu(nan)", mg.leaky_relu, (nan,), nan, (0.01,), TORCH),
    Case("elu(0)", mg.elu, (0.0,), 0.0, (1.0,), BOTH),
    Case("elu(-1e-10)", mg.elu, (-1e-10,), -9.9999999995000003643e-11, (0.9999999999,), MATH),
    Case("elu(-800)", mg.elu, (-800.0,), -1.0, (0.0,), MATH),
    Case("elu(800)", mg.elu, (800.0,), 800.0, (1.0,), MATH),
    Case("selu(0)", mg.selu, (0.0,), 0.0, (1.7580993408473768,), BOTH),
    Case("selu(800)", mg.selu, (800.0,), 840.56078988438439, (1.0507009873554805,), MATH),
    Case("hard_tanh(1)", mg.hard_tanh, (1.0,), 1.0, (0.0,), TORCH),
    Case("hard_tanh(-1)", mg.hard_tanh, (-1.0,), -1.0, (0.0,), TORCH),
    Case("hard_tanh(nan)", mg.hard_tanh, (nan,), nan, (0.0,), OURS),
    Case("sigmoid(40)", mg.sigmoid, (40.0,), 1.0, (4.2483542552915889592e-18,), MATH),
    Case("sigmoid(700)", mg.sigmoid, (700.0,), 1.0, (9.8596765437597708567e-305,), MATH),
    Case("sigmoid(-700)", mg.sigmoid, (-700.0,), 9.8596765437597708567e-305, (9.8596765437597708567e-305,), MATH),
    Case("sigmoid(-inf)", mg.sigmoid, (-inf,), 0.0, (0.0,), TORCH),
    Case("log_sigmoid(-800)", mg.log_sigmoid, (-800.0,), -800.0, (1.0,), MATH),
    Case("log_sigmoid(40)", mg.log_sigmoid, (40.0,), -4.2483542552915889863e-18, (4.2483542552915889773e-18,), MATH),
    Case("log_sigmoid(-inf)", mg.log_sigmoid, (-inf,), -inf, (1.0,), TORCH),
    Case("softplus(-40)", mg.softplus, (-40.0,), 4.2483542552915889863e-18, (4.2483542552915889773e-18,), MATH),
    Case("softplus(-700)", mg.softplus, (-700.0,), 9.8596765437597708567e-305, (9.8596765437597708567e-305,), MATH),
    Case("softplus(800)", mg.softplus, (800.0,), 800.0, (1.0,), MATH),
    Case("softplus(nan)", mg.softplus, (nan,), nan, (nan,), OURS),
    Case("silu(-700)", mg.silu, (-700.0,), -6.9017735806318395997e-302, (-6.8919139040880798288e-302,), MATH),
    Case("gelu(-8)", mg.gelu, (-8.0,), -4.9767684594174272988e-15, (-3.9796072610867959891e-14,), MATH),
    Case("gelu(-37)", mg.gelu, (-37.0,), -2.1184613523340934244e-298, (-7.8382986694185162425e-297,), MATH),
    Case("gelu(8)", mg.gelu, (8.0,), 7.9999999999999950232, (1.0000000000000397961,), MATH),
    Case("gelu_tanh(-8)", mg.gelu_tanh, (-8.0,), -3.107782937501111218e-21, (-4.7147845041068415845e-20,), MATH),
    Case("gelu_tanh(-1e120)", mg.gelu_tanh, (-1e120,), -0.0, (0.0,), MATH),
    Case("gelu_tanh(1e200)", mg.gelu_tanh, (1e200,), 1e200, (1.0,), MATH),
    Case("mish(-40)", mg.mish, (-40.0,), -1.6993417021166355945e-16, (-1.656858159563719701e-16,), MATH),
    Case("mish(800)", mg.mish, (800.0,), 800.0, (1.0,), MATH),
    Case("softsign(1e308)", mg.softsign, (1e308,), 1.0, (0.0,), MATH),
    Case("softsign(0)", mg.softsign, (0.0,), 0.0, (1.0,), MATH),
]

REDUCTIONS = [
    Case("max tie", lambda *xs: mg.max(xs), (1.0, 3.0, 3.0), 3.0, (0.0, 0.5, 0.5), BOTH),
    Case("min of three equal", lambda *xs: mg.min(xs), (2.0, 2.0, 2.0), 2.0, (1 / 3, 1 / 3, 1 / 3), BOTH),
    Case("max of one Value twice", lambda x: mg.max([x, x]), (1.0,), 1.0, (1.0,), BOTH),
    Case("max with nan first", lambda x: mg.max([nan, x]), (1.0,), nan, (nan,), "torch 2.13 (amax)"),
    Case("max with nan last", lambda x: mg.max([x, nan]), (1.0,), nan, (nan,), "torch 2.13 (amax)"),
    Case("min with nan", lambda *xs: mg.min(xs), (nan, 1.0), nan, (nan, nan), "torch 2.13 (amin)"),
    Case("max of -inf", lambda *xs: mg.max(xs), (-inf, -inf), -inf, (0.5, 0.5), TORCH),
    Case("prod with one zero", lambda *xs: mg.prod(xs), (2.0, 0.0, 3.0), 0.0, (0.0, 6.0, 0.0), BOTH),
    Case("prod with two zeros", lambda *xs: mg.prod(xs), (0.0, 0.0, 3.0), 0.0, (0.0, 0.0, 0.0), BOTH),
    Case("logsumexp of large", lambda *xs: mg.logsumexp(xs), (1000.0, 1000.0), 1000.69314718055995, (0.5, 0.5), MATH),
    Case("logsumexp keeps a small excess", lambda *xs: mg.logsumexp(xs), (0.0, -50.0), 1.928749847963917783e-22,
         (1.0, 1.928749847963917783e-22), MATH),
    Case("logsumexp with -inf", lambda *xs: mg.logsumexp(xs), (-inf, 1.0), 1.0, (0.0, 1.0), BOTH),
    Case("logsumexp of -inf", lambda *xs: mg.logsumexp(xs), (-inf, -inf), -inf, (nan, nan), BOTH),
    Case("logsumexp with inf", lambda *xs: mg.logsumexp(xs), (inf, 0.0), inf, (nan, 0.0), BOTH),
    Case("logsumexp with nan", lambda *xs: mg.logsumexp(xs), (nan, 0.0), nan, (nan, nan), BOTH),
    Case("sum overflows", lambda *xs: mg.sum(xs), (1e308, 1e308), inf, (1.0, 1.0), IEEE),
    Case("dot of a list with itself", lambda *xs: mg.dot(xs, xs), (3.0, 4.0), 25.0, (6.0, 8.0), MATH),
    Case("dot with a number", lambda x: mg.dot([x], [2]), (3.0,), 6.0, (2.0,), MATH),
    Case("take by a Value", lambda a, b, i: mg.take([a, b], i), (5.0, 7.0, 1.0), 7.0, (0.0, 1.0, 0.0), MATH),
    Case("softmax far apart", lambda *xs: mg.softmax(xs)[1], (1000.0, 0.0), 0.0, (0.0, 0.0), MATH),
    Case("softmax tail", lambda *xs: mg.softmax(xs)[1], (40.0, 0.0), 4.2483542552915889592e-18,
         (-4.2483542552915889592e-18, 4.2483542552915889592e-18), MATH),
    Case("softmax with -inf", lambda *xs: mg.softmax(xs)[0], (-inf, 1.0), 0.0, (0.0, 0.0), BOTH),
    Case("softmax of equal", lambda *xs: mg.softmax(xs)[0], (1e300, 1e300), 0.5, (0.25, -0.25), MATH),
    Case("log_softmax far apart", lambda *xs: mg.log_softmax(xs)[1], (1000.0, 0.0), -1000.0, (-1.0, 1.0), MATH),
    Case("log_softmax tail", lambda *xs: mg.log_softmax(xs)[0], (40.0, 0.0), -4.2483542552915889863e-18,
         (0.0, -4.2483542552915889592e-18), "mpmath; 1 - p is 0 here, as in torch and JAX"),
    Case("log_softmax of equal", lambda *xs: mg.log_softmax(xs)[0], (-1e300, -1e300), -ln(2), (0.5, -0.5), MATH),
]

# Lists without an element: (what, call, value or error, source).
EMPTY = [
    ("sum([])", lambda: mg.sum([]), 0.0, BOTH),
    ("dot([], [])", lambda: mg.dot([], []), 0.0, BOTH),
    ("prod([])", lambda: mg.prod([]), 1.0, BOTH),
    ("logsumexp([])", lambda: mg.logsumexp([]), -inf, BOTH),
    ("max([])", lambda: mg.max([]), ValueError, BOTH),
    ("min([])", lambda: mg.min([]), ValueError, BOTH),
    ("softmax([])", lambda: mg.softmax([]), ValueError, "softmax has a largest element"),
    ("take([], Value)", lambda: mg.take([], mg.Value(0)), ValueError, "no index is right"),
    ("take([], 0)", lambda: mg.take([], 0), LookupError, "no index is right"),
]

HIGHER = [
    ("x**4 at 0", lambda x: x**4, 0.0, [0, 0, 0, 0, 24, 0, 0], BOTH),
    ("x**3 at -2", lambda x: x**3, -2.0, [-8, 12, -12, 6, 0, 0], MATH),
    ("x**1 at 0", lambda x: x**1, 0.0, [0, 1, 0, 0], MATH),
    ("x**0 at 0", lambda x: x**0, 0.0, [1, 0, 0], MATH),
    ("x*x*x at 0", lambda x: x * x * x, 0.0, [0, 0, 0, 6, 0], MATH),
    ("square at 0", mg.square, 0.0, [0, 0, 2, 0], MATH),
    ("x*sin(x) at 0: a zero is carried", lambda x: x * mg.sin(x), 0.0, [0, 0, 2, 0, -4], MATH),
    ("prod of x, x, 3 at 0", lambda x: mg.prod([x, x, 3.0]), 0.0, [0, 0, 6, 0], MATH),
    ("exp at 0", mg.exp, 0.0, [1, 1, 1, 1, 1], MATH),
    ("log at 1", mg.log, 1.0, [0, 1, -1, 2, -6], MATH),
    ("1/x at -1", lambda x: 1 / x, -1.0, [-1, -1, -2, -6, -24], MATH),
    ("x/0.5 has a constant slope", lambda x: x / 0.5, 3.0, [6, 2, 0], MATH),
    ("x/0", lambda x: x / 0.0, 1.0, [inf, inf, 0], IEEE),
    ("sqrt(x) where x > 0", lambda x: mg.where(x > 0, mg.sqrt(x), 0.0), 0.0, [0, 0, 0], OURS),
    ("relu(x)**2 at 0", lambda x: mg.relu(x) ** 2, 0.0, [0, 0, 0], MATH),
    ("maximum(x, x)", lambda x: mg.maximum(x, x), 1.0, [1, 1, 0], MATH),
    ("tanh at 25", mg.tanh, 25.0, [1, 7.7149993918556711321e-22, -1.5429998783711342264e-21,
                                   3.0859997567422684529e-21], MATH),
    ("tanh far out", mg.tanh, 800.0, [1, 0, 0, 0, 0], MATH),
    ("elu far out", mg.elu, 800.0, [800, 1, 0, 0, 0], MATH),
    ("mish far out", mg.mish, 800.0, [800, 1, 0, 0, 0], MATH),
    ("softplus far out", mg.softplus, 800.0, [800, 1, 0, 0, 0], MATH),
    ("sigmoid far out", mg.sigmoid, -800.0, [0, 0, 0, 0, 0], MATH),
]

# What becomes a float at the door, and what it becomes.
NUMBERS = [
    (3, 3.0), (-(2**53) - 1, -(2.0**53)), (True, 1.0), (False, 0.0), (Fraction(1, 3), 1 / 3), (Decimal("0.1"), 0.1),
    (Decimal("1e400"), inf), (Decimal("NaN"), nan), (10**400, inf), (-(10**400), -inf), (Fraction(10**400, 3), inf),
    (np.float64(0.5), 0.5), (np.float32(0.1), 0.10000000149011612), (np.float16(inf), inf), (np.int64(-7), -7.0),
    (np.uint8(255), 255.0), (np.bool_(True), 1.0), (np.array(0.5), 0.5), (-0.0, -0.0), (nan, nan), (-inf, -inf),
]

# What is refused with TypeError.
REFUSED = [
    "1", b"1", bytearray(b"1"), "", None, [1.0], (1.0,), {1.0}, {1: 1.0}, range(2), iter([1.0]), 1j, complex(1, 0),
    np.array(1j), np.array("1"), np.array(None), np.array([1.0]), np.complex128(1), np.complex64(1), np.str_("1"),
    object(), float, float.__add__, ...,
]
