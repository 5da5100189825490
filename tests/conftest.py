"""What every test runs under: Hypothesis's profile, and which of a sweep are slow."""
from collections import Counter

import pytest
from hypothesis import settings

from . import budget

settings.load_profile("full" if budget.FULL else "quick")


def slow_ones(asked):
    """Of tests in order, each by its function and the n of its @sweep(n) or None: is it slow?"""
    seen, slow = Counter(), []
    for function, n in asked:
        slow.append(n is not None and seen[function] % n > 0)
        seen[function] += 1
    return slow


@pytest.hookimpl(tryfirst=True)                 # before -m selects
def pytest_collection_modifyitems(items):
    """Of a @sweep(n) all but each n-th are slow."""
    marks = [item.get_closest_marker("sweep") for item in items]
    asked = [(item.nodeid.partition("[")[0], mark and mark.args[0]) for item, mark in zip(items, marks)]
    for item, slow in zip(items, slow_ones(asked)):
        if slow:
            item.add_marker(pytest.mark.slow)
