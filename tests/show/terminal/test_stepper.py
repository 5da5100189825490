"""The session at the terminal: what it shows is true, no input makes it fail, and it touches nothing."""
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx import Value, relu, sum, take, tanh, tape
from microgradx.checking.strategies import graphs
from microgradx.naming import names
from microgradx.show.stepper import stepper
from microgradx.show.terminal.answers import judged, near, verdict, verdicts, what_if
from microgradx.show.terminal.columns import WIDTH, columns, cut, fields
from microgradx.show.terminal.console import Console, at_terminal
from microgradx.show.terminal.neuron import graph
from microgradx.show.terminal.stepper_session import StepperSession
from microgradx.show.terminal.transcript import described, so_far, stops, transcript
from microgradx.show.terminal.tree import AROUND
from microgradx.step import steps
from microgradx.table import Op
from microgradx.text import rule

from ...budget import budget


@pytest.fixture
def play(capsys):
    """What a session prints, command by command, for the neuron or another root."""
    def played(*commands, root=None):
        stepper(graph() if root is None else root, commands)
        pieces = re.split(r"^\(\d+/\d+\) .*\n", capsys.readouterr().out, flags=re.M)
        return [piece.rstrip("\n") for piece in pieces[1:]]
    return played


COMMANDS = StepperSession(graph()).commands


def shared():
    """y = w*x + w: w has two uses."""
    w, x = Value(3.0, "w"), Value(2.0, "x")
    return w * x + w


# Moving --------------------------------------------------------------------------------------------------------

def test_the_neuron_is_stepped_through_in_words(play):
    first, *_, tangent, last = play(*["n"] * 3, "goto 8", "goto 16")
    assert first == ("forward 1 of 6      x1 = 2, w1 = -3, x2 = 0, w2 = 1, b = 6.88137    "
                     "(leaves: their numbers are given)")
    assert tangent == f"""\
backward 2 of 10    y = tanh(n) hands grad(y) = 1 back to n
    rule            dy/dn = 1 - tanh(n)**2 = 0.5
    computed as     {rule(tanh, 0, ["n"])}
    contribution    grad(y) * dy/dn = 1 * 0.5 = 0.5
    grad(n)         0.5    (its only use: complete)"""
    assert last.endswith("""\
leaf    data       grad
x1      2          -1.5
w1      -3         1
x2      0          0.5
w2      1          0
b       6.88137    0.5""")


def test_a_sum_over_uses_is_written_out(play):
    early, late = play("goto 6", "goto 8", root=shared())
    assert "grad(w)         1    (use 1 of 2: more to come)" in early
    assert "grad(w)         1 + 2 = 3    (use 2 of 2: complete)" in play("goto 7", root=shared())[0]
    assert "grad(x)         3    (its only use: complete)" in late


@pytest.mark.parametrize("commands, at", [
    ("n", 1), ("", 1), ("next 3", 3), ("n 1000", 16), ("n 16; n", 16), ("n; p", 0), ("p", 0), ("p 9", 0),
    ("n 9; p 4", 5), ("c", 16), ("c; c", 16), ("b n; c", 5), ("b n; c; c", 8), ("b n; c; c; c", 16),
    ("b n; b n; c", 16), ("b w1; b b; c; c; c", 16), ("g 7", 7), ("goto y", 6), ("g y; g y", 7),
    ("g y; g y; g y", 6), ("g 0", 0), ("g 17", 0), ("g -1", 0), ("g", 0), ("g zz", 0), ("n x", 0), ("n -1", 0),
    ("n 0", 0), ("n 99999999999", 0), ("p 2.5", 0), ("b zz", 0), ("NEXT", 0), ("ne", 1), ("pred 1", 0),
    ("n 2; pred 1", 3), ("n 2; 1", 3), ("predict", 0), ("n 16; predict 1", 16), ("# n", 0), ("#", 0),
    ("s; h; ?; check; w; EOF", 0), ("n 4; set w1 5", 4), ("n 4; set w1 5; undo", 4), ("undo", 0),
])
def test_where_commands_lead(commands, at, capsys):
    session = StepperSession(graph())
    for command in commands.split("; "):
        session.onecmd(command)
    assert session.at == at
    assert session.prompt == f"({at}/16) "
    assert "Traceback" not in capsys.readouterr().out


