"""Commands of networks and engines: lab, examine, train."""
import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..files import replace
from ..ieee import printable
from .files import UsageError, deliver, format_of, may_write, wrote

if TYPE_CHECKING:
    from ..training.outcome import Outcome


def lab(args: argparse.Namespace) -> int:
    """Write the lab, a page in which networks train.

    One file that works from disk. It also has a field for expressions, with their graphs to step through.
    """
    from ..show.web.lab import lab as page
    may_write(args.html, args.force)
    deliver(page(), args.html, args.open)
    return 0


def examine(args: argparse.Namespace) -> int:
    """Examine your own engine.

    It is a class with .data, .grad and backward(). Some eighty small programs, in the order in which a course builds
    one: what came, what should have come, and the likely mistake. What the engine does not have is missing, not wrong.
    Exit code 1 if something is wrong, 2 if the class cannot be loaded.
    """
    from ..checking.examine.examination import examine as examination
    from ..checking.examine.report import as_json, junit
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
    from ..training.examples import EXAMPLES, run
    if not args.example:
        if args.plot or args.html:
            raise UsageError("expected an example to show; write train moons --plot run.png")
        print("\n".join(f"{name:9}{about}" for name, about in EXAMPLES.items()))
        return 0
    if args.open and not args.html:
        raise UsageError("--open needs a file to open; write --html run.html")
    if args.plot:
        from ..show.plots.canvas import SIGNED
        may_write(args.plot, args.force)
        if format_of(args.plot) not in SIGNED:
            raise UsageError(f"expected a picture that ends with .{', .'.join(SIGNED)}, got {printable(args.plot)}")
    if args.html:
        may_write(args.html, args.force)
    if args.plot or args.html:
        from ..show.plots.canvas import require
        require()                       # now, not after minutes of training
    outcomes: list[Outcome] = []
    reached = run(args.example, args.full, args.seed, outcomes)
    if args.plot:
        from ..plots import save
        from ..show.plots.outcomes import overview
        save(overview(outcomes), args.plot)
        wrote(args.plot)
    if args.html:
        deliver(trained_page(args.example, outcomes), args.html, args.open)
    return 0 if reached else 1


def trained_page(name: str, outcomes: "Sequence[Outcome]") -> str:
    """The lab with the trained network, if it can hold that; else its picture and what it came to, as a page."""
    from ..show.plots.canvas import rendered
    from ..show.plots.outcomes import overview
    from ..show.web.lab import lab as page
    from ..show.web.report import report
    last = outcomes[-1]
    if last.kind == "border":
        try:
            return page(last.model, last.xs, last.ys)
        except (TypeError, ValueError):             # larger than the lab's plane and diagram
            pass
    return report(f"microgradx train {name}", rendered(overview(outcomes), "svg"), "\n\n".join(map(str, outcomes)))
