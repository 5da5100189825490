"""The examination: a right engine passes, each planted mistake is named, whatever the engine does is a finding."""
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import microgradx
from microgradx.__main__ import main
from microgradx.checking.examine import worker
from microgradx.checking.examine.exercise import run
from microgradx.checking.examine.lessons import EXERCISES, LESSONS
from microgradx.testing import examine

from ...budget import sweep
from .faults import FAULTS, planted

ENGINE = str(Path(__file__).parent / "engine.py")


def titles(findings):
    return [finding.exercise.title for finding in findings]


@pytest.fixture
def wrong(tmp_path):
    """The wrong findings on an engine that is written to a file, by title."""
    def findings(text, **options):
        file = tmp_path / "student.py"
        file.write_text(text, encoding="utf-8")
        found = examine(f"{file}:Value", **options)
        return {finding.exercise.title: finding for finding in found.of("wrong")}
    return findings


def test_some_ninety_exercises_in_the_order_of_the_course():
    assert 80 <= len(EXERCISES) <= 100 and len({exercise.title for exercise in EXERCISES}) == len(EXERCISES)
    assert LESSONS == ["arithmetic", "recording", "chain rule", "reuse", "order", "backward again", "powers",
                       "division", "constants", "activations", "depth", "neuron", "network", "training",
                       "random expressions"]


def test_our_own_value_passes_everything():
    found = examine(microgradx.Value)
    assert found.passed and len(found.of("passed")) == len(EXERCISES)


def test_a_right_engine_passes_everything():
    found = examine(f"{ENGINE}:Value")
    assert str(found).endswith(f"Value: {len(EXERCISES)} passed"), found


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["np.float64(data)", "np.float32(data)", "np.array(data, float)"])
def test_numbers_of_numpy_are_numbers(kind, wrong):
    text = Path(ENGINE).read_text(encoding="utf-8").replace("self.data = data", f"self.data = {kind}")
    assert wrong(f"import numpy as np\n{text}") == {}


@sweep(997)
@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_mistake_is_named(name, wrong):
    _, _, first, said = FAULTS[name]
    found = wrong(planted(name), limit=1.0 if name == "an endless loop" else 5.0)
    assert next(iter(found)) == first
    assert said in found[first].mistake
    assert found[first].came and found[first].wanted


def test_micrograd_is_right_where_it_is_right():
    """micrograd 0.1.0: results keep the gradient of the pass before, and its sort is recursive. It has no tanh."""
    pytest.importorskip("micrograd")
    found = examine("micrograd.engine:Value")
    assert titles(found.of("wrong")) == ["twice over a chain", "1,000 sums in a row", "1,000 products in a row"]
    assert "gradient of the pass before" in found.of("wrong")[0].mistake
    assert all("loop with a stack" in finding.mistake for finding in found.of("wrong")[1:])
    assert {"a tanh neuron", "exp", "log", "sigmoid"} < set(titles(found.of("missing")))


def test_what_is_missing_is_not_wrong(wrong, tmp_path):
    text = Path(ENGINE).read_text(encoding="utf-8")
    for name in ("__rsub__", "sigmoid", "__pow__"):
        text = text.replace(f"def {name}(", f"def hidden{name}(")
    text = text.replace("        z = math.exp(-abs(self.data))", "        raise NotImplementedError")
    text = text.replace("        t = math.tanh(self.data)", "        raise NotImplementedError")
    (tmp_path / "student.py").write_text(text, encoding="utf-8")
    found = examine(f"{tmp_path / 'student.py'}:Value")
    assert {"2 - a", "sigmoid", "a ** 2", "tanh", "a tanh neuron"} < set(titles(found.of("missing")))
    assert not {"relu", "a + b"} & set(titles(found.of("missing")))


@pytest.mark.slow
def test_an_endless_loop_and_a_crash_are_findings(wrong):
    stuck = wrong(planted("an endless loop"), limit=0.5, only="chain")
    assert stuck["through a + b"].came == "no end after 0.5 s"
    gone = wrong(planted("an exit"), only="activations")
    assert "the process ended" in gone["tanh"].came and "relu" not in gone
    text = Path(ENGINE).read_text(encoding="utf-8").replace("t = math.tanh(self.data)", "raise {0}\n        t = 0")
    for error in ("KeyboardInterrupt", "GeneratorExit", "SystemExit(0)"):
        tanh = wrong(text.replace("{0}", error), only="activations")["tanh"]
        assert tanh.came.startswith(error.removesuffix("(0)")) and tanh.mistake == ""       # no guess at a slope


