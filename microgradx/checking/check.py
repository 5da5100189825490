"""Is this derivative right? gradcheck compares every derivative with finite differences that have an error bound.

    >>> from microgradx import GradientError, Value, gradcheck
    >>> gradcheck(lambda w, x: (w * x).tanh() / x, 0.5, 2.0)
    True
    >>> try:
    ...     gradcheck(lambda x: x * Value(x.data), 3.0)         # x.data cuts the graph
    ... except GradientError as error:
    ...     print(error.what, "is", error.slope, "and should be", error.expected)
    d f / d args[0] is 3.0 and should be 6.0

The rule: a right derivative differs from the differences by at most 1e-8 relative plus ten times their estimated error.
There is no absolute tolerance: with 1e-5, as elsewhere, any small number would pass as a small derivative.
"""
import math
from collections.abc import Callable
from typing import Any

from .. import derivatives, jacobians
from ..engine import Value, tape
from ..nesting import leaves, rebuild, walked
from ..watching import at_line
from .arguments import holds_tensor, is_array, is_tensor
from .claims import check_gradient
from .error import GradientError
from .evaluation_point import EvaluationPoint, kinked
from .mismatch import Mismatch
from .own import own_gradient
from .second import check_directions, check_second


def gradcheck(f: Callable[..., Any], *args: Any, grad: Callable[..., Any] | None = None,
              value_and_grad: Callable[..., Any] | bool = False, batched: Callable[..., Any] | bool = False) -> bool:
    """True if all derivatives of f at `args` are right; else GradientError names the wrong one and the likely cause.

    f               called with `args`; returns one number or a nested list of them, all checked. Without grad: called
                    with their numbers as Values, returns Values
    args            numbers, Values, nested containers of them, Modules; with grad also NumPy arrays, torch's and JAX's
                    arrays, ctypes; anything else is passed on as it is
    grad            a function of the same arguments: the gradient to check, in the nesting of the argument, a tuple for
                    several arguments. For several outputs a Jacobian, outputs outside. Functions of torch's or JAX's
                    arrays need none: their own backward pass is checked
    value_and_grad  the same for a function that returns (value, gradient); True if f itself does
    batched         f at many points in one call, as jax.vmap(f): the same arguments, each array and each number with
                    one more axis in front, a row for each point; True if f itself takes such. It is compared with f

    With grad, f may be anybody's function of floats or arrays. Its rounding is measured, so that a function in single
    precision is judged as such, and n inputs cost some 30 n calls of it. Without grad:

    First derivatives, in backward and in forward mode, are compared with differences of f; second derivatives with
    differences of the first. Time grows with the square of the number of inputs.

    At a kink (relu at 0) any slope between those on its two sides is right, also that of a slope. Where differences do
    not settle, as at a jump or for sin(x) at 1e100, any finite slope is. A slope of nan is never right, and infinity
    only where it is too large for a float: check f inside its domain.

    f gets copies, so your Values do not change. Only the parameters of a Module are used themselves: their data is
    varied and restored. Any other Value that f uses is a constant.

    TypeError or ValueError if nothing can be checked: no inputs, or f returns no Value, is not finite here, or returns
    something else each time.

    >>> from microgradx import dot, gradcheck, tanh
    >>> gradcheck(lambda w, x: tanh(dot(w, x)), [0.1, 0.2], [3.0, 4.0])
    True
    """
    if value_and_grad:
        both = f if value_and_grad is True else value_and_grad
        return check_gradient((lambda *xs: both(*xs)[0]) if value_and_grad is True else f, args, both,
                              "value_and_grad", True, batched)
    if grad is not None or any(map(is_tensor, args)):
        return check_gradient(f, args, own_gradient(f, args) if grad is None else grad, batched=batched)
    if batched:
        raise TypeError("batched is for functions of arrays whose gradient is yours: write gradcheck(f, x, grad=df, "
                        "batched=...)")
    if any(walked(holds_tensor, x) for x in args):
        raise TypeError("expected tensors as arguments, got some within a list or dict; write gradcheck(f, x, grad=df)")
    try:
        point = EvaluationPoint(f, args)
    except TypeError as error:
        if not any(map(is_array, args)):
            raise
        raise TypeError(f"{error}. Without grad f gets nested lists of Values in place of arrays; for a function of "
                        "arrays write gradcheck(f, x, grad=df)") from error
    mismatch = point.mismatch()
    if mismatch is None:
        return True
    check, seen, kink = mismatch
    op, meaning = explanation(mismatch, point.outputs[check.gradient.output])
    raise GradientError(check.what, point.names[check.i], check.slope, seen.value, seen.bound, kink, op, meaning)


def check_jvp(f: Callable[..., Any], *args: Any, jvp: Callable[..., Any] | None = None) -> bool:
    """True if jvp(args, tangents) is the derivative of f at `args` along each input and along a mixture of all.

    jvp     returns the derivative, or the pair (value, derivative) as JAX's; without it forward mode of f on Values

    GradientError, TypeError and ValueError as gradcheck.

    >>> from microgradx import check_jvp, sin
    >>> check_jvp(lambda x, y: x * sin(y), 2.0, 1.0)
    True
    """
    if jvp is not None:
        return check_directions(f, args, jvp)
    return check_directions(numeric(f), args, lambda xs, vs: derivatives.jvp(f, xs, vs))


