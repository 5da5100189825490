"""Runner makes the steps of training, each with its own graph; CompiledRunner makes many in one call.

    >>> from microgradx.nn import Linear, mse
    >>> from microgradx.training import SGD
    >>> from microgradx.training.runner import Runner
    >>> model = Linear(1, 1, bias=False)
    >>> model.load_state_dict({"weight": [[0.0]]})
    >>> optimiser = SGD(model.parameters(), lr=0.5)
    >>> runner = Runner(model, [[1.0], [3.0]], [[1.0], [3.0]], lambda m, x, y: mse(m(x), y), optimiser)
    >>> runner.steps([([0], 0.25), ([1], 0.0625)])          # two batches of one sample, each with its rate
    [(1.0, 2.0), (2.25, 9.0)]
    >>> runner.finish()
    >>> model.weight[0][0].data, optimiser.lr
    (1.0625, 0.5)
"""
import math
from collections.abc import Sequence
from typing import Any

from ..interrupts import allowed
from ..nn import Module
from ..warning import warn
from .clipping import clip_grad_norm
from .compiled import compiler
from .data import pick
from .gradient import Loss, NonFiniteError, Penalty, gradient, loss_of, penalty_of
from .lbfgs import LBFGS, Still
from .optim import Optimiser

Plan = tuple[Sequence[int], float]          # of a step: the indices of its samples, the learning rate
Done = tuple[float, float]                  # the loss before it, the length of its gradient
WARN_AFTER = 16                             # changes of the model by a callback, from which on a warning says so


class Runner:
    """Makes steps one by one, each with its own graph. The arguments are those of fit(); `weights` has a number for
    each sample, and their sum divides the loss of a batch."""

    interrupted = False         # Ctrl-C was pressed while compiled steps ran; those that it returned are complete

    def __init__(self, model: Module, xs: Sequence[Any], ys: Sequence[Any], loss: Loss, optimiser: Optimiser,
                 penalty: Penalty | None = None, clip: float | None = None, whole: bool = False,
                 threshold: float = -math.inf, weights: Sequence[float] | None = None) -> None:
        self.model, self.xs, self.ys, self.loss, self.optimiser = model, xs, ys, loss, optimiser
        self.penalty, self.clip, self.whole, self.threshold = penalty, clip, whole, threshold
        self.weights = weights
        self.lr = optimiser.lr

    def steps(self, plans: Sequence[Plan]) -> list[Done]:
        """Make these steps; loss and length of gradient of each. NonFiniteError as in gradient()."""
        return [self.step(places, lr) for places, lr in plans]

    def step(self, places: Sequence[int], lr: float) -> Done:
        """Forward, backward, and a step of the optimiser; the loss and the length of the gradient."""
        self.optimiser.lr = lr
        if isinstance(self.optimiser, LBFGS):
            return self._by_closure(self.optimiser, places)
        done = self._clipped(places)
        self.optimiser.step()
        return done

    def _by_closure(self, optimiser: LBFGS, places: Sequence[int]) -> Done:
        done: list[Done] = []

        def closure() -> float:
            done.append(self._clipped(places))
            return done[-1][0]
        optimiser.step(closure)
        return done[0]

    def _clipped(self, places: Sequence[int]) -> Done:
        done = self.gradient(places)
        if self.clip is not None:
            clip_grad_norm(self.optimiser.params, self.clip)
        return done

    def gradient(self, places: Sequence[int]) -> Done:
        """Forward and backward; the loss and the length of the gradient."""
        xs, ys = pick(self.xs, self.ys, places)
        size = None if self.weights is None else math.fsum([self.weights[k] for k in places])
        return gradient(self.model, xs, ys, self.loss, self.optimiser, self.penalty, self.whole, size)

    def seen(self) -> Any:
        """The state of the model, for renew(); None where each step looks at the model itself."""

    def renew(self, before: Any) -> None:
        """Follow what a callback has done to the model since it was seen()."""

    def follow(self, lr: float, fixed: bool) -> None:
        """Train on with the learning rate that a callback has set. ValueError where it is not fixed, but set at each
        step."""
        if self.optimiser.lr != lr and not fixed:
            raise ValueError(f"a callback has set lr to {self.optimiser.lr}, which `schedule` sets at each step, and a "
                             "checkpoint does not keep; write schedule=, the factor of lr at each step")
        if self.optimiser.lr != lr:
            self.lr = self.optimiser.lr

    def finish(self) -> None:
        """Restore the optimiser's learning rate after the last step."""
        self.optimiser.lr = self.lr


class CompiledRunner(Runner):
    """Makes many steps in one call; with LBFGS, which may look at the loss many times in a step, it makes looks. A step
    that is not finite is repeated with a graph, to find the cause. The options are those of Session: `threads`,
    `executor`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args)
        self.looks, self.options, self.renewed = isinstance(self.optimiser, LBFGS), options, 0
        self.session = self.compiled()

    def compiled(self) -> Any:
        """The session that makes the steps."""
        loss, penalty, rule = self.loss, self.penalty, self.optimiser
        with allowed():
            return compiler().backend().session(
                self.model, self.xs, self.ys, lambda model, x, y: loss_of(loss, model, x, y),
                Still(rule.params, rule.lr) if self.looks else rule,
                penalty=penalty and (lambda model: penalty_of(penalty, model)), clip=self.clip, whole=self.whole,
                threshold=self.threshold, weights=self.weights, **self.options)

    def seen(self) -> Any:
        """A snapshot of the model: programs are compiled for its attributes, modes and parts."""
        return self.session.seen()

    def renew(self, before: Any) -> None:
        """Compile anew if a callback has changed these, or what the loss closes over. A RuntimeWarning if that happens
        again and again."""
        after = self.session.seen()
        if not self.session.follows() or (after is not before and not after.is_like(before)):
            self.session.finish()
            self.session = self.compiled()
            self.renewed += 1
            if self.renewed == WARN_AFTER:
                warn(f"a callback has changed the model {WARN_AFTER} times, or what the loss closes over, and each "
                     "time fit(..., jit=True) compiled anew; keep a number that changes in a Buffer of the model, or "
                     "outside of it")

    def steps(self, plans: Sequence[Plan]) -> list[Done]:
        """Make these steps, up to the first that reaches the threshold. NonFiniteError as in gradient()."""
        return super().steps(plans) if self.looks else self._run(plans)

    def _clipped(self, places: Sequence[int]) -> Done:
        done = self._run([(places, self.optimiser.lr)])
        if self.interrupted:
            raise KeyboardInterrupt
        return done[0]

    def _run(self, plans: Sequence[Plan]) -> list[Done]:
        done: list[Done] = self.session.run([places for places, _ in plans], [lr for _, lr in plans])
        self.interrupted = self.session.interrupted
        if done:
            self.optimiser.lr = plans[len(done) - 1][1]
        if len(done) < len(plans) and not (self.interrupted or (done and done[-1][0] <= self.threshold)):
            self.gradient(plans[len(done)][0])
            raise NonFiniteError("compiled code came to a loss or gradient that is not finite; eager code does not")
        return done

    def finish(self) -> None:
        """Give the optimiser the numbers that compiled code kept for it, and restore its learning rate."""
        self.session.finish()
        super().finish()
