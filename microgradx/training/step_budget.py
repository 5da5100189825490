"""StepBudget: how many steps are made before Python looks up, for Ctrl-C and the progress line.

    >>> from microgradx.training.step_budget import StepBudget
    >>> budget = StepBudget(most=4, total=1000)
    >>> budget.steps(done=0)                # how long a step takes is not known yet
    1
    >>> budget.steps(done=1) <= 3           # never past a multiple of 4
    True
"""
from time import perf_counter

PAUSE = 0.2             # seconds from one look to the next: soon enough for who presses Ctrl-C
FASTER = 8.0            # times as many steps as before, at most: the first ones may not be like the rest


class StepBudget:
    """How many steps to make at once: about a fifth of a second of them.

    most   never past a multiple of it, where somebody waits for the model
    total  steps there will be
    """

    def __init__(self, most: int, total: int) -> None:
        self.most, self.total, self.count, self.asked = most, total, 1, perf_counter()

    def steps(self, done: int) -> int:
        """How many come next, after so many."""
        now = perf_counter()
        if done:
            self.count = max(1, int(self.count * min(FASTER, PAUSE / max(now - self.asked, 1e-6))))
        self.asked = now
        self.count = min(self.count, self.most)
        return min(self.count, self.most - done % self.most, self.total - done)
