"""Step through backpropagation, check it, draw it, learn with it, in the order of README and docs/.

Two commands
    python3 -m microgradx                                           # step through the backprop of one neuron

Step through it
    python3 -m microgradx step "tanh(w*x + b)" w=0.5 x=2 b=-0.5     # an expression; Mazur's network: --example mazur
    python3 -m microgradx tree "tanh(w*x + b)*w" w=0.5 x=2 b=-0.5   # its graph as text
    python3 -m microgradx check "tanh(w*x + b)" w=0.5 x=2 b=-0.5    # its gradients against finite differences
    python3 -m microgradx ops tanh                                  # a row of the table; without a name all of it

See it
    python3 -m microgradx draw "tanh(w*x + b)" w=0.5 x=2 b=-0.5 -o neuron.svg       # a picture
    python3 -m microgradx step "tanh(w*x + b)" w=0.5 x=2 b=-0.5 --html neuron.html  # a page to step through
    python3 -m microgradx lab --html lab.html --open                # a page in which networks train

Learn with it
    python3 -m microgradx train xor                                 # an example; without a name they are listed

Have your own engine examined
    python3 -m microgradx examine microgradx:Value                  # your own engine: examine engine.py:Value

Take it away
    python3 -m microgradx export "tanh(w*x + b)" w=0.5 x=2 b=-0.5 -o neuron.c       # C99; a formula: -o neuron.tex

Once installed, the command `microgradx` does the same as python3 -m microgradx. For the rest see README, or write
help(microgradx) in Python. Exit code 0: success; 1: a wrong gradient or engine, or a missed target; 2: a wrong
command line.
"""
import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from inspect import cleandoc
from io import TextIOWrapper
from typing import TYPE_CHECKING, NoReturn

from . import __version__
from .engine import Value
from .expr import ExpressionError, parse
from .ieee import printable
from .show.terminal.screen import colour, say

if TYPE_CHECKING:
    from .training.outcome import Outcome

ABOUT, _, EXAMPLES = (__doc__ or "").partition("\n\n")
AS_WRITTEN = argparse.RawDescriptionHelpFormatter
EXPRESSION, GIVEN = "tanh(w*x + b)", "w=0.5 x=2 b=-0.5"
OWN = 100_000                       # bytes at both ends of a file in which it says that microgradx wrote it
SHORT = ("-h", "-o")                # options of one letter; -x*w is an expression


class UsageError(ValueError):
    """A command line that cannot be run; the message says what to write."""


# Each command is a function here and a line in parser(). Its docstring is the help, its result the exit code -------

def demo(_: argparse.Namespace) -> int:
    """Step through a neuron."""
    from .show.stepper import stepper
    from .show.terminal.console import at_terminal
    stepper(example("neuron"), None if at_terminal() else [])
    return 0


def step(args: argparse.Namespace) -> int:
    """Step through both passes of an expression.

    Type commands at a terminal or pipe them in; without any it prints the whole transcript.
    """
    from .show.stepper import stepper
    if args.example and args.expression:
        raise UsageError("step takes an expression or an example, not both")
    root = example(args.example) if args.example else graph(args)
    if args.open and not args.html:
        raise UsageError("--open needs a file to open; write --html page.html --open")
    if args.html:
        from .show.web.page import to_html
        may_write(args.html, args.force)
        deliver(to_html(root), args.html, args.open)
    else:
        stepper(root, lines(args.script) if args.script else None)
    return 0


def tree(args: argparse.Namespace) -> int:
    """Print the graph of an expression as text.

    A tree with data, local slopes and gradients.
    """
    from .show.terminal.tree import tree as text
    say(text(graph(args)))
    return 0


def check(args: argparse.Namespace) -> int:
    """Compare gradients with finite differences.

    One line for each variable; exit code 1 if they disagree or cannot be compared (nan, infinity).
    """
    from .naming import names
    from .show.terminal.answers import verdicts
    root = graph(args)
    if not args.values:
        raise UsageError(f"expected variables to check the gradient by; write {GIVEN}")
    table, right = verdicts(root, {v: name for v, name in names(root).items() if v.op is None})
    say(table)
    return 0 if right else 1


