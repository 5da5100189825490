"""What training came to, as text: each line says what the numbers say."""
import io
import math
import sys

import pytest

from microgradx.training.outcome import BLOCKS, HEIGHT, PLAIN, WIDTH, Outcome, chosen, confusion, fit_lines, sparkline


def marks(losses):
    return sparkline(losses).partition(" ")[0]


def test_a_sparkline_goes_from_the_largest_to_the_smallest():
    assert sparkline([7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0]) == f"{BLOCKS[::-1]} from 7 to 0 in 8 steps"
    assert marks([0.0, 7.0, 0.0]) == "▁█▁" and marks([2.0, 2.0]) == "▁▁"


def test_many_steps_are_means_and_wide_ranges_logarithms():
    assert len(marks([1.0, 0.0] * 500)) == WIDTH and set(marks([1.0, 0.0] * 500)) <= set("▁▂▃▄▅▆▇█")
    told = sparkline([1.0, 0.1, 0.01, 0.001])
    assert told.endswith("in 4 steps, logarithmic") and marks([10.0**-k for k in range(8)]) == BLOCKS[::-1]
    assert "logarithmic" not in sparkline([1.0, 0.5]) and "logarithmic" not in sparkline([1000.0, 1.0, 0.0])


def test_what_is_not_finite_is_a_question_mark():
    assert marks([math.inf, 1.0, 0.0, math.nan]) == "?█▁?" and marks([math.nan, math.nan]) == "??"


def test_a_terminal_without_blocks_gets_plain_marks(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert marks([7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0]) == PLAIN[::-1]


def test_a_fit_shows_points_and_curve_where_they_are():
    lines = fit_lines([0.0, 1.0, 2.0], [0.0, 0.5, 1.0], [1.0, 0.5, math.nan])
    rows = [line.partition("|")[2].ljust(WIDTH) for line in lines[:HEIGHT]]
    assert (rows[0][0], rows[0][-1], rows[-1][0]) == ("#", ".", ".")
    assert lines[0].split("|")[0].strip() == "1" and lines[HEIGHT - 1].split("|")[0].strip() == "0"
    assert sum(row.count("#") for row in rows) == 2
    assert len(fit_lines([1.0], [2.0], [2.0])) == HEIGHT + 1            # a single point: no range at all


def test_a_confusion_matrix_counts_every_sample_once():
    outputs, ys = [[1.0, 0.0, 0.0], [0.0, 2.0, 1.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]], [0, 1, 2, 2]
    assert confusion(outputs, ys) == [[1, 0, 0], [0, 1, 0], [0, 1, 1]] and list(map(chosen, outputs)) == [0, 1, 2, 1]
    assert str(Outcome("a net", [], "classes", outputs, ys, outputs)).splitlines()[1:] == [
        f"  {i:<15}" + "".join(f"{n:>5}" for n in row) for i, row in enumerate(["1..", ".1.", ".11"])]


@pytest.mark.parametrize("losses, lines", [([], 0), ([1.0], 0), ([2.0, 1.0], 1)])
def test_without_a_kind_there_are_the_losses_alone(losses, lines):
    assert len(str(Outcome("a net", losses)).splitlines()) == lines
