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
from collections.abc import Iterable

from ...engine import Value
from ...expr import ExpressionError, parse
from ...ieee import short
from ...naming import brief, equal
from ...replay import replay
from ...step import steps
from . import answers
from .console import Console, at_terminal, piped
from .screen import say
from .transcript import described, ending, forward, so_far, stops, transcript


class StepperSession(Console):
    """A graph, the steps through it, and how many of them are done. The commands are the methods do_..."""

    def __init__(self, root: Value) -> None:
        super().__init__()
        self.at, self.past, self.breaks = 0, list[Value](), list[str]()
        self.load(root)

    def load(self, root: Value) -> None:
        """Take a graph to step through; place and breakpoints stay."""
        self.root, events = root, steps(root)
        self.stops, self.names = stops(events), events[0].names
        self.values = {name: v for v, name in self.names.items()}

    @property
    def prompt(self) -> str:  # type: ignore[override]
        """The steps done, of all: (3/20)."""
        return f"({self.at}/{len(self.stops)}) "

    # Moving ----------------------------------------------------------------------------------------------------

    def do_next(self, arg: str) -> None:
        """n, next [COUNT]         one step on, or COUNT of them; Enter alone does the same"""
        for at in range(self.at, min(self.at + _whole(arg or "1"), len(self.stops) + 1)):
            self.go(at + 1)

    def do_previous(self, arg: str) -> None:
        """p, previous [COUNT]     one step back, or COUNT of them"""
        self.go(self.at - _whole(arg or "1"))

    def do_continue(self, _: str) -> None:
        """c, continue             on to the next breakpoint, or to the end"""
        halts = [k for k in range(self.at, len(self.stops)) if any(self.is_about(k, name) for name in self.breaks)]
        self.go(halts[0] + 1 if halts else max(self.at + 1, len(self.stops)))

    def do_break(self, arg: str) -> None:
        """b, break [VALUE]        set or remove a breakpoint at the steps about a value; alone: list them"""
        if arg:
            self.value(arg)
            change = self.breaks.remove if arg in self.breaks else self.breaks.append
            change(arg)
        say(f"Breakpoints: {', '.join(self.breaks) or 'none'}")

    def do_goto(self, arg: str) -> None:
        """g, goto STEP | VALUE    to a step by its number, or to the next one about a value"""
        count = len(self.stops)
        if not arg or arg.removeprefix("-").isdecimal():
            if arg.startswith("-") or _whole(arg) not in range(1, count + 1):
                raise ValueError(f"the steps are 1 to {count}")
            self.go(int(arg))
        else:
            self.value(arg)
            ahead = [(self.at + k) % count for k in range(count)]
            self.go(1 + next(k for k in ahead if self.is_about(k, arg)))

    def is_about(self, k: int, name: str) -> bool:
        """Whether stop k is about the value with this name."""
        return any(step.target is self.values[name] for step in self.stops[k])

    def go(self, at: int) -> None:
        """Go to the place after `at` steps: print that step, and after the last one all gradients."""
        last, self.at = len(self.stops), min(max(at, 0), len(self.stops))
        if at > last:
            say("That was the last step. p goes back, s shows the graph with all gradients, q ends.")
        elif self.at == 0:
            say("Before the first step; n begins.")
        else:
            say(described(self.stops, self.at - 1))
            if at == last:
                say(f"\n{ending(self.stops)}")

    # Asking ----------------------------------------------------------------------------------------------------

    def do_show(self, _: str) -> None:
        """s, show                 the graph so far, as a tree; > marks the edge along which a gradient goes"""
        say(so_far(self.stops, self.at))

    def do_check(self, arg: str) -> None:
        """check [VALUE]           its gradient against a finite difference; alone: for the value this step is about"""
        if not arg and self.at <= self.forward:
            raise ValueError(f"no gradient is known yet; backward begins with step {self.forward + 1} "
                             "(c goes to the end), or write check VALUE")
        step = self.stops[self.at - 1][0]
        v = self.value(arg) if arg else step.target
        say(answers.verdicts(self.root, {v: self.names[v]})[0])
        if not arg and step.use < step.uses:
            say(f"({brief(step.after)} so far, after {step.use} of {step.uses} uses; compared is the whole sum)")

    def do_what_if(self, arg: str) -> None:
        """w, what-if LEAF NUMBER  every number and gradient recomputed with a leaf changed; the graph stays as it is"""
        leaf, number = self.changed(arg, "what-if")
        say(answers.what_if(self.root, leaf, number))

    def do_set(self, arg: str) -> None:
        """set LEAF NUMBER         the same, and it stays for this session; your graph does not change"""
        leaf, number = self.changed(arg, "set")
        changes = answers.what_if(self.root, leaf, number)
        self.past.append(self.root)
        self.load(replay(self.root, {leaf: number})[0])
        say(f"{changes}\nundo takes it back.")

    def do_undo(self, _: str) -> None:
        """u, undo                 take the last set back"""
        if not self.past:
            raise ValueError("nothing was set; set LEAF NUMBER does that")
        self.load(self.past.pop())
        say(f"Back to {', '.join(equal(self.names[step.node], step.node.data) for step in self.stops[0][:12])}.")

    def do_predict(self, arg: str) -> None:
        """predict [NUMBER]        your guess for the next step, and whether it is right; alone: the question"""
        step = self.stops[min(self.at, len(self.stops) - 1)][0]
        if self.at == len(self.stops):
            self.go(self.at + 1)
        elif step.phase == "forward" and step.op is None:
            say("The next step gives the leaves their numbers; nothing to predict. n goes on.")
        elif not arg:
            say(f"{answers.question(step)} Answer with a number.")
        else:
            say(answers.judged(step, _number(arg)))
            self.go(self.at + 1)

    def default(self, line: str) -> None:
        """Take a number as the answer to what predict asks; reply to any other line that is not a command."""
        try:
            _number(line)
        except ValueError:
            super().default(line)
        else:
            self.do_predict(line)

    @property
    def forward(self) -> int:
        """How many of the stops are forward."""
        return forward(self.stops)

    # Reading input ---------------------------------------------------------------------------------------------

    def value(self, name: str) -> Value:
        """The value with this name. ValueError if there is none."""
        if not name:
            raise ValueError(f"expected the name of a value: {self.some()}")
        if name not in self.values:
            raise ValueError(f"no value is called {short(name)}; there are {self.some()}")
        return self.values[name]

    def changed(self, arg: str, command: str) -> tuple[Value, float]:
        """The leaf and the number in `w 5` or `w=5`. ValueError if there is no such leaf or no number."""
        given = [name for name in self.values if f"{arg} ".startswith((f"{name} ", f"{name}="))]
        name = max(given, key=len, default=arg.replace("=", " ").partition(" ")[0])
        leaf = self.value(name)
        if leaf.op is not None:
            raise ValueError(f"{name} is computed; {command} changes a leaf: {self.some(leaves=True)}")
        number = arg[len(name):].strip(" =")
        if not number:
            raise ValueError(f"no number given; write {command} {name} 1.5")
        return leaf, _number(number)

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
        say("A leaf was set after this graph was computed: results and slopes below are those before the change.\n")
    try:
        if commands is None and at_terminal():
            say(f"{session.forward} steps forward, {len(session.stops) - session.forward} back. "
                "Enter makes the next step, help lists what else you can do.\n")
            session.cmdloop("")
        elif not session.play(commands if commands is not None else piped()):
            for piece in transcript(root):
                say(piece)
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
