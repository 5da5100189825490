"""One logarithmic scale for gradients: pale to dark and thin to thick by size, blue if positive, orange if negative.

    >>> from microgradx.show.colours import Scale
    >>> scale = Scale([0.001, 0.02, 1.0])
    >>> scale.colour(0.001), scale.colour(1.0), scale.width(1.0)
    ('#b4c6d9', '#0b2a4a', 4.0)
    >>> scale.colour(-1.0)
    '#4e1802'
    >>> scale.ticks()
    [0.001, 0.01, 0.1, 1.0]

Darkness falls evenly along the scale, so that it reads the same in greyscale and to every kind of colour vision; blue
and orange of one size are equally dark. A line of a negative gradient is dashed as well.
"""
import math
from collections.abc import Iterable, Sequence

PALE, MIDDLE, DARK = (180, 198, 217), (73, 125, 178), (11, 42, 74)
PALE_MINUS, MIDDLE_MINUS, DARK_MINUS = (235, 186, 146), (189, 96, 34), (78, 24, 2)
THIN, THICK = 0.7, 4.0
DECADES = 8
BLACK, INK, GREY, FAINT, PAPER, ALARM = "#000000", "#1a1a1a", "#5f6673", "#c9ced6", "#ffffff", "#a3341c"


class Scale:
    """A scale of whole decades around the given sizes, at most 8; zeros, infinities and nan are outside of it.

    cut   whether there were sizes below the scale; they are drawn as its smallest
    """

    __slots__ = ("low", "high", "cut")

    def __init__(self, sizes: Iterable[float]) -> None:
        logs = [math.log10(abs(x)) for x in sizes if x and math.isfinite(x)] or [0.0]
        self.high = math.ceil(max(logs) - 1e-9)
        smallest = math.floor(min(logs) + 1e-9)
        self.low = min(max(smallest, self.high - DECADES), self.high - 1)
        self.cut = smallest < self.low

    def place(self, x: float) -> float:
        """The place of |x| on the scale, from 0 (smallest) to 1 (largest)."""
        if x != x:
            return 1.0
        size = min(max(abs(x), 10.0**self.low), 10.0**self.high)
        return (math.log10(size) - self.low) / (self.high - self.low)

    def colour(self, x: float) -> str:
        """Blue for x > 0, orange for x < 0, a faint grey for 0; the darker, the larger |x|."""
        if x == 0:
            return FAINT
        pale, middle, dark = (PALE_MINUS, MIDDLE_MINUS, DARK_MINUS) if x < 0 else (PALE, MIDDLE, DARK)
        t = 2 * self.place(x)
        return mix(pale, middle, t) if t <= 1 else mix(middle, dark, t - 1)

    def width(self, x: float) -> float:
        """The width of a line for |x|, in points."""
        return THIN if x == 0 else round(THIN + (THICK - THIN) * self.place(x), 2)

    def ticks(self) -> list[float]:
        """At most five powers of ten along the scale, its ends among them."""
        step = math.ceil((self.high - self.low) / 4)
        return [10.0**k for k in sorted({self.low, *range(self.high, self.low, -step)})]


def mix(a: Sequence[int], b: Sequence[int], t: float) -> str:
    """The colour `t` of the way from a to b, as #rrggbb."""
    return "#" + "".join(f"{round(p + (q - p) * t):02x}" for p, q in zip(a, b, strict=True))


def luminance(colour: str) -> float:
    """How light #rrggbb is, from 0 to 1: relative luminance as WCAG 2 defines it."""
    channels = [int(colour[k:k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055)**2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def readable_on(colour: str) -> str:
    """Black or white, whichever has more contrast on this colour: at least 4.5 to 1, as WCAG 2 requires of text."""
    return BLACK if luminance(colour) > 0.179 else PAPER
