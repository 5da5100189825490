"""Step through backpropagation, check it, draw it, learn with it, in the order of README and docs/.

The first minute
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
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from .commands.parser import parser
from .ieee import printable
from .show.terminal.screen import colour

SHORT = ("-h", "-o")                # options of one letter; -x*w is an expression


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The parsed command line. By itself argparse would read "-x*w" as an option, and expect options last."""
    about, _, examples = (__doc__ or "").partition("\n\n")
    top = parser(about, examples)
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
