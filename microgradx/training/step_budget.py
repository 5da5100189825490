"""StepBudget: how many steps run in one call before Python checks for Ctrl-C and updates the progress line.

    >>> from microgradx.training.step_budget import StepBudget
    >>> budget = StepBudget(most=4, total=1000)
    >>> budget.steps(done=0)                # the time of a step is not known yet
    1
    >>> budget.steps(done=1) <= 3           # never past a multiple of 4
    True
"""
from time import perf_counter

PAUSE = 0.2             # seconds in one call: Ctrl-C waits no longer than this
FASTER = 8.0            # the count grows by at most this factor: the first steps may be unlike the rest


class StepBudget:
    """The number of steps in one call: about a fifth of a second of them.

    most   a call never passes a multiple of it, after which a callback or validation needs the model
    total  the number of all steps
    """

    def __init__(self, most: int, total: int) -> None:
        self.most, self.total, self.count = most, total, 1
        self.asked: float | None = None         # when steps were last asked for

    def steps(self, done: int) -> int:
        """The number of steps in the next call, after `done` steps: the first is one step, of unknown time."""
        now = perf_counter()
        if self.asked is not None:
            self.count = max(1, int(self.count * min(FASTER, PAUSE / max(now - self.asked, 1e-6))))
        self.asked = now
        self.count = min(self.count, self.most)
        return min(self.count, self.most - done % self.most, self.total - done)
