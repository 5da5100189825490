"""Warning: a warning names the line of the user's program that led to it.

    >>> import warnings
    >>> from microgradx.warning import warn
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn("the tea is cold")
    >>> caught[0].filename.startswith("<doctest"), str(caught[0].message)
    (True, 'the tea is cold')
"""
import sys
import warnings
from pathlib import Path
from types import FrameType

HOME = f"{Path(__file__).parent}/"


def warn(message: str, category: type[Warning] = RuntimeWarning) -> None:
    """Issue a warning at the nearest line outside of this package, however many calls lie between."""
    frame: FrameType | None = sys._getframe(1)
    level = 2
    while frame is not None and frame.f_code.co_filename.startswith(HOME):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
