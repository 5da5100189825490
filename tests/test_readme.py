"""README and the guides tell the truth: Python blocks print what stands below them, commands end well."""
import linecache
import os
import re
import shlex
import subprocess
import sys
from collections import Counter

import pytest

import microgradx
from microgradx.table import TABLE

from .guides import GUIDES, README, ROOT, TEXT


def in_blocks(text):
    """The blocks of code of a page, each with its kind."""
    return re.findall(r"^```(\w+)\n(.*?)^```", text, re.M | re.S)


BLOCKS = in_blocks(TEXT)
COMMANDS = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
OURS = [line for line in COMMANDS if line.startswith("python3 -m microgradx")]


def examples(page):
    """Its Python blocks that need no torch, each with what stands below it, if it prints."""
    blocks = in_blocks(page)
    below = [text for _, text in blocks[1:]] + [""]
    return [(text, printed if "print(" in text else "") for (kind, text), printed in zip(blocks, below)
            if kind == "python" and "import torch" not in text]


EXAMPLES = examples(README)
HEAVY = [case for case in EXAMPLES if ".fit(" in case[0]] + examples(TEXT.removeprefix(README))


def check_example(text, below, capsys, tmp_path, monkeypatch):
    before = dict(TABLE)
    monkeypatch.chdir(tmp_path)                     # some write files
    linecache.cache["example.py"] = len(text), None, text.splitlines(keepends=True), "example.py"
    try:
        exec(compile(text, "example.py", "exec"), {})               # each block stands on its own
        assert capsys.readouterr().out == below
    finally:
        TABLE.clear()
        TABLE.update(before)


def test_python_blocks_print_what_stands_below_them(capsys, tmp_path, monkeypatch):
    light = [case for case in EXAMPLES if case not in HEAVY]
    assert len(light) >= 2
    for example in light:
        check_example(*example, capsys, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("text, below", HEAVY, ids=range(len(HEAVY)))
def test_python_blocks_that_train_and_those_of_the_guides(text, below, capsys, tmp_path, monkeypatch):
    check_example(text, below, capsys, tmp_path, monkeypatch)


def test_the_guides_count_the_rows_and_the_lines_of_the_engine():
    engine = (ROOT / "microgradx" / "engine.py").read_text(encoding="utf-8").count("\n")
    assert set(re.findall(r"\b(\d+) rows, and yours", TEXT)) == {str(len(TABLE))}
    assert f"| lines of the engine | {engine} |" in TEXT and f"`engine.py`: {engine} lines" in TEXT


def test_the_block_with_torch(torch):
    block, = [text for kind, text in BLOCKS if kind == "python" and "import torch" in text]
    exec(block, {})
    lines = [line for line in block.splitlines() if line]
    assert [line.split()[0] for line in lines[:2] + lines[-4:-1]] == ["from", "from", "@given(arrays((2,", "def",
                                                                    "assert_gradient(Cube.apply,"]
    with pytest.raises(AssertionError, match=r"0\.666667 times|d f"):
        exec(block.replace("3 * ctx", "2 * ctx"), {})


def test_the_shown_finding_is_what_the_examination_says(tmp_path, capsys):
    from microgradx.__main__ import main

    from .checking.examine.faults import planted
    (tmp_path / "engine.py").write_text(planted("add without +="), encoding="utf-8")
    assert main(["examine", f"{tmp_path}/engine.py:Value", "--only", "reuse"]) == 1
    shown, = [text for kind, text in BLOCKS if kind == "text" and "WRONG" in text]
    assert shown in capsys.readouterr().out


@pytest.mark.parametrize("line", OURS)
def test_commands_end_well(line, tmp_path):
    argv = shlex.split(line, comments=True)[1:]
    run = subprocess.run([sys.executable, *argv], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
                         stdin=subprocess.DEVNULL, text=True, capture_output=True, check=False)
    # Graphviz's own fontconfig may warn of settings for a newer one, which are the machine's and not ours
    told = [line for line in run.stderr.splitlines() if line and not line.startswith("Fontconfig warning: ")]
    assert (run.returncode, told) == (0, [])
    assert run.stdout or any(file.stat().st_size > 1000 for file in tmp_path.iterdir())


def test_the_shown_step_is_what_the_command_prints():
    shown, = [text for kind, text in BLOCKS if kind == "text" and text.startswith("backward")]
    run = subprocess.run([sys.executable, *shlex.split(OURS[1])[1:]], cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                         capture_output=True, check=True)
    assert shown in run.stdout


def test_ci_runs_the_test_line_word_for_word():
    line = next(line for line in COMMANDS if line.startswith("python3 -m venv") and "&&" in line)
    pattern = re.search(r"grep -m 1 -E '(.*)' README", (ROOT / ".ci" / "run").read_text())[1]
    assert re.search(pattern, README, re.M)[0] == line


def test_every_module_at_the_root_is_in_the_reading_table():
    files = {p.name for p in (ROOT / "microgradx").glob("*.py")} - {"__init__.py", "__main__.py"}
    assert {name for name in files if f"`{name}`" not in TEXT} == set()


def linked(mark=""):
    """What each page links to, or with ! shows, in which words."""
    return [(words, path.parent / target) for path in GUIDES for words, target in
            re.findall(rf"(?<!!){mark}\[([^\]]+)\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))]


def test_pictures_are_there_and_told_in_words():
    pictures = linked("!")
    assert [path.resolve() for _, path in pictures] == [
        ROOT / "docs" / "stepper.gif", ROOT / "notebooks" / "neuron.svg", ROOT / "notebooks" / "stepper.png"]
    assert all(len(words) > 50 and 1000 < path.stat().st_size < 500_000 for words, path in pictures)


def test_the_drawing_is_what_draw_draws():
    """But for where the Graphviz at hand puts it; the numbers are those of the ten lines."""
    pytest.importorskip("graphviz")
    from .pictures import DRAWING, drawing, neuron, texts
    assert texts(DRAWING.read_text(encoding="utf-8")) == texts(drawing())
    assert f"{neuron():.4f}" in texts(drawing())


def test_links_lead_somewhere_and_to_every_notebook_and_guide():
    links = {path.resolve() for _, path in linked()}
    assert [path for path in links if not path.is_file()] == []
    assert {*(ROOT / "notebooks").glob("*.ipynb"), *GUIDES[1:]} <= links


def test_twelve_names_are_public_and_each_kind_of_reader_has_a_door():
    names = re.findall(r"^- `(\w+)`: ", README, re.M)
    assert len(names) == 12 and set(names) <= set(microgradx.__all__)
    doors = README[README.index("## Four doors"):README.index("## Ten lines")]
    assert len(re.findall(r"^\| (learn|debug|test|run) .*\]\(docs/", doors, re.M)) == 4


def twice(text):
    """The sentences of ten words or more, and the blocks of code, that stand in two places."""
    code = re.findall(r"^```\w+\n(.*?)^```", text, re.M | re.S)
    prose = re.sub(r"^```.*?^```|^\|[^\n]*$", "", text, flags=re.M | re.S)
    said = Counter(" ".join(part.split()) for part in [*code, *re.split(r"(?<=[.:;])\s", prose)])
    return [part for part, times in said.items() if times > 1 and len(part.split()) >= 10]


def test_nothing_is_to_be_read_twice():
    assert twice(TEXT) == []
    assert twice("One two three four five six seven eight nine ten. " * 2) != []
