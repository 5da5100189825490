"""Mutants: change one thing in a module and see whether its tests notice.

    python tests/mutants.py microgradx/vector.py tests/test_vector.py tests/test_reductions.py --sample 40 --seed 1

Each mutant is the module with one comparison, operator, number, condition or return value changed; it is written into a
copy of the project and the tests run on it, the module's own examples too. (The quick run leaves most rows out of the
tests of every row: for a file of rows, set MICROGRADX_TESTS=full.) What lives is printed with its line: a test
is missing there, or the mutant is equivalent, which EQUIVALENT says with the reason.
"""
import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 300                           # a mutant that runs longer, in a loop without end, is noticed too

OTHER: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.USub: ast.UAdd, ast.Not: ast.UAdd}

# Mutants that no test can notice: (file, line without its spaces in front, what became of it) and why.
EQUIVALENT: dict[tuple[str, str, str], str] = {
    ("vector.py", "if op.index or op.lists > 2:", "op.lists > 2 -> op.lists >= 2"): "record() makes the same node",
    ("dependence.py", "numbers = count(1)                      # of walks, and of transforms among them", "1 -> 2"):
        "only the order of the numbers counts",
    ("dependence.py", "since = min([x._met for x in xs], default=0)", "0 -> 1"): "without inputs nothing is asked",
    ("dependence.py", "self.since = next(numbers) if made_for_it else 0", "0 -> 1"): "no walk has a number below 1",
    ("dependence.py", "order = tape(*roots, leaves=False, seen=self.known, since=self.since)", "False -> True"):
        "a leaf has no inputs by which it could depend on anything",
    ("dependence.py", "if v._met >= inner.since:", "v._met >= inner.since -> v._met > inner.since"):
        "that number is a transform's, no walk's",
    ("ops.py", "if x * x < 400:", "x * x < 400 -> x * x <= 400"): "at 20 both forms are right",
    ("ops.py", 'heaviside = row("heaviside", lambda x: 1.0 if x > 0 else 0.0 if x <= 0 else x, 0.0, '
     "kinks=lambda x: [x])", "0 -> 1"): "what is above 0 is 1.0 already",
    ("samples.py", "SAMPLES = (0.0, 1.0, -1.0, 0.5, 2.0, -2.0)  # numbers tried as kinks and regular points, if they "
     "are in the domain", "2.0 -> 3.0"): "another number is as good",
    ("shapes.py", "best = total * 1.5", "1.5 -> 2.5"): "an estimate of speed, not of numbers",
    ("second.py", "seen = [estimate(check) for check in value.checks([[0.0] * count])] if df is None else []",
     "0.0 -> 1.0"): "an estimate looks at no claim",
    ("differences.py", "steps = [math.ldexp(1.0, size - shrink) for shrink in (4, 12, 20, 28) for size in sizes]",
     "20 -> 21"): "a step of half the size is as good",
    ("differences.py", "steps = [math.ldexp(1.0, size - shrink) for shrink in (4, 12, 20, 28) for size in sizes]",
     "4 -> 5"): "a step of half the size is as good",
    ("differences.py", "CLOSER = 2.0**-16       # ... unless a step smaller by this factor contradicts it, as for "
     "max(x*x, 0.001) at 0", "16 -> 17"): "half as near is near, too",
    ("differences.py", "return x if digits == 53 or not math.isfinite(x) else "
     "math.ldexp(round(math.ldexp(part, digits)), size - digits)", "53 -> 54"): "rounded to 53 bits a float is itself",
    ("engine.py", "def tape(*roots: Value, leaves: bool = True, seen: set[Any] | None = None, since: float = 0) -> "
     "list[Value]:", "0 -> 1"): "no result was met by a walk before the first",
    ("sparse.py", "return [[v for v, own in zip(values, colours) if own == c] for c in range(max(colours, default=-1) "
     "+ 1)]", "-1 -> +1"): "colours without values are passes without an edge",
    ("expr.py", 'signs = signs + 1 if character in "+-~" else signs if character == " " else 0', "0 -> 1"):
        "the tree is measured, too, and has a part more than signs",
    ("nesting.py", "alone = tree.__class__ is list and set(map(type, inner)) == {float}",
     "tree.__class__ is list -> tree.__class__ is not list"): "floats in a new list are the same floats",
}


