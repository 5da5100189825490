"""Karpathy's microgpt.py, where MICROGPT names a copy: his code as it stands, from our weights, on our names.

The script trains when it is executed and speaks through print() alone. Ours takes it at its word: once it has told
the number of its parameters, they and the names are replaced; once it has told of enough steps, it is ended.
"""
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from problems import LETTERS, NAMES, WIDTH, Problem, flat

from . import Solution, Solver

ORDER = [*range(1, len(LETTERS)), 0]                # its letters are a to z, and then what begins and ends a name


class Enough(Exception):
    """As many steps as were wanted."""


def weights(problem: Problem) -> dict[str, Any]:
    """The parameters by its names, in its order of letters."""
    wte, wpe, qkv, out, fc1, fc2, head = problem.parameters.values()
    wq, wk, wv = qkv[:WIDTH], qkv[WIDTH:2 * WIDTH], qkv[2 * WIDTH:]
    return {"wte": [wte[i] for i in ORDER], "wpe": wpe, "lm_head": [head[i] for i in ORDER], "layer0.attn_wq": wq,
            "layer0.attn_wk": wk, "layer0.attn_wv": wv, "layer0.attn_wo": out, "layer0.mlp_fc1": fc1,
            "layer0.mlp_fc2": fc2}


def solve(problem: Problem) -> Solution:
    """A run executes the script, up to so many steps."""
    source = Path(os.environ["MICROGPT"]).read_text("utf-8")
    source, found = re.subn(r"(?m)^num_steps = \d+", f"num_steps = {len(problem.lengths)}", source)
    assert found == 1, "MICROGPT: expected a script with a line num_steps = 1000"
    code, script = compile(source, "microgpt.py", "exec"), {}

    def told(wanted: int, text: str) -> None:
        if text.startswith("num params"):
            for name, rows in weights(problem).items():
                for row, numbers in zip(script["state_dict"][name], rows, strict=True):
                    for p, x in zip(row, numbers, strict=True):
                        p.data = x
            script["docs"][:] = ["".join(LETTERS[t] for t in name).strip(".") for name in problem.data["names"]]
        elif text.startswith("step") and script["step"] + 1 == wanted:
            raise Enough

    def run(steps: int) -> None:
        script.clear()
        script.update({"__name__": "__main__", "print": lambda text="", **_: told(steps, text)})
        before = os.getcwd()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)                            # it reads input.txt
            Path("input.txt").write_bytes(NAMES.read_bytes())
            try:
                exec(code, script)
            except Enough:
                pass
            finally:
                os.chdir(before)

    def numbers() -> list[float]:
        moved = {name: [[p.data for p in row] for row in rows] for name, rows in script["state_dict"].items()}
        back = [ORDER.index(i) for i in range(len(LETTERS))]
        qkv = [row for part in "qkv" for row in moved[f"layer0.attn_w{part}"]]
        return flat([script["loss"].data, [moved["wte"][i] for i in back], moved["wpe"], qkv, moved["layer0.attn_wo"],
                     moved["layer0.mlp_fc1"], moved["layer0.mlp_fc2"], [moved["lm_head"][i] for i in back]])
    return Solution(run, numbers)


def solvers(variant: str) -> dict[str, Solver]:
    """The one that it is."""
    return {"W6 microgpt step": solve}
