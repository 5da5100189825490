"""What every test runs under: Hypothesis's profile, and which of a sweep are slow."""
from collections import Counter

import pytest
from hypothesis import settings

from . import budget

settings.load_profile("full" if budget.FULL else "quick")


@pytest.hookimpl(tryfirst=True)                 # before -m selects
def pytest_collection_modifyitems(items):
    """All of a @sweep(n) but each n-th are slow."""
    seen = Counter()
    for item in items:
        mark = item.get_closest_marker("sweep")
        if mark:
            function = item.nodeid.partition("[")[0]
            if seen[function] % mark.args[0]:
                item.add_marker(pytest.mark.slow)
            seen[function] += 1