@pytest.mark.parametrize("command, says", [
    ("dance", "No command 'dance'; help lists them all."), ("é", "No command 'é'"),
    ("n two", "whole number, a count from 0 up, got 'two'"), ("n -1", "a count from 0 up, got '-1'"),
    ("goto zz", "no value is called 'zz'; there are x1, w1, p1"),
    ("goto 17", "the steps are 1 to 16"), ("g -1", "the steps are 1 to 16"), ("g 0", "the steps are 1 to 16"),
    ("goto", "whole number"), ("break zz", "no value is called 'zz'"),
    ("check zz", "no value is called 'zz'"), ("check", "no gradient is known yet"),
    ("what-if", "expected the name of a value: x1, w1"), ("w zz 3", "no value is called 'zz'"),
    ("w x1", "no number given; write what-if x1 1.5"), ("w x1 two", "expected a number, such as 0.5 or 1/3, got 'two'"),
    ("w x1 1/", "expected a number, such as 0.5 or 1/3, got '1/'"), ("w n 3", "n is computed"),
    ("predict", "The next step gives the leaves their numbers"), ("predict two", "nothing to predict"),
    ("p", "Before the first"), ("\x1b[31m", "No command"), ("\0", "No command"), ("-", "No command '-'"),
    ("0.4", "nothing to predict"), ("-1e-3", "nothing to predict"), ("1/3", "nothing to predict"),
    ("set n 3", "n is computed; set changes a leaf"), ("set w1", "no number given; write set w1 1.5"),
    ("undo", "nothing was set"),
    ("__class__", "No command"), ("!ls", "No command"),
])
def test_what_cannot_be_done_is_told_in_a_line(play, command, says):
    told, = play(command)
    assert says in told and len(told.splitlines()) == 1 and told.isprintable()


def test_help_lists_every_command_in_a_line_each(play):
    told, = play("help")
    assert len(told.splitlines()) == len(COMMANDS)
    for command in COMMANDS:
        assert command in told


def test_quit_and_the_end_of_input_end(play):
    assert len(play("n", "q", "n")) == 2
    assert len(play("n", "EOF", "n")) == 2
    assert len(play("quit", "n")) == 1


def test_breakpoints_are_listed(play):
    assert play("b", "b n", "b b", "b n") == [
        "Breakpoints: none", "Breakpoints: n", "Breakpoints: n, b", "Breakpoints: b"]


# Asking --------------------------------------------------------------------------------------------------------

def test_show_knows_what_is_known_so_far(play):
    early, _, late = play("s", "goto 6", "s", root=shared())
    assert early.splitlines() == [
        "value           data       slope    grad",
        "y = v1 + w",
        "|-- v1 = w*x",
        "|   |-- w",
        "|   `-- x",
        "`-- w           (above)"]
    assert late.splitlines() == [
        "     value           data       slope    grad",
        "     y = v1 + w      9                   1",
        "     |-- v1 = w*x    6          1        1",
        "     |   |-- w       3          2        1    (use 1 of 2)",
        "     |   `-- x       2          3",
        ">    `-- w           (above)    1"]


def test_show_marks_each_step_once(play):
    """Forward the value, backward the edge: one line, where there is one."""
    y = graph()
    walk = stops(steps(y))
    for at in range(1, len(walk) + 1):
        marked = [line for line in so_far(walk, at).splitlines() if line.startswith(">")]
        assert len(marked) == (at > 1), at
        assert at == 1 or walk[at - 1][0].names[walk[at - 1][0].target] in marked[0]


