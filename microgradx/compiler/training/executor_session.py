"""Training in machine code, with the samples of each batch shared among the workers of an executor.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from microgradx import Value
    >>> from microgradx.compiler.backends import backend
    >>> from microgradx.training import SGD
    >>> def trained(**options):
    ...     w = Value(0.0)
    ...     rule, xs = SGD([w], lr=0.01), [k / 100 for k in range(100)]
    ...     session = backend("native").session(None, xs, xs, lambda model, x, y: (w * x - y) ** 2, rule, **options)
    ...     return session.run([range(100)] * 3, [0.01] * 3), w.data
    >>> with ThreadPoolExecutor(2) as executor:
    ...     trained(executor=executor) == trained()             # to the last bit
    True

A worker has the programs and all samples, see shard.py. Each step sends it the parameters and takes the gradient of its
blocks; what they make of it, the penalty and the optimiser's rule, is computed here. What an executor cannot do is
computed here, too, and a warning says why.
"""
from __future__ import annotations

import warnings
from collections.abc import Sequence
from time import perf_counter
from typing import Any
from uuid import uuid4

import numpy as np

from ...engine import Value
from ...ieee import kind_of, short
from ...interrupts import allowed
from ...warning import warn
from .driver import Mover
from .native_session import NativeSession
from .sample_kernel import SampleKernel
from .shard import Job, Task, computed, kind
from .sums import BLOCKS, LEAST, LEAST_IN_LANES, summed

TRIES = 3                               # of a task: a worker may not have the job yet, another may be lost
TRIED = 5                               # steps, of which one must take less time than its parts one after the other


