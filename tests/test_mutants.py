"""The program that looks for tests that are missing: it changes one thing at a time, and says what nobody notices."""
import pytest

from . import mutants
from .mutants import alive
from .mutants import mutants as changes

SOURCE = '''def f(x: int = 1) -> bool:
    """2 < 3"""
    if not x or x < -2:
        return None
    return x * 2.5 == 5
'''


def test_each_mutant_has_one_change():
    found = {(line, change) for line, change, _ in changes(SOURCE)}
    assert found == {
        (1, "1 -> 2"), (3, "not x -> x"), (3, "not x or x < -2 -> not x and x < -2"), (3, "x < -2 -> x <= -2"),
        (3, "-2 -> +2"), (3, "2 -> 3"), (5, "x * 2.5 == 5 -> x * 2.5 != 5"), (5, "x * 2.5 -> x / 2.5"),
        (5, "2.5 -> 3.5"), (5, "5 -> 6"), (5, "return x * 2.5 == 5 -> return None"),
        (5, "return x * 2.5 == 5 -> return True"),
        (5, "return x * 2.5 == 5 -> return False"), (4, "return None -> return True"),
        (4, "return None -> return False")}
    sources = [source for *_, source in changes(SOURCE)]
    assert len(set(sources)) == len(sources) == len(found) and SOURCE not in sources


@pytest.mark.slow
def test_what_no_test_notices_is_told(tmp_path, monkeypatch):
    (tmp_path / "half.py").write_text("def half(x):\n    return x / 2 if x > 0 else 0.0\n")
    (tmp_path / "test_half.py").write_text("from half import half\ndef test(): assert half(4) == 2 and half(-1) == 0\n")
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    lives = {change for _, _, change in alive("half.py", ["test_half.py"], 99, 0)}
    assert lives == {"x > 0 -> x >= 0", "0 -> 1"}
    (tmp_path / "test_half.py").write_text("def test(): assert False\n")
    with pytest.raises(ValueError, match="fail as it is"):
        list(alive("half.py", ["test_half.py"], 1, 0))