@pytest.fixture
def alone(monkeypatch):
    """No processes, as in WebAssembly."""
    monkeypatch.setattr(worker, "PROCESSES", False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    sys.modules.pop("student", None)


@pytest.mark.parametrize("name", ["add without +=", next(iter(FAULTS))])
def test_without_processes_the_findings_are_the_same(name, wrong, alone, monkeypatch, capfd):
    found = wrong("print('loaded')\n" + planted(name), only="re")
    monkeypatch.setattr(worker, "PROCESSES", True)
    expected = wrong(planted(name), only="re")
    assert {title: f.mistake for title, f in found.items()} == {title: f.mistake for title, f in expected.items()}
    assert capfd.readouterr() == ("", "")


def test_without_processes_a_loop_is_stopped_and_sys_exit_is_an_error(wrong, alone):
    stuck = wrong(planted("an endless loop"), limit=0.02, only="chain")
    assert stuck["through a + b"].came == "no end after 0.02 s"
    leaves = Path(ENGINE).read_text(encoding="utf-8").replace("t = math.tanh(self.data)", "raise SystemExit")
    assert wrong(leaves, only="activations")["tanh"].came.startswith("SystemExit")


def test_without_processes_what_cannot_be_loaded_is_said(alone, tmp_path):
    (tmp_path / "student.py").write_text("1 / 0")
    with pytest.raises(ValueError, match=r"student.py: ZeroDivisionError: division by zero \(student.py, line 1\)"):
        examine(f"{tmp_path}/student.py:Value")


def test_a_class_that_no_module_holds():
    """As in a notebook; the process that is forked has it."""
    class Mine:
        def __init__(self, data):
            self.data, self.grad = data, 0.0

        def backward(self):
            self.grad = 1.0
            print("noise")

    found = examine(Mine, only="arithmetic")
    assert titles(found.of("passed")) == ["a number is kept"] and len(found.of("missing")) == 14


@pytest.mark.parametrize("text, said", [
    ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module' (student.py, line 1)"),
    ("class Value(:", "SyntaxError"),
    ("class Other: pass", "has no attribute 'Value'"),
    ("class Value:\n    def __init__(self, x): self.data, self.grad = x, 0", "Value has no backward()"),
    ("class Value:\n    def __init__(self): pass", "TypeError"),
    ("raise SystemExit(7)", "SystemExit: 7"),
    ("import os\nos._exit(1)", "the process ended"),
])
def test_what_cannot_be_examined_is_said_in_one_line(text, said, tmp_path, capsys):
    (tmp_path / "student.py").write_text(text, encoding="utf-8")
    assert main(["examine", f"{tmp_path / 'student.py'}:Value"]) == 2
    told = capsys.readouterr()
    assert told.out == "" and said in told.err and told.err.count("\n") == 1


@pytest.mark.parametrize("given, said", [
    (["engine.py"], "write engine.py:Value"), (["nowhere.py:Value"], "there is no file nowhere.py"),
    (["no.such.module:Value"], "No module named"),
    ([f"{ENGINE}:Value", "--only", "cooking"], "the lessons are arithmetic"),
])
def test_bad_input(given, said, capsys):
    assert main(["examine", *given]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_the_command(tmp_path):
    (tmp_path / "student.py").write_text(planted("add without +="), encoding="utf-8")
    command = [sys.executable, "-m", "microgradx", "examine", "student.py:Value", "--junit", "found.xml"]
    root = str(Path(microgradx.__file__).parent.parent)
    run = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": root}, text=True, capture_output=True, check=False)
    assert run.returncode == 1 and run.stderr == ""
    assert "WRONG: a + a" in run.stdout and "backward writes = where it must add +=" in run.stdout
    suite = ElementTree.parse(tmp_path / "found.xml").getroot()
    assert int(suite.get("failures")) == len(suite.findall("testcase/failure")) > 1
    assert int(suite.get("tests")) == len(EXERCISES)


def test_json(capsys):
    assert main(["examine", f"{ENGINE}:Value", "--only", "reuse", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["passed"] and found["counts"] == {"passed": 13, "wrong": 0, "missing": 0}


def test_text_of_an_engine_is_no_control_character(wrong, tmp_path, capsys):
    text = Path(ENGINE).read_text(encoding="utf-8").replace("        t = math.tanh(self.data)",
                                                            "        raise ValueError('\\x1b[31m<b>')")
    found = wrong(text, only="activations")["tanh"]
    assert "ValueError" in found.came
    assert main(["examine", f"{tmp_path / 'student.py'}:Value", "--only", "activations"]) == 1
    assert "\x1b" not in capsys.readouterr().out


def test_each_exercise_is_a_program_of_its_own():
    for exercise in EXERCISES:
        assert run(exercise, microgradx.Value) == run(exercise, microgradx.Value)
