"""The window and colours: words stay whole, nothing but colour is added, a pipe gets the text as it is."""
import io
import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgradx import Value, tanh
from microgradx.naming import names
from microgradx.show.terminal import console, screen
from microgradx.show.terminal.columns import columns
from microgradx.show.terminal.console import Console
from microgradx.show.terminal.neuron import graph
from microgradx.show.terminal.transcript import so_far, stops, transcript
from microgradx.show.terminal.tree import tree
from microgradx.step import steps

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
PIECES = [*transcript(graph()), tree(graph())]


@pytest.fixture
def window(monkeypatch):
    """A terminal with so many columns."""
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def opened(width):
        terminal = Terminal()
        monkeypatch.setattr("sys.stdout", terminal)
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setenv("TERM", "xterm")
        return terminal
    yield opened
    screen.colour("auto")


@given(st.sampled_from(PIECES), st.integers(20, 120))
def test_no_line_is_wider_than_the_window_and_no_word_is_lost(text, width):
    found = screen.wrapped(text, width)
    assert all(len(line) <= width for line in found.split("\n"))
    assert found.split() == text.split() or any(len(word) > width // 2 for word in text.split())
    assert screen.wrapped(text, 1000) == text


def test_what_goes_on_stands_below_the_second_column():
    line = "    rule            dy/dn = 1 - tanh(n)**2 = 0.5 and more of it"
    assert screen.wrapped(line, 44).splitlines() == [
        "    rule            dy/dn = 1 - tanh(n)**2 =", "                    0.5 and more of it"]


@pytest.mark.parametrize("text", PIECES, ids=range(len(PIECES)))
def test_colour_adds_nothing(text):
    assert ESCAPE.sub("", screen.painted(text)) == text


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_tables_fit_the_window(window, width):
    window(width)
    a, b = Value(1.0, "a name of some length"), Value(2.0, "another one of its kind")
    lines = tree(tanh(a * b * a + b)).splitlines()
    assert width < 50 or all(len(line) <= width for line in lines)
    words = "one two three four five six seven eight nine ten eleven twelve thirteen"
    table = columns(["name", "text"], [["x", words]])
    assert all(len(line) <= width for line in table.splitlines())
    assert "".join(table.split()) == "nametextx" + words.replace(" ", "")


@pytest.mark.parametrize("width", [60, 80, 200])
def test_levels_of_a_deep_tree_leave_room_for_names(window, width):
    """At 80 columns thirty levels were pages of bars, with a name in every eighth line."""
    x = y = Value(0.5, "x")
    for _ in range(15):
        y = (y * x).tanh()
    level = {name: 30 - k for k, name in enumerate(names(y).values())}
    line = re.compile(r">? *(\d+)[ |]*[|`]-- (\w+)(?!.*\(above\))")
    window(width)
    for text in (tree(y), so_far(stops(steps(y)), 20)):
        assert all(len(line) <= width for line in text.splitlines())
        found = {name: int(number) for number, name in line.findall(text)}
        assert len(found) > 15 and all(level[name] == number for name, number in found.items())
    assert not line.search(tree((x * x).tanh()))


@pytest.mark.parametrize("when, environment, coloured", [
    ("auto", {}, True), ("auto", {"NO_COLOR": "1"}, False), ("auto", {"NO_COLOR": ""}, True),
    ("auto", {"TERM": "dumb"}, False), ("always", {"NO_COLOR": "1"}, True), ("never", {}, False)])
def test_when_a_terminal_is_coloured(window, monkeypatch, when, environment, coloured):
    terminal = window(80)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    screen.colour(when)
    screen.say("forward 1 of 2")
    assert ("\x1b" in terminal.getvalue()) is coloured
    assert ESCAPE.sub("", terminal.getvalue()) == "forward 1 of 2\n"


def test_a_pipe_gets_the_text_as_it_is(capsys):
    text = "    rule            " + "word " * 100 + "they agree"
    screen.say(text)
    assert capsys.readouterr().out == f"{text}\n"


def test_control_characters_in_names_are_shown_and_not_sent(window):
    terminal = window(80)
    for piece in transcript(tanh(Value(1.0, "\x1b[2J\x07evil\u202e") * Value(2.0, "b\rc"))):
        screen.say(piece)
    said = ESCAPE.sub("", terminal.getvalue())
    assert all(line.isprintable() for line in said.splitlines()) and "\\x1b[2J\\x07evil" in said and "b\\rc" in said


def test_lines_are_remembered_across_sessions(monkeypatch, tmp_path):
    readline = pytest.importorskip("readline", reason="Python on Windows has none")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.stdin", io.StringIO("quit\n"))
    monkeypatch.setattr("builtins.input", lambda prompt: "quit")
    readline.clear_history()
    readline.add_history("goto 7")
    Console().cmdloop("")
    readline.clear_history()
    console._remembered(tmp_path / "microgradx/history")
    assert readline.get_history_item(1) == "goto 7"
    assert os.stat(tmp_path / "microgradx").st_mode & 0o77 == 0
    readline.clear_history()


def test_no_place_for_a_history_is_no_reason_to_fail(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("builtins.input", lambda prompt: "quit")
    Console().cmdloop("")


def test_ctrl_c_cancels_a_line_and_the_end_of_input_leaves(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    typed = iter([KeyboardInterrupt, "help", KeyboardInterrupt, EOFError])

    def read(prompt):
        answer = next(typed)
        if isinstance(answer, str):
            return answer
        raise answer
    monkeypatch.setattr("builtins.input", read)
    Console().cmdloop("")
    said = capsys.readouterr().out
    assert said.count("^C\n") == 2 and said.count("this list") == 1 and next(typed, None) is None