def test_show_of_a_large_graph_shows_what_is_near():
    y = sum([Value(float(k)) for k in range(100)])
    walk = stops(steps(y))
    for at in (2, 50, 101, 102, len(walk)):
        assert len(so_far(walk, at).splitlines()) <= 2 * AROUND + 3
    assert "... 27 more" in so_far(walk, 50) and "... 34 more" in so_far(walk, 50)


@pytest.mark.parametrize("command", ["check", "check b", "check n", "ch w2"])
def test_check_agrees(play, command):
    assert "they agree" in play("goto 10", command)[1]


def test_check_tells_of_uses_to_come(play):
    assert "(1 so far, after 1 of 2 uses; compared is the whole sum)" in play("goto 6", "check", root=shared())[1]


def test_check_sees_a_wrong_row(play):
    wrong = Op("wrong", lambda x: x * x, lambda y, x: 2.001 * x)
    assert "they DISAGREE" in play("c", "check x", root=wrong(Value(3.0, "x")))[1]


def test_what_if(play):
    assert play("what-if w 5", "w w=5", "w w = 10/2", root=shared()) == ["""\
value    data       grad
w        3 -> 5     3
x        2          3 -> 5
v1       6 -> 10    1
y        9 -> 15    1"""] * 3


def test_what_if_with_labels_of_several_words_and_signs(play):
    a, b = Value(1.0, "my w"), Value(2.0, "my")
    y = a * b
    assert "1 -> 5" in play("w my w 5", root=y)[0]
    assert "2 -> 5" in play("w my 5", root=y)[0]
    assert "1 -> 5" in play("w my w=5", root=y)[0]


def test_what_if_an_index_leaves_its_table(play):
    i = Value(1.0, "i")
    y = take([Value(1.0), Value(2.0)], i)
    assert "from 0 to 1" in play("w i 5", root=y)[0]
    assert "2 -> 1" in play("w i 0", root=y)[0]


@pytest.mark.parametrize("guess, says", [
    ("3", "Right: 3."), ("3.01", "Right: 3."), ("6/2", "Right"),
    ("2", "Not quite: 3, not 2 (that is this contribution alone"),
    ("-3", "Not quite: 3, not -3 (the sign is the other)."), ("7", "Not quite: 3, not 7."),
    ("nan", "Not quite: 3, not nan."), ("1", "Not quite: 3, not 1 (that is the incoming gradient"),
    ("inf", "Not quite: 3, not inf."),
])
def test_predict(play, guess, says):
    asked, told = play("goto 6", "predict", f"predict {guess}", root=shared())[1:]
    assert asked == ("v1 = w*x hands its gradient 1 back to w. What is grad(w) then, which is 1 so far? "
                     "Answer with a number.")
    assert told.startswith(says) and "grad(w)         1 + 2 = 3" in told


def test_predict_what_is_no_number(play):
    assert play("goto 6", "predict two", root=shared())[1] == "expected a number, such as 0.5 or 1/3, got 'two'"


def test_predict_a_value_and_the_beginning_of_the_way_back(play):
    _, asked, told = play("n", "predict", "6", root=shared())
    assert asked.startswith("What number is v1 = w*x?") and told.startswith("Right: 6.")
    _, asked, told = play("goto 3", "predict", "predict 1", root=shared())
    assert asked.startswith("What is dy/dy") and told.startswith("Right: 1.")


@pytest.mark.parametrize("guess, answer, right", [
    (1.0, 1.0, True), (1.009, 1.0, True), (1.02, 1.0, False), (0.0, 0.0, True), (1e-9, 0.0, False),
    (math.inf, math.inf, True), (-math.inf, math.inf, False), (math.nan, math.nan, True), (math.nan, 1.0, False),
    (1.0, math.nan, False), (1.0, math.inf, False),
])
def test_near(guess, answer, right):
    assert near(guess, answer) is right