def ops(args: argparse.Namespace) -> int:
    """Print the table of operations: value, slopes, domain, kinks."""
    from .show.terminal.listing import entry, listing
    try:
        say(entry(args.name) if args.name else listing())
    except KeyError:
        raise UsageError(f"the table has no row {args.name!r}; microgradx ops lists them all") from None
    return 0


def draw(args: argparse.Namespace) -> int:
    """Draw the graph of an expression into a file.

    The picture has data, local slopes and gradients. It needs the extra "draw".
    """
    from .show.picture.drawing import draw as picture
    from .show.picture.render import save
    root = graph(args)
    may_write(args.output, args.force)
    save(picture(root), args.output)
    wrote(args.output)
    return 0


def export(args: argparse.Namespace) -> int:
    """Export an expression and its gradient: to C, or as a formula.

    -o name.c writes C99, a source and its header, with the variables as arguments; -o name.tex LaTeX.
    """
    import pathlib

    from .files import replace
    numbers, path = given(args), pathlib.Path(args.output)
    root = parse(args.expression, **numbers)
    if path.suffix == ".tex":
        from .export.latex import to_latex
        texts = {path: f"% written by microgradx\n{to_latex(root)}\n"}
    elif path.suffix == ".c":
        from .export.c.source import to_c
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


def lab(args: argparse.Namespace) -> int:
    """Write the lab, a page in which networks train.

    One file that works from disk. It also has a field for expressions, with their graphs to step through.
    """
    from .show.web.lab import lab as page
    may_write(args.html, args.force)
    deliver(page(), args.html, args.open)
    return 0


def examine(args: argparse.Namespace) -> int:
    """Examine your own engine.

    It is a class with .data, .grad and backward(). Some eighty small programs, in the order in which a course builds
    one: what came, what should have come, and the likely mistake. What the engine does not have is missing, not wrong.
    Exit code 1 if something is wrong, 2 if the class cannot be loaded.
    """
    from .checking.examine.examination import examine as examination
    from .checking.examine.report import as_json, junit
    from .files import replace
    found = examination(args.engine, args.only, args.limit)
    if args.junit:
        replace(args.junit, junit(found).encode())
    if args.json:
        print(json.dumps(as_json(found), indent=2))
    else:
        print(found)
    return 0 if found.passed else 1


def train(args: argparse.Namespace) -> int:
    """Train an example on real input.

    Without a name it lists the examples; exit code 1 if the example misses its target. --plot and --html show what
    training came to: losses, the fit or the border, a confusion matrix and mistakes (extra "plot"); --html is the lab
    with the trained network where that can hold it.
    """
    from .training.examples import EXAMPLES, run
    if not args.example:
        if args.plot or args.html:
            raise UsageError("expected an example to show; write train moons --plot run.png")
        print("\n".join(f"{name:9}{about}" for name, about in EXAMPLES.items()))
        return 0
    if args.open and not args.html:
        raise UsageError("--open needs a file to open; write --html run.html")
    if args.plot:
        from .show.plots.outcomes import SIGNED
        may_write(args.plot, args.force)
        if format_of(args.plot) not in SIGNED:
            raise UsageError(f"expected a picture that ends with .{', .'.join(SIGNED)}, got {printable(args.plot)}")
    if args.html:
        may_write(args.html, args.force)
    if args.plot or args.html:
        from .show.plots.canvas import require
        require()                       # now, not after minutes of training
    outcomes: list[Outcome] = []
    reached = run(args.example, args.full, args.seed, outcomes)
    if args.plot:
        from .files import replace
        from .show.plots.outcomes import written
        replace(args.plot, written(outcomes, format_of(args.plot)))
        wrote(args.plot)
    if args.html:
        deliver(trained_page(args.example, outcomes), args.html, args.open)
    return 0 if reached else 1


