"""StepBudget: steps made at once grow to a fifth of a second, and stop where somebody waits."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgradx.training import step_budget
from microgradx.training.step_budget import StepBudget


@pytest.fixture
def clock(monkeypatch):
    """Time goes by only where a test lets it."""
    now = [0.0]
    monkeypatch.setattr(step_budget, "perf_counter", lambda: now[0])
    return now


def counts(own, clock, seconds):
    """How many steps come at once, where each takes so long."""
    found = []
    while (done := sum(found)) < own.total:
        found.append(own.steps(done))
        clock[0] += seconds * found[-1]
    return found


@pytest.mark.parametrize("seconds, expected", [
    (1 / 2, [1] * 10), (1 / 16, [1, 3, 3, 3]), (1 / 32, [1, 6, 3]), (0.0, [1, 8, 1])])
def test_about_a_fifth_of_a_second(clock, seconds, expected):
    assert counts(StepBudget(100, 10), clock, seconds) == expected


def test_it_follows_steps_that_become_slower(clock):
    own = StepBudget(1000, 1000)
    assert own.steps(0) == 1
    clock[0] += 1 / 64
    assert own.steps(1) == 8
    clock[0] += 2.0
    assert own.steps(9) == 1


def test_the_first_call_is_one_step_also_of_a_run_that_is_continued(clock):
    """What a run is compiled for, samples in lanes or not, depends on the batches of this call."""
    own = StepBudget(1000, 1000)
    assert own.steps(500) == 1
    clock[0] += 1 / 64
    assert own.steps(501) == 8


@given(st.integers(1, 9), st.integers(0, 60))
def test_never_past_where_somebody_waits_or_the_end(most, total):
    own, done = StepBudget(most, total), 0
    while done < total:
        step = own.steps(done)
        assert step >= 1 and done // most == (done + step - 1) // most
        done += step
    assert done == total
