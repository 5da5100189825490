"""Stepping through a graph at the terminal, forward and backward, with questions about each step.

    >>> from microgradx import Value
    >>> from microgradx.show.terminal.stepper_session import step_through
    >>> w = Value(3.0, "w")
    >>> step_through(w * w, ["goto 4", "check", "what-if w 5"])
    (0/5) goto 4
    backward 2 of 3     y = w*w hands grad(y) = 1 back to w
        rule            dy/dw = w = 3
        contribution    grad(y) * dy/dw = 1 * 3 = 3
        grad(w)         3    (use 1 of 2: more to come)
    (4/5) check
    value    gradient    finite difference    bound    verdict
    w        6           6                    6e-08    they agree
    (3 so far, after 1 of 2 uses; compared is the whole sum)
    (4/5) what-if w 5
    value    data       grad
    w        3 -> 5     6 -> 10
    y        9 -> 25    1

A session never changes the data and gradients of the graph.
"""
import sys
from collections.abc import Iterable

from ...engine import Value
from ...expr import ExpressionError, parse
from ...ieee import short
from ...naming import brief
from ...step import steps
from . import answers
from .console import Console, at_terminal
from .transcript import described, ending, so_far, transcript


class StepperSession(Console):
    """A graph, the steps through it, and how many of them are done. The commands are the methods do_..."""

    def __init__(self, root: Value) -> None:
        super().__init__()
        self.root, self.steps = root, steps(root)
        self.names = self.steps[0].names
        self.values = {name: v for v, name in self.names.items()}
        self.at = 0
        self.breaks: list[Value] = []

    @property
    def prompt(self) -> str:  # type: ignore[override]
        """The steps done, of all: (3/20)."""
        return f"({self.at}/{len(self.steps)}) "

    # Moving ----------------------------------------------------------------------------------------------------

    def do_next(self, arg: str) -> None:
        """n, next [COUNT]         one step on, or COUNT of them; Enter alone does the same"""
        for at in range(self.at, min(self.at + _whole(arg or "1"), len(self.steps) + 1)):
            self.go(at + 1)

    def do_previous(self, arg: str) -> None:
        """p, previous [COUNT]     one step back, or COUNT of them"""
        self.go(self.at - _whole(arg or "1"))

    def do_continue(self, _: str) -> None:
        """c, continue             on to the next breakpoint, or to the end"""
        stops = [k for k in range(self.at, len(self.steps)) if self.steps[k].target in self.breaks]
        self.go(stops[0] + 1 if stops else max(self.at + 1, len(self.steps)))

    def do_break(self, arg: str) -> None:
        """b, break [VALUE]        set or remove a breakpoint at the steps about a value; alone: list them"""
        if arg:
            v = self.value(arg)
            change = self.breaks.remove if v in self.breaks else self.breaks.append
            change(v)
        print("Breakpoints:", ", ".join(self.names[v] for v in self.breaks) or "none")

    def do_goto(self, arg: str) -> None:
        """g, goto STEP | VALUE    to a step by its number, or to the next one about a value"""
        count = len(self.steps)
        if not arg or arg.removeprefix("-").isdecimal():
            if arg.startswith("-") or _whole(arg) not in range(1, count + 1):
                raise ValueError(f"the steps are 1 to {count}")
            self.go(int(arg))
        else:
            v = self.value(arg)
            ahead = [(self.at + k) % count for k in range(count)]
            self.go(1 + next(k for k in ahead if self.steps[k].target is v))

    def go(self, at: int) -> None:
        """Go to the place after `at` steps: print that step, and after the last one all gradients."""
        last, self.at = len(self.steps), min(max(at, 0), len(self.steps))
        if at > last:
            print("That was the last step. p goes back, s shows the graph with all gradients, q ends.")
        elif self.at == 0:
            print("Before the first step; n begins.")
        else:
            print(described(self.steps, self.at - 1))
            if at == last:
                print(f"\n{ending(self.steps)}")

    # Asking ----------------------------------------------------------------------------------------------------

    def do_show(self, _: str) -> None:
        """s, show                 the graph so far: data and gradients known at this step"""
        print(so_far(self.steps, self.at))

    def do_check(self, arg: str) -> None:
        """check [VALUE]           its gradient against a finite difference; alone: for the value this step is about"""
        if not arg and self.at <= len(self.names):
            raise ValueError(f"no gradient is known yet; backward begins with step {len(self.names) + 1} "
                             "(c goes to the end), or write check VALUE")
        step = self.steps[self.at - 1]
        v = self.value(arg) if arg else step.target
        print(answers.verdicts(self.root, {v: self.names[v]})[0])
        if not arg and step.use < step.uses:
            print(f"({brief(step.after)} so far, after {step.use} of {step.uses} uses; compared is the whole sum)")

    def do_what_if(self, arg: str) -> None:
        """w, what-if LEAF NUMBER  every number and gradient recomputed with a leaf changed; the graph stays as it is"""
        given = [name for name in self.values if f"{arg} ".startswith((f"{name} ", f"{name}="))]
        name = max(given, key=len, default=arg.replace("=", " ").partition(" ")[0])
        leaf = self.value(name)
        if leaf.op is not None:
            raise ValueError(f"{name} is computed; what-if changes a leaf: {self.some(leaves=True)}")
        number = arg[len(name):].strip(" =")
        if not number:
            raise ValueError(f"no number given; write what-if {name} 1.5")
        print(answers.what_if(self.root, leaf, _number(number)))

    def do_predict(self, arg: str) -> None:
        """predict [NUMBER]        your guess for the next step, and whether it is right; alone: the question"""
        step = self.steps[min(self.at, len(self.steps) - 1)]
        if self.at == len(self.steps):
            self.go(self.at + 1)
        elif step.phase == "forward" and step.op is None:
            print(f"The next step gives the leaf {self.names[step.node]} its number; nothing to predict. n goes on.")
        elif not arg:
            print(f"{answers.question(step)} Answer with: predict NUMBER")
        else:
            print(answers.judged(step, _number(arg)))
            self.go(self.at + 1)

    def default(self, line: str) -> None:
        """Reply to a line that is not a command; a number alone may be meant for predict."""
        try:
            float(line)
        except ValueError:
            super().default(line)
        else:
            print(f"No command {short(line)}; to answer what predict asks write predict {line}")

    # Reading input ---------------------------------------------------------------------------------------------

    def value(self, name: str) -> Value:
        """The value with this name. ValueError if there is none."""
        if not name:
            raise ValueError(f"expected the name of a value: {self.some()}")
        if name not in self.values:
            raise ValueError(f"no value is called {short(name)}; there are {self.some()}")
        return self.values[name]

    def some(self, leaves: bool = False, limit: int = 12) -> str:
        """The first dozen names, as text."""
        found = [name for name, v in self.values.items() if not (leaves and v.op)]
        return ", ".join(found[:limit]) + ", ..." * (len(found) > limit)

    def completedefault(self, text: str, *_: object) -> list[str]:
        """Completions for the Tab key after a command: names of values."""
        return [name for name in self.values if name.startswith(text)]


