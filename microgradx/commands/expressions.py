"""Commands of an expression: step, tree, check, draw, export; and ops, which prints the table."""
import argparse
import pathlib
from collections.abc import Callable, Sequence
from inspect import Parameter, Signature

from ..engine import Value
from ..expr import ExpressionError, parse
from ..files import replace
from ..ieee import printable
from ..show.terminal.screen import say
from .files import UsageError, deliver, lines, may_write, wrote

EXPRESSION, GIVEN = "tanh(w*x + b)", "w=0.5 x=2 b=-0.5"


def demo(_: argparse.Namespace) -> int:
    """Step through a neuron."""
    from ..show.stepper import stepper
    from ..show.terminal.console import at_terminal
    stepper(example("neuron"), None if at_terminal() else [])
    return 0


def step(args: argparse.Namespace) -> int:
    """Step through both passes of an expression.

    Type commands at a terminal or pipe them in; without any it prints the whole transcript.
    """
    from ..show.stepper import stepper
    if args.example and args.expression:
        raise UsageError("step takes an expression or an example, not both")
    root = example(args.example) if args.example else graph(args)
    if args.open and not args.html:
        raise UsageError("--open needs a file to open; write --html page.html --open")
    if args.html:
        from ..show.web.page import to_html
        may_write(args.html, args.force)
        deliver(to_html(root), args.html, args.open)
    else:
        stepper(root, lines(args.script) if args.script else None)
    return 0


def tree(args: argparse.Namespace) -> int:
    """Print the graph of an expression as text.

    A tree with data, local slopes and gradients.
    """
    from ..show.terminal.tree import tree as text
    say(text(graph(args)))
    return 0


def check(args: argparse.Namespace) -> int:
    """Compare gradients with finite differences.

    One line for each variable; exit code 1 if they disagree or cannot be compared (nan, infinity).
    """
    from ..naming import names
    from ..show.terminal.answers import verdicts
    root = graph(args)
    if not args.values:
        raise UsageError(f"expected variables to check the gradient by; write {GIVEN}")
    table, right = verdicts(root, {v: name for v, name in names(root).items() if v.op is None})
    say(table)
    return 0 if right else 1


def ops(args: argparse.Namespace) -> int:
    """Print the table of operations: value, slopes, domain, kinks."""
    from ..show.terminal.listing import entry, listing
    try:
        say(entry(args.name) if args.name else listing())
    except KeyError:
        raise UsageError(f"the table has no row {args.name!r}; microgradx ops lists them all") from None
    return 0


def draw(args: argparse.Namespace) -> int:
    """Draw the graph of an expression into a file.

    The picture has data, local slopes and gradients. It needs the extra "draw". -o name.html writes a page on which the
    boxes of a large graph open.
    """
    from ..show.picture.drawing import draw as picture
    from ..show.picture.render import save
    root = graph(args)
    may_write(args.output, args.force)
    save(picture(root), args.output)
    wrote(args.output)
    return 0


def export(args: argparse.Namespace) -> int:
    """Export an expression and its gradient: to C, or as a formula.

    -o name.c writes C99, a source and its header, with the variables as arguments; -o name.tex LaTeX.
    """
    numbers, path = given(args), pathlib.Path(args.output)
    root = parse(args.expression, **numbers)
    if path.suffix == ".tex":
        from ..export.latex import to_latex
        texts = {path: f"% written by microgradx\n{to_latex(root)}\n"}
    elif path.suffix == ".c":
        from ..export.c.source import to_c
        found = to_c(function(args.expression, list(numbers)), *numbers.values(), name=path.stem,
                     argnums=tuple(range(len(numbers))))
        texts = {path: found.source, path.with_suffix(".h"): found.header}
    else:
        raise UsageError(f"expected a file that ends in .c or .tex, got {printable(args.output)}")
    for file in texts:
        may_write(str(file), args.force)
    for file, text in texts.items():
        replace(file, text.encode())
        wrote(str(file))
    return 0


# Their arguments -----------------------------------------------------------------------------------------------

def graph(args: argparse.Namespace) -> Value:
    """The graph of the expression, with variables given as name=value. UsageError if one is missing or given twice."""
    return parse(args.expression, **given(args))


def given(args: argparse.Namespace) -> dict[str, float]:
    """The variables. UsageError if there is no expression, and for one that is given twice or is no number."""
    if not args.expression:
        raise UsageError(f'expected an expression and its variables; write "{EXPRESSION}" {GIVEN}')
    variables: dict[str, float] = {}
    for pair in args.values:
        name, equals, text = pair.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"expected name=value, got {pair!r}")
        if name in variables:
            raise UsageError(f"{name} is given twice")
        try:
            variables[name] = parse(text).data
        except ExpressionError as error:
            raise UsageError(f"in {pair!r}, {error}") from None
    return variables


def function(expression: str, names: Sequence[str]) -> Callable[..., Value]:
    """An expression as a function of its variables, in this order and by these names."""
    def f(*xs: Value) -> Value:
        return parse(expression, **dict(zip(names, xs)))
    f.__signature__ = Signature([Parameter(n, Parameter.POSITIONAL_OR_KEYWORD) for n in names])  # type: ignore[attr-defined]
    return f


def example(name: str) -> Value:
    """Print a note about an example; its graph."""
    if name == "mazur":
        from ..training.examples.mazur import graph, note
    else:
        from ..show.terminal.neuron import graph, note
    say(note())
    return graph()
