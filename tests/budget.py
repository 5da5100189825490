"""How much is tested: a little of everything in the quick run, which is the default, and all of it in the full one.

    >>> budget(1) == 1 and 3 <= budget(500) <= 500
    True

MICROGRADX_TESTS=full, as .ci/run sets it, is the full run. Property tests then draw as many examples as they name, in
the quick run a twentieth of them, and there a failure is not explained. Both draw the same examples every time, so that
a change is judged by what it changes; MICROGRADX_TESTS=anew is the full run with other examples, in search of faults.
In none has an example to be ready by a certain time: machines are busy. A test that is parametrised many times over, as
with each row in every way, is marked with @sweep(n): each n-th is quick, the others are slow.
"""
import os

import pytest
from hypothesis import HealthCheck, Phase, settings

ANEW = os.environ.get("MICROGRADX_TESTS") == "anew"
FULL = ANEW or os.environ.get("MICROGRADX_TESTS") == "full"
EXAMPLES = 100                              # of a property test that names no number
PATIENCE = 600                              # seconds until a process is taken to hang, not to be slow


def budget(examples: int) -> int:
    """How many examples a property test draws: `examples` in the full run, a twentieth in the quick one."""
    return examples if FULL else min(examples, max(3, examples // 20))


def sweep(n: int) -> pytest.MarkDecorator:
    """A mark for a parametrised test: each n-th is quick. n with no factor in common with an axis goes all along it."""
    return pytest.mark.sweep(n)


settings.register_profile("full", settings.get_profile("default"), max_examples=EXAMPLES, deadline=None,
                          print_blob=True, derandomize=not ANEW, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("full"), max_examples=budget(EXAMPLES), database=None,
                          phases=[phase for phase in Phase if phase != Phase.explain])