class ExecutorSession(NativeSession):
    """Training in machine code on the workers of an executor: of concurrent.futures, or a Client of dask.distributed.

    executor    None after it has failed, or where it does not pay: then this is a NativeSession
    """

    def __init__(self, *args: Any, executor: Any, **options: Any) -> None:
        self.executor = executor.get_executor(pure=False) if hasattr(executor, "get_executor") else executor
        self.workers, self.key = _workers(executor), uuid4().hex
        self.recorded: list[SampleKernel] = []      # the program of each form
        self.job: Job | None = None
        self.sent = False                           # whether workers have it
        self.steps, self.pays = 0, False            # made on the executor; whether it took less time for one of them
        self.failure: Exception | None = None
        super().__init__(*args, **options)

    # Code ----------------------------------------------------------------------------------------------------------

    def prepare(self, batches: Sequence[Sequence[int]]) -> None:
        """Compile the driver, and have all programs for the workers."""
        self.warn_of_failure()
        if self.executor is not None:
            self.record(batches)
            if self.job is None and self.is_small(batches):
                self.executor = self.driver = None
        if self.executor is None:
            super().prepare(batches)
            return
        if self.job is None:
            self.record([range(len(self.samples))])
            p: Any = self.first
            self.recorded = ([SampleKernel(p, self.placed(p), len(self.inputs((0,))), False)] if self.lanes else
                             [one for _, one in self.kernels.values()])
            self.job = self.job_of(self.recorded)

    def emit(self, module: Any, rules: Any, penalty: bool) -> bool:
        """Emit the driver, which is given the gradient of each batch."""
        if self.executor is None:
            return super().emit(module, rules, penalty)
        Mover(module, rules, self.arrays, self.lanes, penalty, False, False, self.dtype)
        return False

    def in_lanes(self, batches: Sequence[Sequence[int]]) -> bool:
        """See NativeSession.in_lanes. Where this process goes on alone, it goes on the same way."""
        return super().in_lanes(batches) if self.job is None else self.lanes

    def job_of(self, recorded: Sequence[SampleKernel]) -> Job:
        """What the workers need for these forms."""
        written = []
        for one in recorded:
            p = one.program.changed(one.program.ops, one.program.args)
            p.closures = [Value(0.0) for _ in p.closures]       # their numbers come with each task
            written.append(p.written())
        which = np.zeros(len(self.samples), np.int64) if self.lanes else self.which
        return Job(written, [one.own for one in recorded], self.count, self.lanes, (self.data, self.offsets, which),
                   kind(self.dtype), self.at_once)

    # Steps ---------------------------------------------------------------------------------------------------------

    def drive(self, batches: Sequence[Sequence[int]], rates: Sequence[float], losses: Any, norms: Any) -> int:
        """Make steps on the executor, and without one those that are left. Returns the number of steps made."""
        for made, batch in enumerate(batches):
            if self.executor is not None and not self.collect(batch):
                return made
            if self.executor is None:
                return made + self.alone(batches[made:], rates[made:], losses[made:], norms[made:])
            one = slice(made, made + 1)
            if not super().drive(batches[one], rates[one], losses[one], norms[one]):
                return made
            if losses[made] <= self.threshold:
                return made + 1
        return len(batches)

    def alone(self, batches: Sequence[Sequence[int]], rates: Sequence[float], losses: Any, norms: Any) -> int:
        """Make steps in this process."""
        try:
            with allowed():
                super().prepare(batches)
        except KeyboardInterrupt:
            self.interrupted = True
            return 0
        return super().drive(batches, rates, losses, norms)

    def batch_fields(self, batches: Sequence[Sequence[int]]) -> tuple[int, dict[str, Any], dict[str, int]]:
        """See NativeSession.batch_fields. The driver is given the sum of all samples."""
        if self.executor is None:
            return super().batch_fields(batches)
        return 1, {"starts": np.zeros(len(batches) + 1, np.int64)}, {}

    def collect(self, batch: Sequence[int]) -> bool:
        """Have the workers compute loss and gradient of a batch. False if Ctrl-C was pressed. The executor is given up
        if it fails; and if it does not pay."""
        generators, start = self.state()[1], perf_counter()
        try:
            sums, seconds = zip(*self.answers(self.tasks(batch)))
            self.total[:] = summed([one for one in sums if len(one)])
        except KeyboardInterrupt:
            self.interrupted = True
        except Exception as error:
            self.failure = error
        else:
            self.steps, self.pays = self.steps + 1, self.pays or perf_counter() - start < sum(seconds)
            if self.pays or self.steps < TRIED:
                return True
        self.restore(([], generators))
        if not self.interrupted:
            self.executor = self.driver = None
        return not self.interrupted

    def tasks(self, batch: Sequence[int]) -> list[Task]:
        """A batch in tasks, as many neighbouring blocks in each as a power of two."""
        draws, order, samples = any(one.draws for one in self.recorded), np.array(batch, np.int64), None
        if draws:
            drawn = self.gathered([batch])
            order, samples = drawn["order"], (drawn["data"], drawn["offsets"], drawn["which"])
        params, given = np.array(self.block), [[] if draws else one.read() for one in self.recorded]
        several = min(BLOCKS, -(-len(batch) // (LEAST_IN_LANES if self.lanes else LEAST)))      # or less, if need be
        together = 1
        while together < BLOCKS and -(-several // (2 * together)) >= self.workers:
            together *= 2
        return [Task(params, given, self.size(batch), order, (k, k + together), samples)
                for k in range(0, several, together)]

    def answers(self, tasks: Sequence[Task]) -> list[tuple[Any, float]]:
        """What the workers answer."""
        job, self.sent = None if self.sent else self.job, True
        futures = [self.submitted(job, task) for task in tasks]
        try:
            return [self.answer(task, future) for task, future in zip(tasks, futures)]
        finally:
            for future in futures:
                future.cancel()

    def submitted(self, job: Job | None, task: Task) -> Any:
        """The future of a task. A job is large; Dask would warn of that, as if it were sent with each."""
        if job is None:
            return self.executor.submit(computed, self.key, None, task)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph")
            return self.executor.submit(computed, self.key, job, task)

    def answer(self, task: Task, future: Any) -> tuple[Any, float]:
        """The answer of a worker. Another one is asked where it has not the job, or is lost."""
        for left in reversed(range(TRIES)):
            try:
                with allowed():
                    found = future.result()
            except Exception:
                if not left:
                    raise
                found = None
            if found is not None:
                return found  # type: ignore[no-any-return]
            future = self.submitted(self.job, task)
        raise RuntimeError("no worker keeps what it is sent")

    # The end -------------------------------------------------------------------------------------------------------

    def warn_of_failure(self) -> None:
        """Issue a warning if the executor has failed since the last call."""
        failure, self.failure = self.failure, None
        if failure is not None:
            warn(f"the executor has failed, and this process goes on alone: {kind_of(failure)}: "
                 f"{short(str(failure), 300)}")

    def finish(self) -> None:
        """See Session.finish."""
        super().finish()
        self.warn_of_failure()


def _workers(executor: Any) -> int:
    """How many tasks it computes at a time, as far as it says so."""
    if hasattr(executor, "nthreads"):
        return sum(executor.nthreads().values())
    return int(getattr(executor, "_max_workers", BLOCKS))
