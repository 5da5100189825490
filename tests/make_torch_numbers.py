"""Writes torch_numbers.json: what torch says of the cases in nn_cases.py and of its initialisers.

    python -m tests.make_torch_numbers          # from the top folder, where torch 2.13 is installed
"""
import json
import pathlib

from tests import nn_cases, nn_inits

PATH = pathlib.Path(__file__).with_name("torch_numbers.json")
DIGITS = 14                         # enough for a comparison to 1e-10, and half the file


def rounded(x):
    if isinstance(x, dict):
        return {name: rounded(value) for name, value in x.items()}
    return [rounded(v) for v in x] if isinstance(x, list) else float(f"{x:.{DIGITS}g}")


def main():
    import torch
    layers = {str(case): rounded(nn_cases.theirs(torch, case)) for case in nn_cases.CASES}
    inits = {str(case): rounded(nn_inits.theirs(torch, case)) for case in nn_inits.CASES}
    parts = {"torch": torch.__version__.split("+")[0], "layers": layers, "inits": inits}
    lines = [f'"{part}": ' + (json.dumps(entries) if isinstance(entries, str) else "{\n" + ",\n".join(
        f"{json.dumps(name)}: {json.dumps(found)}" for name, found in entries.items()) + "\n}")
        for part, entries in parts.items()]
    PATH.write_text("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    main()
