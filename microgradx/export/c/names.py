"""Names that C allows: a name of Python's becomes an identifier of C that nothing else has.

    >>> from microgradx.export.c.names import Names
    >>> names = Names()
    >>> names.new("layers.0.weight"), names.new("double"), names.new("größe"), names.new("x"), names.new("x")
    ('layers_0_weight', 'double_', 'gr_e', 'x', 'x_2')
"""
import re

KEYWORDS = frozenset(re.findall(r"\w+", """
    auto break case char const continue default do double else enum extern float for goto if inline int long
    register restrict return short signed sizeof static struct switch typedef union unsigned void volatile
    while asm bool class delete new private public template this throw try main memcpy size_t"""))
# What math.h declares, by C99 and by POSIX, and what the generated source defines itself.
TAKEN = frozenset(re.findall(r"\w+", """
    acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh drem erf erfc exp exp10 exp2 expm1 fabs
    fdim finite floor fma fmax fmin fmod frexp gamma hypot ilogb isfinite isinf isnan isnormal j0 j1 jn ldexp
    lgamma llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint nextafter nexttoward pow
    pow10 remainder remquo rint round scalb scalbln scalbn signbit significand sin sincos sinh sqrt tan tanh
    tgamma trunc y0 y1 yn signgam NAN INFINITY power pick larger smaller memory constants wrong"""))
INNER = re.compile(r"[irtv]\d+|[kt]|total")  # the variables of the body: v12, r0, i1


class Names:
    """Identifiers of one scope, each once."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def new(self, text: str) -> str:
        """An identifier of C that looks like the text: only ASCII letters, digits and single underscores."""
        name = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_") or "x"
        if name[0].isdigit():
            name = f"layer_{name}"          # of a Sequential, whose layers have numbers
        if name in KEYWORDS or name in TAKEN or INNER.fullmatch(name):
            name += "_"
        stem = name.rstrip("_")
        found = next(n for n in (name, *(f"{stem}_{k}" for k in range(2, len(self.used) + 3))) if n not in self.used)
        self.used.add(found)
        return found