def step_through(root: Value, commands: Iterable[str] | None = None) -> None:
    """Run a session at the terminal, from these lines, or from piped input; without any, print the whole transcript.

    >>> from microgradx import Value
    >>> from microgradx.show.terminal.stepper_session import step_through
    >>> step_through(Value(1.0, "x").tanh(), ["n"])
    (0/4) n
    forward 1 of 2      x = 1    (a leaf: its number is given)
    """
    session = StepperSession(root)
    if answers.stale(root):
        print("A leaf was set after this graph was computed: results and slopes below are those before the change.\n")
    try:
        if commands is None and at_terminal():
            session.cmdloop(f"{len(session.names)} steps forward, {len(session.steps) - len(session.names)} back. "
                            "Enter makes the next step, help lists what else you can do.\n")
        elif not session.play(commands if commands is not None else sys.stdin or ()):
            for piece in transcript(root):
                print(piece)
    except KeyboardInterrupt:
        print()


def _whole(text: str) -> int:
    """A whole number typed by the user. ValueError if it is not one."""
    if not text.isdecimal() or len(text) > 9:
        raise ValueError(f"expected a whole number, a count from 0 up, got {short(text)}")
    return int(text)


def _number(text: str) -> float:
    """A number typed by the user, also as arithmetic: 1/3, -2*pi. ValueError if it is not one."""
    try:
        return parse(text).data
    except ExpressionError:
        raise ValueError(f"expected a number, such as 0.5 or 1/3, got {short(text)}") from None
