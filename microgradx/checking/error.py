"""The error of a wrong derivative: which, both numbers, how far apart they may be, and the likely cause."""


class GradientError(AssertionError):
    """A derivative that finite differences contradict.

    what      the derivative: "d f / d w", "d(d f / d w) / d args[1][0]"
    input     the input it is taken by: its label, or its place among the arguments, args[1][0]
    slope     the derivative by the chain rule, as backward() gives it, or as it is claimed
    expected  the same by finite differences
    bound     the largest difference allowed between the two
    kink      at a kink the slopes on its two sides, the smaller first; else None
    op        the name of the wrong row if it can be found; else None
    meaning   the likely cause, in words
    source    where the slope comes from: "the chain rule", "grad"

    >>> from microgradx import GradientError, Value, gradcheck
    >>> try:
    ...     gradcheck(lambda w: w * Value(w.data), 3.0)
    ... except GradientError as error:
    ...     print(error.what, error.slope, error.expected, error.kink)
    d f / d args[0] 3.0 6.0 None
    """

    def __init__(self, what: str, input: str, slope: float, expected: float, bound: float,
                 kink: tuple[float, float] | None, op: str | None, meaning: str,
                 source: str = "the chain rule") -> None:
        super().__init__(what, input, slope, expected, bound, kink, op, meaning, source)
        self.what, self.input, self.slope, self.expected, self.bound = what, input, slope, expected, bound
        self.kink, self.op, self.meaning, self.source = kink, op, meaning, source

    def __str__(self) -> str:
        return (f"{self.what} is {self.slope} by {self.source}, {self.expected} by finite differences: "
                f"{abs(self.slope - self.expected):.2g} apart, {self.bound:.2g} allowed. {self.meaning}").rstrip()