def changed(node: ast.AST) -> Iterator[ast.AST]:
    """The node, changed in one way after the other."""
    op = getattr(node, "op", None)
    if isinstance(node, ast.Compare):
        for k, each in enumerate(node.ops):
            yield replaced(node, ops=[*node.ops[:k], OTHER[type(each)](), *node.ops[k + 1:]])
    elif isinstance(node, ast.UnaryOp) and isinstance(op, ast.Not):
        yield node.operand
    elif op is not None and type(op) in OTHER:
        yield replaced(node, op=OTHER[type(op)]())
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield replaced(node, value=not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        yield replaced(node, value=node.value + 1)
    elif isinstance(node, ast.Return) and node.value is not None:
        for value in (None, True, False):
            if not isinstance(node.value, ast.Constant) or node.value.value is not value:
                yield replaced(node, value=ast.Constant(value))


def replaced(node: ast.AST, **fields: object) -> ast.AST:
    """A copy with other fields, at the same place."""
    twin = copy.copy(node)
    vars(twin).update(fields)
    return twin


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """Each mutant of a module: its line, what was changed into what, and the source. Types are left alone."""
    tree = ast.parse(source)
    for parent in list(ast.walk(tree)):
        for name, field in ast.iter_fields(parent):
            if name in ("annotation", "returns", "type_params", "decorator_list"):
                continue
            for k, node in enumerate(field if isinstance(field, list) else [field]):
                for other in changed(node) if isinstance(node, ast.AST) else ():
                    ast.copy_location(other, node)
                    setattr(parent, name, [*field[:k], other, *field[k + 1:]] if isinstance(field, list) else other)
                    said = f"{ast.unparse(node)} -> {ast.unparse(other)}"
                    yield node.lineno, said, ast.unparse(ast.fix_missing_locations(tree))
                setattr(parent, name, field)


def passes(place: Path, tests: Sequence[str]) -> bool:
    """Whether all tests pass in this copy of the project."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    env = {**os.environ, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(command, check=False, cwd=place, capture_output=True, timeout=SECONDS,
                              env=env).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def alive(module: str, tests: Sequence[str], sample: int, seed: int) -> Iterator[tuple[int, str, str]]:
    """The mutants of a seeded sample that no test notices: line number, line, change. ValueError if tests fail as it
    is."""
    source = (ROOT / module).read_text()
    lines, every = source.splitlines(), list(mutants(source))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(shutil.copytree(ROOT, Path(folder, "copy"), ignore=shutil.ignore_patterns(".git", "*.pyc")))
        if not passes(place, [module, *tests]):
            raise ValueError(f"the tests of {module} fail as it is")
        for number, change, mutant in random.Random(seed).sample(every, min(sample, len(every))):
            line = lines[number - 1].strip()
            (place / module).write_text(mutant)
            if (Path(module).name, line, change) not in EQUIVALENT and passes(place, [module, *tests]):
                yield number, line, change


def main() -> None:
    """Print what lives."""
    ask = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    ask.add_argument("module")
    ask.add_argument("tests", nargs="+")
    ask.add_argument("--sample", type=int, default=40)
    ask.add_argument("--seed", type=int, default=0)
    told = ask.parse_args()
    count = 0
    for number, line, change in alive(told.module, told.tests, told.sample, told.seed):
        print(f"{told.module}:{number}: {change}        {line}", flush=True)
        count += 1
    print(f"{count} of {told.sample} live in {told.module}")


if __name__ == "__main__":
    main()
