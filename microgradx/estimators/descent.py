"""Descent: the solvers "sgd" and "adam". Epochs of batches, as scikit-learn makes them, until nothing improves.

The samples, batches and random numbers are those of sklearn.neural_network: the same seed gives the same run.
"""
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from ..warning import warn
from .trainer import INFINITE, Trainer

SLOWEST = 1e-6                              # a learning rate from which on "adaptive" stops


class Descent:
    """Training of an estimator on inputs (samples, features), targets (samples, outputs) and weights, or None."""

    def __init__(self, estimator: Any, trainer: Trainer, rng: Any, x: Any, y: Any, weight: Any) -> None:
        self.one, self.trainer, self.rng = estimator, trainer, rng
        self.held: tuple[Any, ...] | None = None
        if estimator.early_stopping:
            x, y, weight = self._split(x, y, weight)
        self.weight = weight
        self.rows = np.hstack([x, y, np.ones((len(x), 1))])
        self.order = np.arange(len(x))
        self.size = self._batch_size(len(x))

    def _split(self, x: Any, y: Any, weight: Any) -> tuple[Any, Any, Any]:
        """Set samples aside for validation. ValueError if that leaves too few."""
        one = self.one
        given = [x, y] if weight is None else [x, y, weight]
        parts = train_test_split(*given, random_state=self.rng, test_size=one.validation_fraction,
                                 stratify=y if is_classifier(one) and one.n_outputs_ == 1 else None)
        if len(parts[1]) < 2:
            raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your "
                             "dataset.")
        self.held = parts[1], one._labels(parts[3]), None if weight is None else parts[5]
        return parts[0], parts[2], None if weight is None else parts[4]

    def _batch_size(self, count: int) -> int:
        size = self.one.batch_size
        if size == "auto":
            return min(200, count)
        if size > count:
            warn("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", UserWarning)
        return int(min(size, count))

    def run(self, epochs: int, last: bool) -> None:
        """Train for so many epochs, or until nothing improves; `last`: warn if it has improved to the end.

        ValueError if a number becomes infinite.
        """
        one = self.one
        self.trainer.session.refill(self.rows)
        for epoch in range(1, epochs + 1):
            one.loss_ = self.epoch()
            one.n_iter_ = epoch
            one.t_ += len(self.rows)
            one.loss_curve_.append(one.loss_)
            if one.verbose:
                print(f"Iteration {epoch}, loss = {one.loss_:.8f}")
            self._watch()
            if one.solver == "sgd" and one.learning_rate == "invscaling":
                one._rate = one.learning_rate_init / (one.t_ + 1)**one.power_t
            if one._no_improvement_count > one.n_iter_no_change and self._is_done():
                return
        if last:
            warn(f"Stochastic Optimizer: Maximum iterations ({epochs}) reached and the optimization hasn't converged "
                 "yet.", ConvergenceWarning)

    # An epoch ------------------------------------------------------------------------------------------------------

    def epoch(self) -> float:
        """One pass over all samples; the mean of their losses, each before the step of its batch."""
        if self.one.shuffle:
            places = np.arange(len(self.order))         # the draws of sklearn.utils.shuffle, without its checks
            self.rng.shuffle(places)
            self.order = self.order[places]
        batches = [self.order[start:start + self.size] for start in range(0, len(self.order), self.size)]
        found = 0.0
        for total, group in groupby(batches, self._total):
            some = list(group)
            self.trainer.decay.data = 0.5 * self.one.alpha / total
            for loss, batch in zip(self._steps(some), some):
                found += loss * len(batch)
        return found / len(self.order)

    def _total(self, batch: Any) -> float:
        """The sum of the weights of a batch, whose mean becomes 1 in its rows. ValueError if it is 0."""
        if self.weight is None:
            return len(batch)
        total = float(self.weight[batch].sum())
        if total == 0:
            raise ValueError("expected a sample with a weight above 0 in every batch, got a batch of weights that sum "
                             "to 0; leave these samples out, or take a larger batch_size")
        self.rows[batch, -1] = self.weight[batch] * (len(batch) / total)
        return total

    def _steps(self, batches: Sequence[Any]) -> list[float]:
        """Make a step for each batch; the losses. KeyboardInterrupt for Ctrl-C, ValueError if a number is infinite."""
        if self.weight is not None:
            self.trainer.session.refill(self.rows)
        steps = self.trainer.run(batches, [self.one._rate] * len(batches))
        if len(steps) < len(batches):
            raise ValueError(INFINITE)
        return [loss for loss, _ in steps]

    # When to stop --------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Count the epochs in a row that brought no improvement."""
        one = self.one
        if self.held is None:
            stale = one.loss_ > one.best_loss_ - one.tol
            one.best_loss_ = min(one.best_loss_, one.loss_)
        else:
            score = self._score(*self.held)
            one.validation_scores_.append(score)
            if one.verbose:
                print(f"Validation score: {score:f}")
            stale = score < one.best_validation_score_ + one.tol
            if score > one.best_validation_score_:
                one.best_validation_score_, one._best = score, self.trainer.weights
        one._no_improvement_count = one._no_improvement_count + 1 if stale else 0

    def _score(self, x: Any, y: Any, weight: Any) -> float:
        """Of the network as it is now: accuracy, or R²; nan where outputs are not finite."""
        outputs = self.trainer.outputs(x)
        if not np.isfinite(outputs).all():
            return float("nan")
        return float(self.one._scored(y, self.one._answers(outputs), sample_weight=weight))

    def _is_done(self) -> bool:
        """Whether to stop where nothing improves any more; "adaptive" takes a fifth of the learning rate first."""
        one = self.one
        what = "Validation score" if one.early_stopping else "Training loss"
        told = f"{what} did not improve more than tol={one.tol:f} for {one.n_iter_no_change} consecutive epochs."
        if one.solver == "sgd" and one.learning_rate == "adaptive":
            if one._rate > SLOWEST:
                one._rate /= 5.0
                one._no_improvement_count = 0
                if one.verbose:
                    print(f"{told} Setting learning rate to {one._rate:f}")
                return False
            told += " Learning rate too small."
        if one.verbose:
            print(f"{told} Stopping.")
        return True
