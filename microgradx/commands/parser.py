"""The command line: each command with its arguments."""
import argparse
from collections.abc import Callable
from inspect import cleandoc
from typing import NoReturn

from .. import __version__
from ..ieee import printable
from .expressions import EXPRESSION, check, demo, draw, export, ops, step, tree
from .networks import examine, lab, train

AS_WRITTEN = argparse.RawDescriptionHelpFormatter


class Parser(argparse.ArgumentParser):
    """An argparse parser whose errors take one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message and exit with code 2."""
        self.exit(2, f"{self.prog}: {printable(' '.join(message.split()))}; see {self.prog} --help\n")


def parser(about: str, examples: str) -> Parser:
    """The commands and their arguments. `examples` are lines; each command shows its own."""
    top = Parser("microgradx", description=about, epilog=examples, formatter_class=AS_WRITTEN)
    top.add_argument("--version", action="version", version=f"microgradx {__version__}")
    with_color(top, "auto")
    top.set_defaults(run=demo)
    commands = top.add_subparsers(title="commands", metavar="COMMAND")
    add = commands.add_parser
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
    drawing.add_argument("-o", "--output", metavar="FILE", required=True, help="graph.svg, .png, .pdf, .dot or .html")
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
    for name, one in commands.choices.items():
        own = [line for line in examples.splitlines() if f" microgradx {name} " in line]
        one.epilog = "\n".join(["examples:", *own])
    return top


def command(add: Callable[..., Parser], run: Callable[[argparse.Namespace], int]) -> Parser:
    """Add one command: its name and help are those of the function that it runs."""
    about = cleandoc(run.__doc__ or "")
    added = add(run.__name__, help=about.partition("\n")[0], description=about, formatter_class=AS_WRITTEN)
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
