"""What every test runs under: Hypothesis's profile, which of a sweep are slow, and torch as an oracle."""
import os
import re
import signal
from collections import Counter

import pytest
from hypothesis import settings

from microgradx.collector import unhindered

from . import budget

# Examples that train networks or draw many pictures, as quick tests of tests/ do in small.
SLOW_EXAMPLES = tuple(f"microgradx/{name}" for name in (
    "estimators/__init__.py", "estimators/classifier.py", "estimators/regressor.py", "estimators/rbm.py",
    "show/plots/curves.py::microgradx.show.plots.curves.activations",
    "show/plots/canvas.py::microgradx.show.plots.canvas.replay", "training/examples/__init__.py"))
MOST = 2                                        # cases of one test in the quick run
PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 37, 43, 53, 61, 79, 97, 127, 157, 199, 251, 307, 397, 499]

THINNED = pytest.StashKey()

os.environ.setdefault("MICROGRADX_CACHE", "off")          # no test depends on what another one compiled

settings.load_profile("full" if budget.FULL else "quick")


def slow_ones(asked):
    """Of tests in order, each by its function and the n of its @sweep(n) or None: is it slow?"""
    seen, slow = Counter(), []
    for function, n in asked:
        slow.append(n is not None and seen[function] % n > 0)
        seen[function] += 1
    return slow


def spread(cases, n):
    """Each how-many-th case is quick: n, or a prime number that leaves MOST, for it goes all along every axis."""
    while cases > MOST * n:
        n = next(prime for prime in PRIMES if prime > n)
    return n


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Modules and tests all stay: garbage collection would look through them again and again, a tenth of the time."""
    with unhindered():
        return (yield)


@pytest.hookimpl(trylast=True)                  # when all parameters are there
def pytest_generate_tests(metafunc):
    """In the quick run: leave out already here the cases that pytest_collection_modifyitems would mark as slow, for an
    item takes a millisecond. pytest has no public name for them."""
    if metafunc.config.option.markexpr != "not slow" or len(getattr(metafunc, "_calls", [])) < 2:
        return
    mark, name = metafunc.definition.get_closest_marker("sweep"), metafunc.definition.nodeid
    slow = metafunc.definition.get_closest_marker("slow")
    n = len(metafunc._calls) if slow else spread(len(metafunc._calls), mark.args[0] if mark else 1)
    metafunc._calls = [call for call, slow in zip(metafunc._calls, slow_ones([(name, n)] * len(metafunc._calls)))
                       if not slow]
    metafunc.config.stash[THINNED] = True


@pytest.hookimpl(tryfirst=True)                 # before -m selects
def pytest_collection_modifyitems(config, items):
    """Of a @sweep(n) all but each n-th are slow; of any test with many cases so many that MOST are left. UsageError for
    a name that each process would give another: several of them could not share the tests."""
    if named := [item.nodeid for item in items if re.search(r" at 0x\w{6}", item.nodeid)]:
        raise pytest.UsageError(f"a test is named by an address, write ids= without it: {named[0]}")
    for item in items:
        if item.nodeid.startswith(SLOW_EXAMPLES):
            item.add_marker(pytest.mark.slow)
    if THINNED in config.stash:
        return
    functions = [item.nodeid.partition("[")[0] for item in items]
    cases = Counter(functions)
    marks = [item.get_closest_marker("sweep") for item in items]
    asked = [(function, spread(cases[function], mark.args[0] if mark else 1))
             for function, mark in zip(functions, marks)]
    for item, slow in zip(items, slow_ones(asked)):
        if slow:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="module")
def torch():
    """torch, if it is installed; it must be where MICROGRADX_REQUIRE_TORCH is set."""
    try:
        import torch
    except ImportError:
        told = "the second oracle is not installed: pip install torch==2.13.0"
        if os.environ.get("MICROGRADX_REQUIRE_TORCH"):
            pytest.fail(told)
        pytest.skip(told)
    return torch


@pytest.fixture
def ctrl_c():
    """Ctrl-C interrupts, also where the tests run in the background and it would be ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
