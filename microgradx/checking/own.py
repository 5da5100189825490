"""The gradient that torch or JAX computes for a function of their arrays: the one that gradcheck checks by itself.

So a torch.autograd.Function is checked by gradcheck(Function.apply, x), a jax.custom_vjp by gradcheck(f, x).
"""
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ..ieee import short
from ..nesting import branches, is_leaf
from .arguments import is_array, library, precision


def own_gradient(f: Callable[..., Any], args: Sequence[Any]) -> Callable[..., Any]:
    """A function of the same arguments: the Jacobian of f by its own library, a tuple for several arguments.
    TypeError if the arguments are of both libraries."""
    kinds = {library(a) for a in args if is_array(a)} & {"torch", "jax"}
    varied = [i for i, a in enumerate(args) if is_array(a) and precision(a) is not None]
    if len(kinds) != 1 or not varied:
        raise TypeError(f"expected floats of torch or of JAX, got {' and '.join(sorted(kinds)) or 'none'}; "
                        "write gradcheck(f, x, grad=df)")
    if numbers := [i for i, a in enumerate(args) if is_leaf(a) and not is_array(a) and a.__class__ is not int]:
        raise TypeError(f"args[{numbers[0]}] is {short(args[numbers[0]])}, by which {' and '.join(kinds)} does not "
                        "differentiate; write an array or tensor of it, or gradcheck(f, x, grad=df)")
    return of_torch(f, varied) if kinds == {"torch"} else of_jax(f, varied)


def of_jax(f: Callable[..., Any], varied: Sequence[int]) -> Callable[..., Any]:
    """jax.jacrev by all arrays of floats."""
    jax: Any = sys.modules["jax"]
    by = tuple(varied) if len(varied) > 1 else varied[0]
    return jax.jacrev(f, argnums=by)  # type: ignore[no-any-return]


def of_torch(f: Callable[..., Any], varied: Sequence[int]) -> Callable[..., Any]:
    """torch.autograd.grad of each output by all tensors of floats."""
    torch: Any = sys.modules["torch"]

    def gradient(*args: Any) -> Any:
        given = [a.detach().requires_grad_() if i in varied else a for i, a in enumerate(args)]
        inputs = [given[i] for i in varied]
        result = f(*given)
        outputs = [entry for y in tensors(result) for entry in y.reshape(-1)]
        rows = [torch.autograd.grad(y, inputs, retain_graph=True, allow_unused=True) if y.requires_grad
                else [None] * len(inputs) for y in outputs]
        columns = [[torch.zeros_like(x) if g is None else g for g in column] for x, column in zip(inputs, zip(*rows))]
        whole = tuple(column[0] if _is_one(result) else torch.stack(column) for column in columns)
        return whole if len(whole) > 1 else whole[0]
    return gradient


def tensors(result: Any) -> list[Any]:
    """The tensors that a function returned, in order."""
    return [result] if hasattr(result, "detach") else [y for part in branches(result) or () for y in tensors(part)]


def _is_one(result: Any) -> bool:
    """Whether a result is one number."""
    return getattr(result, "shape", None) == ()