def test_a_slope_taken_for_the_gradient_is_recognised():
    x = Value(3.0, "x")
    y = (x * 5.0) * 2.0
    assert "that is the slope" in judged(steps(y)[-1], 5.0)


# Verdicts ------------------------------------------------------------------------------------------------------

@given(graphs())
@settings(max_examples=budget(50))
def test_gradients_of_random_graphs_are_confirmed(y):
    for v in tape(y):
        found = verdict(y, v)
        assert found.right, found


@pytest.mark.parametrize("error", [1e-2, 1e-4, 1e-6])
def test_a_wrong_slope_is_denied(error):
    wrong = Op("wrong", math.tanh, lambda y, x: (1 + error) / (math.cosh(x)**2))
    x = Value(0.7, "x")
    assert not verdict(wrong(x), x).right
    assert "DISAGREE" in verdicts(wrong(x), {x: "x"})[0] and not verdicts(wrong(x), {x: "x"})[1]


def test_kinks_and_infinities_are_told():
    z = Value(0.0)
    assert verdict(relu(z), z)[2:] == (True, "at a kink, between the slopes of its sides")
    assert verdict(z.sqrt(), z)[2:] == (False, "the gradient is not finite")
    steep = Op("steep", lambda x: max(x, 0.0), lambda y, x: 2.0)
    assert verdict(steep(z), z)[2:] == (False, "they DISAGREE; there is a kink, slopes 0 and 1")


def test_where_nothing_can_be_compared_it_is_told():
    x, w, i = Value(-1.0), Value(math.inf), Value(1.0)
    assert verdict(x.log(), x)[2:] == (False, "the result is nan here: nothing to compare")
    assert verdict(tanh(w * 1.0 + 1.0), w)[2:] == (False, "it is inf here: nothing to compare")
    assert verdict(take([x, x], i), i)[2:] == (True, "no neighbours to compare with")
    stuck = Op("stuck", lambda x: 0.0 if x == -1 else math.nan, lambda y, x: 1.0)
    assert verdict(stuck(x), x)[2:] == (False, "no neighbours to compare with")


# All of it -----------------------------------------------------------------------------------------------------

def state(root):
    return [(v, v.label, v.data, v.grad) for v in tape(root)]


def test_looking_changes_nothing(play):
    y = graph()
    y.backward()
    before = state(y)
    play(*COMMANDS[:-1], "set w1 2", "n 30", "check", "w x1 5", "w x1 nan", "predict 1", "p 9", "predict 1", "s",
         "check n", root=y)
    list(transcript(y))
    assert state(y) == before


WORDS = [*COMMANDS, "n", "p", "c", "b", "g", "s", "w", "q", "h", "?", "what-if", "#", "x1", "w1", "n", "y", "zz", "0",
         "1", "-1", "11", "1e999", "nan", "1/0", "=", "(", "é", "\0", "\x1b", "\udc80", "9" * 30, "²", "a b", "\u2028"]


@pytest.mark.slow
@given(st.lists(st.text(max_size=12) | st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join), max_size=12))
def test_no_command_makes_a_session_fail(lines):
    session = StepperSession(graph())
    before = state(session.root)
    for line in lines:
        session.onecmd(line)
        assert 0 <= session.at <= 16
    assert state(session.root) == before


@given(graphs())
@settings(max_examples=budget(40))
def test_any_graph_can_be_told(y):
    walk = stops(steps(y))
    pieces = list(transcript(y))
    assert len(pieces) == len(walk) + 1 == len(steps(y)) + 2 - len(walk[0])
    assert all(line.isascii() and line.isprintable() for piece in pieces for line in piece.splitlines())
    for at in range(0, len(walk) + 1, 5):
        so_far(walk, at)
    for leaf in [v for v in tape(y) if not v.op]:
        what_if(y, leaf, leaf.data)


