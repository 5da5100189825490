"""Commands typed by a person or played from a script, by Python's Cmd.

    >>> from microgradx.show.terminal.console import Console
    >>> class Greeter(Console):
    ...     prompt = "> "
    ...     def do_greet(self, name):
    ...         '''greet NAME    say hello'''
    ...         print("hello", name)
    >>> Greeter().play(["g world", "dance"])
    > g world
    hello world
    > dance
    No command 'dance'; help lists them all.
    2

A command is a method do_name; its docstring is its line of help. Commands may be abbreviated; an empty line runs the
first command; a ValueError or LookupError is printed in one line.
"""
import contextlib
import os
import sys
from cmd import Cmd
from collections.abc import Iterable
from pathlib import Path

from ...ieee import short
from .screen import say

with contextlib.suppress(ImportError):      # Python on Windows has none
    import readline

ALSO = {"?": "help", "exit": "quit"}        # other words for commands
LINES = 1000                                # of the history


def at_terminal() -> bool:
    """Whether input and output are both a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def piped() -> Iterable[str]:
    """The lines of input, if it is no terminal: nobody types where no prompt is seen, as in `microgradx step x | less`.
    """
    return () if sys.stdin is None or sys.stdin.isatty() else sys.stdin


class Console(Cmd):
    """Reads lines and runs the commands in them."""

    @property
    def commands(self) -> list[str]:
        """The names of all commands, in the order of their methods; what-if for do_what_if."""
        methods = dict.fromkeys([*vars(type(self)), *vars(Console)])
        return [name[3:].replace("_", "-") for name in methods if name.startswith("do_") and name != "do_EOF"]

    def cmdloop(self, intro: str | None = None) -> None:
        """Read commands until one ends the session. Ctrl-C cancels the line that is typed, or the command that runs."""
        history = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state", "microgradx/history")
        _remembered(history)
        try:
            while True:
                try:
                    return super().cmdloop(intro)
                except KeyboardInterrupt:
                    print("^C")
                    intro = ""
        finally:
            _remember(history)

    def play(self, lines: Iterable[str]) -> int:
        """Run the commands in `lines`, each printed after the prompt, until one ends the session; how many ran."""
        count = 0
        for line in map(str.strip, lines):
            count += 1
            print(self.prompt + (line if line.isprintable() else short(line)))
            if self.onecmd(line):
                break
        return count

    def parseline(self, line: str) -> tuple[str, str, str]:
        """The command that a line begins with, what follows it, and the line."""
        word, _, rest = line.strip().partition(" ")
        command = ALSO.get(word) or next((name for name in self.commands if name.startswith(word)), word)
        return command.replace("-", "_"), rest.strip(), line

    def onecmd(self, line: str) -> bool:
        """Run one command; whether it ends the session."""
        try:
            return bool(super().onecmd(line))
        except (ValueError, LookupError) as problem:
            say(str(problem))
            return False

    def emptyline(self) -> bool:
        """Run the first command, for an empty line."""
        return self.onecmd(self.commands[0])

    def default(self, line: str) -> None:
        """Reply to a line that is not a command; skip a comment."""
        if not line.lstrip().startswith("#"):
            say(f"No command {short(line.split(maxsplit=1)[0])}; help lists them all.")

    def completenames(self, text: str, *_: object) -> list[str]:
        """Completions for the Tab key in the first word."""
        return [name for name in self.commands if name.startswith(text)]

    def do_help(self, _: str) -> None:
        """h, help, ?              this list"""
        say("\n".join(getattr(self, f"do_{name.replace('-', '_')}").__doc__ for name in self.commands))

    def do_quit(self, _: str) -> bool:
        """q, quit, exit           the end; Ctrl-D does the same, Ctrl-C cancels a line"""
        return True

    def do_EOF(self, _: str) -> bool:
        """End the session at Ctrl-D or the end of piped input."""
        print()
        return True


def _remembered(history: Path) -> None:
    """Read the lines of earlier sessions, for the arrow keys. Where they cannot be read, there are none."""
    if "readline" in globals():
        with contextlib.suppress(OSError):
            readline.read_history_file(history)


def _remember(history: Path) -> None:
    """Keep the lines of this session for later ones, where that is possible."""
    if "readline" in globals():
        with contextlib.suppress(OSError):
            history.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            readline.set_history_length(LINES)
            readline.write_history_file(history)
