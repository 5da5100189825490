"""The notebooks for the browser, docs/try/build.py: prepared, each is still a notebook of the same cells."""
import doctest
import runpy

import pytest

from .notebooks import PATHS, load

BUILD = PATHS[0].parent.parent / "docs" / "try" / "build.py"
SCOPE = runpy.run_path(str(BUILD))


def test_the_example():
    found, = [one for one in doctest.DocTestFinder().find(SCOPE["prepared"], "prepared", globs=SCOPE) if one.examples]
    assert doctest.DocTestRunner().run(found).failed == 0


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_prepared_notebook_is_valid_and_has_its_cells(path):
    nbformat = pytest.importorskip("nbformat")
    kept = load(path)
    made = SCOPE["prepared"](load(path))
    nbformat.validate(made, version=4)
    assert [c["source"] for c in made["cells"][1:]] == [c["source"] for c in kept["cells"]]
    assert not any(c.get("outputs") for c in made["cells"])