def check_hessian(f: Callable[..., Any], *args: Any, hessian: Callable[..., Any] | None = None,
                  grad: Callable[..., Any] | None = None) -> bool:
    """True if hessian(*args) is the matrix of second derivatives of f at `args`, for n inputs n rows of n numbers.

    hessian  without it that of f on Values
    grad     the gradient of f, known to be right: then differences of it are taken. Without it differences of
             differences of f, some 900 n*n calls of it, to fewer digits

    GradientError, TypeError and ValueError as gradcheck.

    >>> from microgradx import check_hessian, exp
    >>> check_hessian(lambda p: p[0] * exp(p[1]), [2.0, 0.5])
    True
    """
    if hessian is not None:
        return check_second(f, args, hessian, grad)
    def slopes(*xs: Any) -> Any:
        found = derivatives.grad(lambda xs: f(*xs))(xs)
        return found if len(xs) > 1 else found[0]

    def rows(*xs: Any) -> Any:
        return jacobians.hessian(lambda numbers: f(*rebuild(xs, iter(numbers))))(leaves(xs))
    return check_second(numeric(f), args, rows, grad or slopes)


def numeric(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of Values as one of numbers."""
    return lambda *xs: derivatives.jvp(f, xs, xs)[0]


def first_nonfinite(root: Value) -> Value | None:
    """The first node, in the order of computation, that makes infinity or nan from finite inputs; None if none does.

    Its value or one of its slopes is not finite. A leaf has no inputs, so a leaf that is nan is found as well.

    >>> from microgradx import Value, first_nonfinite, log
    >>> x = Value(0.0, "x")
    >>> first_nonfinite(log(x) * 0 + x).op
    <row log(x)>
    """
    for v in tape(root):
        inputs = [a.data for a in v.args if isinstance(a, Value)]
        results = [v.data, *(slope for slope in v.slopes if slope is not None)]
        if all(map(math.isfinite, inputs)) and not all(map(math.isfinite, results)):
            return v
    return None


# Error messages ------------------------------------------------------------------------------------------------

def explanation(mismatch: Mismatch, root: Value) -> tuple[str | None, str]:
    """The name of the wrong row if it can be found, else None; and the likely cause, in words."""
    if not math.isfinite(mismatch.check.slope):
        source = first_nonfinite(root)
        if source is None or source.op is None:
            return None, "It comes from a number on the way that is too large for a float, from inf - inf or inf * 0."
        return source.op.name, f"It comes from {described(source)}."
    if math.isnan(mismatch.seen.value):
        return None, "There are no differences to compare with: close to this input f is not defined or not finite."
    if mismatch.check.gradient.mode:
        return None, "Backward mode has it right: a fault of microgradx."
    kink = mismatch.kink
    sides = "" if kink is None else (f"There is a kink, with slopes {kink[0]} and {kink[1]} on its sides; "
                                     "any slope between them is right. ")
    for v in tape(root):
        wrong = own_mismatch(v)
        if v.op and wrong:
            return v.op.name, sides + verdict(v, wrong)
    stands = kinked(root)
    if stands is not None:
        return None, (f"{sides}On the way {described(stands)} stands on a kink, where the slope of a row is a "
                      "convention, and conventions need not add up: the chain rule leaves this derivative "
                      "undetermined. Check another point.")
    return None, (f"{sides}Each row on the way agrees with differences of its own, so the graph is cut in f: "
                  "look for .data, float() and math functions.")


def own_mismatch(v: Value) -> Mismatch | None:
    """The mismatch of the row that made v, at the inputs it has there; None if its slopes are right."""
    def alone(*xs: Value) -> Any:
        given = iter(xs)
        inputs = [next(given) if isinstance(a, Value) else a for a in v.args]
        return v.op.apply(v.op.called(inputs)) if v.op else None

    inputs = [a.data for a in v.args if isinstance(a, Value)]
    return EvaluationPoint(alone, inputs).mismatch() if inputs and all(map(math.isfinite, [v.data, *inputs])) else None


def verdict(v: Value, mismatch: Mismatch) -> str:
    """A sentence on the fault of the row that made v."""
    if mismatch.check.gradient.part:
        return (f"The slope of {described(v)} is right, but not the derivative of that slope: write the rule with "
                "operators and rows throughout.")
    return f"The slope of {described(v)} is wrong."


def described(v: Value) -> str:
    """A node for a message: "row 'mul' at a = 2.0, b = 3.0"."""
    if v.op is None:
        return f"the input {v.data}"
    letters = v.op.names(len(v.args))
    values = [f"{letter} = {a.data if isinstance(a, Value) else a}" for letter, a in zip(letters, v.args)]
    return f"row {v.op.name!r} at {', '.join(values[:3])}{', ...' if len(values) > 3 else ''}{at_line(v)}"
