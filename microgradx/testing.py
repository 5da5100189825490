"""For test suites and graders: assert a gradient, property tests, examine or adopt somebody's own engine.

    >>> from microgradx.testing import assert_gradient
    >>> assert_gradient(lambda x: x**3, lambda x: 3 * x**2, 2.0)

`arguments`, `arrays`, `graphs`, `kinks`, `numbers` and `values` are Hypothesis strategies (the extra "strategies");
`st.from_type(Value)` works where microgradx is installed.
"""
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .checking.adopt import Adopted, Fault, adopt
from .checking.check import gradcheck
from .checking.compare import Compared, Parting, compare
from .checking.examine.examination import Examination, Finding, examine

if TYPE_CHECKING:
    from .checking.strategies import arguments, arrays, graphs, kinks, numbers, values

__all__ = ["Adopted", "Compared", "Examination", "Fault", "Finding", "Parting", "adopt", "arguments", "arrays",
           "assert_gradient", "compare", "examine", "graphs", "kinks", "numbers", "values"]


def assert_gradient(f: Callable[..., Any], df: Callable[..., Any] | None, *args: Any,
                    batched: Callable[..., Any] | bool = False) -> None:
    """Nothing if df is the gradient of f at `args`; else GradientError, an AssertionError with the likely cause.

    f, args   any function and its arguments: numbers, nested containers, arrays, tensors; see gradcheck
    df        takes the same arguments; None for a function of Values, of torch's tensors or of JAX's arrays, whose own
              backward pass is checked
    batched   f at many points in one call; see gradcheck

    TypeError or ValueError if nothing can be checked.

    >>> from microgradx.testing import assert_gradient
    >>> assert_gradient(lambda w, b: w * w + b, lambda w, b: (2 * w, 1.0), 3.0, 0.5)
    """
    gradcheck(f, *args, grad=df, batched=batched)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'microgradx.testing' has no attribute {name!r}")
    from .checking import strategies
    return getattr(strategies, name)
