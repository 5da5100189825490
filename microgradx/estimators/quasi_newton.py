"""The solver "lbfgs": scipy's L-BFGS-B on the compiled loss and gradient of all samples at once."""
from itertools import count
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from ..warning import warn
from .trainer import INFINITE, Trainer


def minimised(estimator: Any, trainer: Trainer, x: Any, y: Any, weight: Any) -> None:
    """Move the trainer's weights to a minimum. ValueError where there is none, KeyboardInterrupt for Ctrl-C."""
    weight = np.ones(len(x)) if weight is None else weight
    total = float(weight.sum())
    trainer.session.refill(np.hstack([x, y, (weight * (len(x) / total))[:, None]]))
    trainer.decay.data = 0.5 * estimator.alpha / total
    everything, iterations = np.arange(len(x)), count(1)

    def value_and_gradient(weights: Any) -> tuple[float, Any]:
        trainer.weights = weights
        done = trainer.run([everything], [0.0])
        return (done[0][0], trainer.slopes) if done else (np.inf, np.full(len(weights), np.nan))

    def tell(intermediate_result: Any) -> None:
        if estimator.verbose:
            print(f"Iteration {next(iterations)}, loss = {intermediate_result.fun:.8f}")

    found = minimize(value_and_gradient, trainer.weights, method="L-BFGS-B", jac=True, callback=tell,
                     options={"maxfun": estimator.max_fun, "maxiter": estimator.max_iter, "gtol": estimator.tol})
    if not np.isfinite(found.fun) or not np.isfinite(found.x).all():
        raise ValueError(INFINITE)
    trainer.weights, estimator.loss_ = found.x, float(found.fun)
    estimator.n_iter_ = min(found.nit, estimator.max_iter)
    if found.status != 0:
        warn(f"lbfgs failed to converge after {found.nit} iteration(s) (status={found.status}): {found.message}. "
             "Increase the number of iterations (max_iter) or scale the data.", ConvergenceWarning)
