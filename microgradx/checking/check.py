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
from collections.abc import Callable
from typing import Any

from .. import derivatives, jacobians
from ..nesting import leaves, rebuild, walked
from .arguments import holds_tensor, is_array, is_tensor
from .claims import check_gradient
from .error import GradientError
from .evaluation_point import EvaluationPoint
from .explanation import explanation
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
    if value_and_grad or grad is not None or any(map(is_tensor, args)):
        return _of_anybody(f, args, grad, value_and_grad, batched)
    if batched:
        raise TypeError("batched is for functions of arrays whose gradient is yours: write gradcheck(f, x, grad=df, "
                        "batched=...)")
    if any(walked(holds_tensor, x) for x in args):
        raise TypeError("expected tensors as arguments, got some within a list or dict; write gradcheck(f, x, grad=df)")
    point = _point(f, args)
    if mismatch := point.mismatch():
        check, seen, kink = mismatch
        op, meaning = explanation(mismatch, point.outputs[check.gradient.output])
        raise GradientError(check.what, point.names[check.i], check.slope, seen.value, seen.bound, kink, op, meaning)
    return True


def _of_anybody(f: Callable[..., Any], args: tuple[Any, ...], grad: Callable[..., Any] | None,
                value_and_grad: Callable[..., Any] | bool, batched: Callable[..., Any] | bool) -> bool:
    """gradcheck of a function of floats or arrays, whose gradient is given, or is that of torch or JAX."""
    if not value_and_grad:
        return check_gradient(f, args, own_gradient(f, args) if grad is None else grad, batched=batched)
    if value_and_grad is not True:
        return check_gradient(f, args, value_and_grad, "value_and_grad", True, batched)
    return check_gradient(lambda *xs: f(*xs)[0], args, f, "value_and_grad", True, batched)


def _point(f: Callable[..., Any], args: tuple[Any, ...]) -> EvaluationPoint:
    """f of Values at these inputs. TypeError where it needs arrays."""
    try:
        return EvaluationPoint(f, args)
    except TypeError as error:
        if not any(map(is_array, args)):
            raise
        raise TypeError(f"{error}. Without grad f gets nested lists of Values in place of arrays; for a function of "
                        "arrays write gradcheck(f, x, grad=df)") from error


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