# Arguments of the commands -------------------------------------------------------------------------------------

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
    from inspect import Parameter, Signature

    def f(*xs: Value) -> Value:
        return parse(expression, **dict(zip(names, xs)))
    f.__signature__ = Signature([Parameter(n, Parameter.POSITIONAL_OR_KEYWORD) for n in names])  # type: ignore[attr-defined]
    return f


def example(name: str) -> Value:
    """Print a note about an example; its graph."""
    if name == "mazur":
        from .training.examples.mazur import graph, note
    else:
        from .show.terminal.neuron import graph, note
    say(note())
    return graph()


def format_of(path: str) -> str:
    """The end of a file's name, such as png."""
    return os.path.splitext(path)[1][1:].lower()


def trained_page(name: str, outcomes: "Sequence[Outcome]") -> str:
    """The lab with the trained network, if it can hold that; else its picture and what it came to, as a page."""
    from .show.plots.outcomes import written
    from .show.web.lab import lab as page
    from .show.web.report import report
    last = outcomes[-1]
    if last.kind == "border":
        try:
            return page(last.model, last.xs, last.ys)
        except (TypeError, ValueError):             # larger than the lab's plane and diagram
            pass
    return report(f"microgradx train {name}", written(outcomes, "svg"), "\n\n".join(map(str, outcomes)))


