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
import sys
from cmd import Cmd
from collections.abc import Iterable

from ...ieee import short


def at_terminal() -> bool:
    """Whether input and output are both a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


class Console(Cmd):
    """Reads lines and runs the commands in them."""

    @property
    def commands(self) -> list[str]:
        """The names of all commands, in the order of their methods; what-if for do_what_if."""
        methods = [*vars(type(self)), *vars(Console)]
        return [name[3:].replace("_", "-") for name in methods if name.startswith("do_") and name != "do_EOF"]

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
        command = next((name for name in self.commands if name.startswith(word)), word)
        return command.replace("-", "_"), rest.strip(), line

    def onecmd(self, line: str) -> bool:
        """Run one command; whether it ends the session."""
        try:
            return bool(super().onecmd(line))
        except (ValueError, LookupError) as problem:
            print(problem)
            return False

    def emptyline(self) -> bool:
        """Run the first command, for an empty line."""
        return self.onecmd(self.commands[0])

    def default(self, line: str) -> None:
        """Reply to a line that is not a command; skip a comment."""
        if not line.lstrip().startswith("#"):
            print(f"No command {short(line.split(maxsplit=1)[0])}; help lists them all.")

    def completenames(self, text: str, *_: object) -> list[str]:
        """Completions for the Tab key in the first word."""
        return [name for name in self.commands if name.startswith(text)]

    def do_help(self, _: str) -> None:
        """h, help                 this list"""
        print("\n".join(getattr(self, f"do_{name.replace('-', '_')}").__doc__ for name in self.commands))

    def do_quit(self, _: str) -> bool:
        """q, quit                 the end; Ctrl-D does the same"""
        return True

    def do_EOF(self, _: str) -> bool:
        """End the session at Ctrl-D or the end of piped input."""
        print()
        return True