def test_without_commands_the_whole_transcript(capsys):
    y = graph()
    stepper(y, [])
    assert capsys.readouterr().out == "".join(f"{piece}\n" for piece in transcript(y))


def test_a_leaf_set_after_the_graph_was_computed_is_told(capsys):
    y = shared()
    tape(y)[0].data = 100.0
    stepper(y, ["c"])
    assert capsys.readouterr().out.startswith("A leaf was set after this graph was computed")
    stepper(shared(), ["c"])
    assert "A leaf was set" not in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [None, 1.0, "y"])
def test_a_session_with_no_value(wrong):
    with pytest.raises(TypeError, match="takes the Value"):
        stepper(wrong, [])


def test_hostile_labels_stay_on_their_line():
    a, b = Value(1.0, "\x1b[2J\n\x07evil"), Value(2.0, "x" * 10_000)
    for piece in transcript(tanh(a * b)):
        assert all(line.isprintable() and len(line) < 250 for line in piece.splitlines())


def test_a_wide_formula_is_cut():
    y = sum([Value(float(k)) for k in range(1000)])
    assert all(len(line) < 2 * WIDTH for line in described(stops(steps(y)), 1).splitlines())
    assert len(cut("a" * 1000)) <= WIDTH and cut("abc") == "abc"


def test_columns_and_fields():
    assert columns(["a", "b"], []) == "a    b"
    assert columns(["a", "b"], [["long", ""], ["", "x"]]) == "a       b\nlong\n        x"
    assert fields(("a", "1"), ("a very long name", "2")) == "    a                   1\n    a very long name    2"


def test_terminals(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    assert not at_terminal()


def test_a_console_counts_what_it_played(capsys):
    assert Console().play([]) == 0 and Console().play(["q", "q"]) == 1


def test_tab_completes_commands_and_names():
    session = StepperSession(graph())
    assert session.completenames("wh") == ["what-if"] and session.completedefault("x") == ["x1", "x2"]


def test_names_of_the_session_are_those_of_the_graph():
    y = shared()
    assert StepperSession(y).values == {name: v for v, name in names(y).items()}


# What stays, and what is undone --------------------------------------------------------------------------------

def test_set_stays_and_undo_takes_it_back(play):
    y = graph()
    before = state(y)
    _, told, shown, back, again = play("n 2", "set w1 3", "p 0", "undo", "p 0", root=y)
    assert "-3 -> 3" in told and told.endswith("undo takes it back.")
    assert shown.endswith("p1 = x1*w1 = 2*3 = 6") and back.startswith("Back to x1 = 2, w1 = -3")
    assert again.endswith("p1 = x1*w1 = 2*(-3) = -6") and state(y) == before


def test_several_sets_are_undone_one_by_one(play):
    *_, first, second, third = play("set w 4", "set x 7", "undo", "undo", "undo", root=shared())
    assert first == "Back to w = 4, x = 2." and second == "Back to w = 3, x = 2." and "nothing was set" in third


def test_a_breakpoint_stays_where_a_leaf_is_set():
    session = StepperSession(graph())
    for command in ("b n", "set w1 3", "c"):
        session.onecmd(command)
    assert session.at == 5


def test_a_kink_is_named_where_it_is(play):
    x = Value(0.0, "x")
    forward, backward = play("goto 2", "goto x", "goto 4", root=relu(x * 1.0))[0], play("goto 5", root=relu(x * 1.0))[0]
    assert play("goto 3", root=relu(x * 1.0))[0].endswith("relu(v1) = relu(0) = 0    (at a kink: v1 = 0)")
    assert "kink            v1 = 0: this slope is an agreement" in backward and "kink" not in forward
    assert "(at a pole: x = 0)" in play("goto 2", root=1 / x)[0]
    assert "kink" not in play("goto 2", root=relu(Value(1.0)))[0]


def test_exit_and_question_mark(play):
    assert len(play("n", "exit", "n")) == 2 and play("?") == play("help")