def lines(path: str) -> list[str]:
    """The commands in a file, one on each line. UsageError if it cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return [line for line in file if line.strip()]
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the script {path!r}: {error}") from None


def may_write(path: str, force: bool) -> None:
    """UsageError if there is a file that microgradx did not write, unless --force is given."""
    if not os.path.isfile(path):        # there is none; or a pipe, which would be waited for, a device, a folder
        return
    try:
        with open(path, "rb") as file:
            start = file.read(OWN)
            file.seek(max(0, file.seek(0, os.SEEK_END) - OWN))
            ours = not start or b"microgradx" in start + file.read()
    except OSError:                     # it is none that is read
        return
    if not (ours or force):
        raise UsageError(f"{printable(path)} is there already, and microgradx did not write it; "
                         "choose another name, or overwrite it with --force")


def wrote(path: str) -> None:
    """Say that a file was written, and its size."""
    say(f"wrote {printable(path)}, {os.path.getsize(path) / 1000:.0f} kB")


def deliver(page: str, path: str, opened: bool) -> None:
    """Write a page to a file, say so, and open it in the browser where that is wanted."""
    import pathlib
    import webbrowser

    from .files import replace
    replace(path, page.encode("ascii") + b"<!-- microgradx -->\n")        # see may_write()
    print(f"wrote {printable(path)}, {len(page) / 1000:.0f} kB: one file that works from disk, without a network")
    if opened and not webbrowser.open(pathlib.Path(path).resolve().as_uri()):
        print("no browser was found; open the file yourself")


class Parser(argparse.ArgumentParser):
    """An argparse parser whose errors take one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message and exit with code 2."""
        self.exit(2, f"{self.prog}: {printable(' '.join(message.split()))}; see {self.prog} --help\n")


def parser() -> Parser:
    """The commands and their arguments."""
    top = Parser("microgradx", description=ABOUT, epilog=EXAMPLES, formatter_class=AS_WRITTEN)
    top.add_argument("--version", action="version", version=f"microgradx {__version__}")
    with_color(top, "auto")
    top.set_defaults(run=demo)
    add = top.add_subparsers(title="commands", metavar="COMMAND").add_parser
    stepping = of_expression(add, step)
    stepping.add_argument("--example", choices=["neuron", "mazur"], help="step through this network instead")
    stepping.add_argument("--script", metavar="FILE", help="commands to play, one a line")
    stepping.add_argument("--html", metavar="FILE", help="write a page to step through in a browser instead")
    stepping.add_argument("--open", action="store_true", help="and open it")
    with_force(stepping)
    of_expression(add, tree)
    of_expression(add, check)
    command(add, ops).add_argument("name", nargs="?", help="the row to print in full")
    drawing = of_expression(add, draw)
    drawing.add_argument("-o", "--output", metavar="FILE", required=True, help="graph.svg, .png, .pdf or .dot")
    with_force(drawing)
    exporting = of_expression(add, export)
    exporting.add_argument("-o", "--output", metavar="FILE", required=True, help="neuron.c or neuron.tex")
    with_force(exporting)
    playing = command(add, lab)
    playing.add_argument("--html", metavar="FILE", default="lab.html", help="the file to write, by default lab.html")
    playing.add_argument("--open", action="store_true", help="open it in the browser")
    with_force(playing)
    examining = command(add, examine)
    examining.add_argument("engine", metavar="FILE:CLASS", help="such as engine.py:Value, or package.module:Value")
    examining.add_argument("--only", metavar="LESSON", default="", help="one lesson, by the beginning of its name")
    examining.add_argument("--limit", metavar="SECONDS", type=float, default=10.0, help="for one program (10)")
    examining.add_argument("--json", action="store_true", help="print the findings as JSON")
    examining.add_argument("--junit", metavar="FILE", help="write them as JUnit's XML")
    training = command(add, train)
    training.add_argument("example", nargs="?", help="its name; without one they are listed")
    training.add_argument("--full", action="store_true", help="the long run")
    training.add_argument("--plot", metavar="FILE", help="write what it came to as a picture: run.png, .svg or .pdf")
    training.add_argument("--html", metavar="FILE", help="write the trained network, or that picture, as a page")
    training.add_argument("--open", action="store_true", help="and open it")
    with_force(training)
    training.add_argument("--seed", type=int, default=1, help="for data, first weights and order of samples")
    return top


def command(add: Callable[..., Parser], run: Callable[[argparse.Namespace], int]) -> Parser:
    """Add one command: its name, help and examples are those of the function that it runs."""
    about = cleandoc(run.__doc__ or "")
    own = "\n".join(line for line in EXAMPLES.splitlines() if f" microgradx {run.__name__} " in line)
    added = add(run.__name__, help=about.partition("\n")[0], description=about,
                epilog=f"examples:\n{own}", formatter_class=AS_WRITTEN)
    with_color(added, argparse.SUPPRESS)
    added.set_defaults(run=run)
    return added


def with_color(parser: Parser, default: str) -> None:
    """Add the option that says whether text is coloured; it may stand before the command or after it."""
    parser.add_argument("--color", choices=["auto", "always", "never"], default=default, metavar="WHEN",
                        help="auto (at a terminal, unless NO_COLOR is set), always, never")


def with_force(parser: Parser) -> None:
    """Add the option for a command that writes files."""
    parser.add_argument("--force", action="store_true", help="overwrite a file that microgradx did not write")


def of_expression(add: Callable[..., Parser], run: Callable[[argparse.Namespace], int]) -> Parser:
    """Add a command that takes an expression and its variables."""
    added = command(add, run)
    added.add_argument("expression", nargs="?", metavar="EXPR", help=f'such as "{EXPRESSION}"')
    added.add_argument("values", nargs="*", metavar="name=value", help="a number for every variable, or pi/4")
    return added


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The parsed command line. By itself argparse would read "-x*w" as an option, and expect options last."""
    top = parser()
    args, rest = top.parse_known_args([f" {a}" if a[:1] == "-" != a[1:2] and a not in SHORT else a for a in argv])
    late = [a for a in rest if "=" in a and not a.startswith("-")]
    if len(late) < len(rest) or (late and not hasattr(args, "values")):
        top.error(f"did not expect {' '.join(rest)}")
    if late:
        args.values += late
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")       # for bytes that are no text, and letters it cannot show
    try:
        args = arguments(sys.argv[1:] if argv is None else argv)
        colour(args.color)
        code: int = args.run(args)
        sys.stdout.flush()
        return code
    except BrokenPipeError:                                     # the reader closed the pipe: | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError, ImportError, RuntimeError) as error:     # errors that a user can cause, in one line
        print(f"microgradx: {printable(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
