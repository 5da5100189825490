"""The command line, as it is typed: what it prints, its exit codes, one line for everything that cannot be done."""
import io
import os
import pathlib
import re
import select
import shlex
import signal
import subprocess
import sys

import pytest

import microgradx
from microgradx import Value, exp, sum, tanh, tape
from microgradx.__main__ import main
from microgradx.show.terminal.listing import entry, listing
from microgradx.show.terminal.tree import LINES, tree
from microgradx.table import TABLE, Op
from microgradx.text import rule

from .budget import PATIENCE
from .guides import TEXT

ROOT = pathlib.Path(microgradx.__file__).parent.parent
NEURON = ["tanh(w*x + b)", "w=0.5", "x=2", "b=-1"]


@pytest.fixture
def run(capsys, monkeypatch):
    """The exit code, stdout and stderr of a command line, with `typed` on stdin."""
    def ran(*argv, typed=""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        try:
            code = main(argv)
        except SystemExit as stop:              # argparse, at --help and at bad usage
            code = stop.code
        return code, *capsys.readouterr()
    return ran


def python(*argv, typed="", **environment):
    """`python -S -m microgradx ...` in a process of its own: -S hides site-packages, so nothing is installed."""
    return subprocess.run([sys.executable, "-S", "-m", "microgradx", *argv], input=typed.encode(), capture_output=True,
                          cwd=ROOT, env={**os.environ, "PYTHONPATH": "", **environment}, timeout=PATIENCE, check=False)


def shell(line):
    """A line of shell script; PYTHON stands for this Python."""
    return subprocess.run(line.replace("PYTHON", sys.executable), shell=True, capture_output=True, cwd=ROOT,
                          timeout=PATIENCE, check=False)


# Without anything: the neuron ----------------------------------------------------------------------------------

def test_with_nothing_installed_and_no_terminal_it_prints_the_whole_transcript():
    ran = python()
    lines = ran.stdout.decode("ascii").splitlines()
    assert ran.returncode == 0 and ran.stderr == b""
    assert sum(line.startswith("forward ") for line in lines) == 6
    assert sum(line.startswith("backward ") for line in lines) == 10
    assert [line.split() for line in lines[-5:]] == [
        ["x1", "2", "-1.5"], ["w1", "-3", "1"], ["x2", "0", "0.5"], ["w2", "1", "0"], ["b", "6.88137", "0.5"]]


@pytest.mark.slow
def test_it_does_not_wait_for_an_open_pipe():
    """As in CI, where stdin may be a pipe that nobody ever writes to or closes."""
    read, write = os.pipe()
    try:
        ran = subprocess.run([sys.executable, "-m", "microgradx"], stdin=read, stdout=subprocess.PIPE, cwd=ROOT,
                             timeout=PATIENCE, check=True)
        assert b"backward 10 of 10" in ran.stdout
    finally:
        os.close(read)
        os.close(write)


@pytest.mark.slow
def test_without_stdin_at_all():
    ran = shell("PYTHON -m microgradx step w w=1 <&-")
    assert ran.returncode == 0 and b"grad(w)" in ran.stdout and ran.stderr == b""


@pytest.mark.slow
def test_at_a_terminal_it_does_not_wait_for_commands_where_no_prompt_is_seen():
    """As in `microgradx step "relu(x)" x=0 | less`."""
    ours, its = pytest.importorskip("pty", reason="terminals are imitated on Unix only").openpty()
    try:
        ran = subprocess.run([sys.executable, "-m", "microgradx", "step", "relu(x)", "x=0"], stdin=its,
                             stdout=subprocess.PIPE, cwd=ROOT, timeout=PATIENCE, check=True)
        assert b"backward 2 of 2" in ran.stdout
    finally:
        os.close(ours)
        os.close(its)


# Ctrl-C interrupts, also where the tests run in the background, and does so once, however long it takes to end.
INTERRUPTED_ONCE = """
import signal
import microgradx.__main__ as program

def interrupt(*_):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt

signal.signal(signal.SIGINT, interrupt)
program.main([])
"""


def test_at_a_terminal_it_asks():
    ours, its = pytest.importorskip("pty", reason="terminals are imitated on Unix only").openpty()
    child = subprocess.Popen([sys.executable, "-c", INTERRUPTED_ONCE], stdin=its, stdout=its, stderr=its, cwd=ROOT)
    screen = b""

    def wait_for(prompt, meanwhile=lambda: None):
        nonlocal screen
        for _ in range(10 * PATIENCE):
            if screen.endswith(prompt):
                return
            meanwhile()
            if select.select([ours], [], [], 0.1)[0]:
                screen += os.read(ours, 1000)
        raise AssertionError(screen)
    try:
        for prompt, typed in ((b"(0/16) ", b"\n"), (b"(1/16) ", b"dance\n"), (b"(1/16) ", b"g 16\n")):
            wait_for(prompt)
            os.write(ours, typed)
        wait_for(b"(16/16) ")
        # Ctrl-C cancels the line, and Ctrl-D leaves. It is pressed until it is seen: between a prompt and the wait for
        # input, readline notes it and goes on waiting.
        wait_for(b"^C\r\n(16/16) ", lambda: child.send_signal(signal.SIGINT))
        os.write(ours, b"\x04")
        child.wait(PATIENCE)
        assert child.returncode == 0
    finally:
        child.kill()
        os.close(ours)
        os.close(its)
    assert b"Enter makes the next step" in screen and b"No command 'dance'" in screen and b"Traceback" not in screen


def test_nothing_is_coloured_in_a_pipe_but_on_demand(run):
    plain = run("check", *NEURON)[1]
    coloured = run("--color", "always", "check", *NEURON)[1]
    assert coloured == run("check", *NEURON, "--color", "always")[1] != plain == run("check", *NEURON)[1]
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain == run("check", *NEURON, "--color", "never")[1]
    assert run("check", *NEURON, "--color", "red")[0] == 2


@pytest.mark.parametrize("argv", [["step", *NEURON, "--html"], ["draw", *NEURON, "-o"]], ids=["html", "picture"])
@pytest.mark.parametrize("ending", ["svg", "png", "pdf", "dot"])
def test_what_is_written_is_said_and_only_what_is_ours_is_overwritten(run, argv, ending, tmp_path):
    if argv[0] == "draw":
        pytest.importorskip("pygraphviz", reason="rendered with pygraphviz; no wheel here")
    path = tmp_path / f"own.{ending}"
    for _ in range(2):                                  # the second time it is ours
        code, out, err = run(*argv, str(path))
        assert (code, err) == (0, "") and out.startswith(f"wrote {path}, ")
    path.write_bytes(b"a thesis " * 100_000)
    code, out, err = run(*argv, str(path))
    assert (code, out) == (2, "") and "microgradx did not write it" in err and "--force" in err
    assert path.read_bytes() == b"a thesis " * 100_000
    assert run(*argv, str(path), "--force")[0] == 0 and b"thesis" not in path.read_bytes()
    path.write_bytes(b"")
    assert run(*argv, str(path))[0] == 0                # empty files, as those of mktemp, are nobody's


@pytest.mark.slow
def test_ascii_terminals_and_closed_pipes():
    ran = python("tree", "é + 1", "é=2", PYTHONIOENCODING="ascii")
    assert ran.returncode == 0 and b"\\xe9" in ran.stdout
    piped = shell("PYTHON -m microgradx | head -1")
    assert piped.stdout.startswith(b"A neuron") and piped.stderr == b""


# step ----------------------------------------------------------------------------------------------------------

def test_step_plays_what_is_piped_in(run):
    code, out, err = run("step", *NEURON, typed="n\nn\nq\nn\n")
    assert (code, err) == (0, "")
    assert [line[:7] for line in out.splitlines()] == ["(0/10) ", "forward", "(1/10) ", "forward", "(2/10) "]


def test_step_prints_the_whole_transcript_where_nothing_is_piped_in(run):
    code, out, _ = run("step", *NEURON)
    assert code == 0 and out.count("\nbackward ") == 6 and "dy/dv2 = 1 - tanh(v2)**2 = 1" in out


def test_step_plays_a_script(run, tmp_path):
    script = tmp_path / "script"
    script.write_text("# to the end\n\nc\ncheck w\n")
    for argv in (["--script", str(script), *NEURON], [*NEURON, "--script", str(script)],
                 [*NEURON[:2], "--script", str(script), *NEURON[2:]]):
        code, out, _ = run("step", *argv)
        assert code == 0 and "they agree" in out and out.count("/10) ") == 3


@pytest.mark.parametrize("name, first", [("neuron", "A neuron"), ("mazur", "Mazur's network")])
def test_step_through_an_example(run, name, first):
    code, out, _ = run("step", "--example", name)
    assert code == 0 and out.startswith(first) and "Every gradient is complete" in out


# check ---------------------------------------------------------------------------------------------------------

def test_check_confirms(run):
    code, out, _ = run("check", *NEURON)
    assert (code, out.count("they agree")) == (0, 3)
    assert out.splitlines()[1].split()[:3] == ["w", "2", "2"]


def test_check_denies_a_wrong_row(run, monkeypatch):
    monkeypatch.setitem(TABLE, "wrong", Op("wrong", lambda x: x * x, lambda y, x: 2.0002 * x))
    code, out, _ = run("check", "wrong(x) + z", "x=3", "z=1")
    assert code == 1 and "they DISAGREE" in out and "they agree" in out


def test_check_at_a_kink_and_at_an_infinite_slope(run):
    assert run("check", "relu(x)", "x=0")[0] == 0
    code, out, _ = run("check", "sqrt(x)", "x=0")
    assert code == 1 and "not finite" in out


@pytest.mark.parametrize("expression, says", [
    (["log(x)", "x=-1"], "the result is nan here"), (["tanh(w*x+b)", "w=inf", "x=1", "b=1"], "it is inf here")])
def test_check_where_nothing_can_be_compared(run, expression, says):
    code, out, _ = run("check", *expression)
    assert code == 1 and says in out and "DISAGREE" not in out and "kink" not in out


# tree ----------------------------------------------------------------------------------------------------------

def test_tree(run):
    code, out, _ = run("tree", "w*x + w", "w=3", "x=2")
    assert code == 0 and out == """\
value           data       slope    grad
y = v1 + w      9                   1
|-- v1 = w*x    6          1        1
|   |-- w       3          2        3
|   `-- x       2          3        3
`-- w           (above)    1
"""


@pytest.mark.slow
def test_tree_of_large_graphs_is_cut_and_changes_nothing():
    x = Value(0.5, "x")
    y = x
    for _ in range(20_000):
        y = y + x
    before = [(v.data, v.grad) for v in tape(y)]
    for root in (y, sum([Value(1.0)] * 1000), sum([Value(1.0) for _ in range(1000)])):
        assert len(tree(root).splitlines()) == LINES + 3 and "and more" in tree(root)
    assert [(v.data, v.grad) for v in tape(y)] == before


def test_tree_of_a_leaf_and_of_one_value_used_often():
    assert tree(Value(2.0, "a")).splitlines()[1].split() == ["a", "2", "1"]
    e = exp(Value(0.0, "x"))
    assert tree(e * e + e).count("exp(x)") == 1 and tree(e * e + e).count("(above)") == 2


# ops -----------------------------------------------------------------------------------------------------------

def test_ops_lists_the_whole_table(run):
    code, out, _ = run("ops")
    told = [line.split()[0] for line in out.splitlines() if not line.startswith(" ")]
    assert code == 0 and told == ["name", *TABLE]
    assert out.isascii() and max(map(len, out.splitlines())) < 180


@pytest.mark.parametrize("name", TABLE)
def test_ops_prints_each_row(run, name):
    code, out, _ = run("ops", name)
    assert code == 0 and out.startswith(f"{name}\n    value") and out.isascii()


@pytest.mark.parametrize("name, says", [
    ("tanh", ["y = tanh(x)", f"dy/dx = {rule(tanh, 0)}", "dy/dx = 1 - tanh(x)**2", "any number", "none"]),
    ("log", ["dy/dx = 1/x", "x > 0"]), ("relu", ["x = 0"]), ("asin", ["-1 < x < 1"]), ("acosh", ["x > 1"]),
    ("reciprocal", ["y = reciprocal(x) = 1/x"]), ("dot", ["y = dot([x1, x2], [x3, x4])", "dy/dx1 = x3", "dy/dx4 = x2"]),
    ("take", ["x3 in 0, 1, ..."]), ("where", ["dy/dp = where(c, 1, 0)"]),
])
def test_what_ops_says_of_a_row(run, name, says):
    _, out, _ = run("ops", name)
    assert all(said in out for said in says), out


def test_ops_shows_a_row_added_by_a_user(run, monkeypatch):
    monkeypatch.setitem(TABLE, "cube", Op("cube", lambda x: x**3, lambda y, x: 3 * x**2, domain=[(-9.0, 2.0)]))
    assert listing().splitlines()[-1].split() == [
        "cube", "y", "=", "cube(x)", "dy/dx", "=", "3*x**2", "-9", "<", "x", "<", "2"]
    assert "-9 < x < 2" in entry("cube")


# Help, version, bad usage --------------------------------------------------------------------------------------

def examples_in(text):
    return re.findall(r"^ *(python3 -m microgradx(?: .*)?)$", text, re.M)


EXAMPLES = examples_in(microgradx.__main__.__doc__)
COMMANDS = ["step", "tree", "check", "ops", "draw", "export", "lab", "examine", "train"]


def test_version_and_help(run):
    assert run("--version") == (0, f"microgradx {microgradx.__version__}\n", "")
    code, out, _ = run("--help")
    assert code == 0 and "Exit code 0" in out and max(map(len, out.splitlines())) <= 120
    listed = [line.split()[0] for line in out.partition("COMMAND\n")[2].partition("\n\n")[0].splitlines()]
    assert listed == COMMANDS and examples_in(out) == EXAMPLES


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_has_its_examples(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0 and examples_in(out) and set(examples_in(out)) <= set(EXAMPLES)
    assert all(line.startswith(f"python3 -m microgradx {command} ") for line in examples_in(out))


@pytest.mark.parametrize("line", EXAMPLES)
def test_the_examples_in_help_end_well(run, line, tmp_path, monkeypatch):
    """As they stand: the remark behind # is a comment to a shell, too."""
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*shlex.split(line, comments=True)[3:])
    assert (code, err) == (0, "") and (out or any(file.stat().st_size > 1000 for file in tmp_path.iterdir()))


def test_an_expression_leaves_as_c_and_as_a_formula(run, tmp_path):
    def exported(name, expression="w*x", *values):
        return run("export", expression, "w=0.5", "x=2", *values, "-o", str(tmp_path / name))
    assert exported("neuron.c", "tanh(w*x + b)", "b=-0.5")[0] == 0
    assert "double neuron(double w, double x, double b);" in (tmp_path / "neuron.h").read_text()
    assert exported("f.tex")[0] == 0 and r"\frac{\partial y}{\partial w} &= x" in (tmp_path / "f.tex").read_text()
    assert "ends in .c or .tex" in exported("f.py")[2]
    (tmp_path / "neuron.h").write_text("int mine;")
    assert "choose another name" in exported("neuron.c")[2] and (tmp_path / "neuron.h").read_text() == "int mine;"


def test_help_mirrors_readme():
    """The headings of README and the guides, and their commands, in their order."""
    headings = [line for line in microgradx.__main__.__doc__.splitlines()[1:] if re.fullmatch(r"[A-Z][\w ]*", line)]
    assert [h for h in re.findall(r"^##? (.*)$", TEXT, re.M) if h in headings] == headings and len(headings) == 6
    ours, readmes = ([shlex.split(line, comments=True) for line in lines] for lines in (EXAMPLES, examples_in(TEXT)))
    assert ours == readmes


def test_an_expression_may_begin_with_a_sign(run):
    assert "y = -v1" in run("tree", "-(x*x)", "x=2")[1]
    assert "they agree" in run("check", "-x", "x=2")[1]


def test_values_may_be_arithmetic_and_negative(run):
    out = run("tree", "a + b + c", "a=-1", "b=pi/2", "c=1e-3")[1]
    assert all(f" {number} " in out for number in ("-1", "1.5708", "0.001"))


@pytest.mark.parametrize("argv, says", [
    (["dance"], "invalid choice: 'dance'"), (["step"], 'write "tanh(w*x + b)" w=0.5 x=2 b=-0.5'),
    (["check"], "expected an expression"), (["tree"], "expected an expression"),
    (["step", "w*"], "column 3: the end cannot be read"), (["check", "w*x", "w=1"], "add x=1"),
    (["check", "w", "w=1", "z=2"], "z given but not used"), (["check", "w", "w=1", "w=2"], "w is given twice"),
    (["check", "w", "w"], "expected name=value, got 'w'"), (["check", "w", "2=w"], "expected name=value, got '2=w'"),
    (["check", "w", "w="], "in 'w=', the expression is empty"), (["check", "w", "w=two"], "'two' has no value"),
    (["check", "1 + 1"], "expected variables"), (["tree", "exec('')"], "column 6"),
    (["tree", "().__class__"], "column 1"), (["ops", "dance"], "the table has no row 'dance'"),
    (["ops", "tanh", "sin"], "did not expect sin"), (["step", "w", "w=1", "--dance"], "did not expect --dance"),
    (["step", "--example", "dance"], "invalid choice: 'dance'"),
    (["step", "w", "w=1", "--example", "mazur"], "not both"),
    (["step", "w", "w=1", "--script"], "expected one argument"),
    (["step", "w", "w=1", "--script", "/no/such/file"], "cannot read the script"),
    (["ops", "a=1", "b=1"], "did not expect b=1"), (["step", "w", "w=1", "--script", "."], "cannot read the script"),
    (["-v"], "invalid choice"), (["ops", "a\nb"], "no row"),
    (["tree", "w", "lambda=1"], "column 1: 'w' has no value"),
    (["tree", "lambda", "lambda=1"], "word of Python's own"), (["x\ny\x1b"], "invalid choice"),
    (["tree", "\udcff"], "cannot be read"), (["tree", "x", "\udcff=1"], "name=value"),
])
def test_bad_usage_is_one_line_and_code_2(run, argv, says):
    code, out, err = run(*argv)
    assert (code, out) == (2, "") and err.startswith("microgradx") and says in err
    assert err.endswith("\n") and len(err[:-1].splitlines()) == 1


def test_a_script_that_is_no_text(run, tmp_path):
    (tmp_path / "script").write_bytes(b"\xff\xfe\0n")
    code, _, err = run("step", "w", "w=1", "--script", str(tmp_path / "script"))
    assert code == 2 and "cannot read the script" in err
