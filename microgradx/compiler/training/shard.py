"""Shard: what another process computes of each step of fit(jit=True, executor=): blocks of a batch.

    >>> import numpy as np
    >>> from microgradx.compiler.ir.program import Program
    >>> from microgradx.compiler.training.shard import Job, Task, computed, kind
    >>> from microgradx import mul
    >>> p = Program()
    >>> w, size, x = p.input(), p.input(), p.input()
    >>> p.results = [p.add(mul, (w, x)), x]                         # the loss of a sample, and its derivative by w
    >>> numbers = np.array([3.0, 4.0]), np.array([0, 1]), np.array([0, 0])
    >>> task = Task(np.array([2.0]), [[]], 2.0, np.array([0, 1]), (0, 8), None)
    >>> found, seconds = computed("a run", Job([p.written()], [1], 1, False, numbers, kind()), task)
    >>> found.tolist()
    [14.0, 7.0]
    >>> computed("another run", None, task)                         # this process does not have its job yet

The job goes to each process once: the programs, and the numbers of all samples. A task comes with each step: the
present parameters, and which samples; the answer is the sum of their losses and its gradient.
"""
from __future__ import annotations

import ctypes
from collections import OrderedDict
from contextlib import ExitStack
from functools import cached_property
from threading import RLock
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from ...locks import lock
from ..ir.dtype import FLOAT64, Dtype
from ..ir.program import Program
from ..native.engine import kind as machine
from ..native.engine import load, raise_noted, width
from ..native.instructions import called
from ..native.kernel import Kernel
from ..native.resident import aligned
from .fields import SEVERAL, place_of, tabled
from .lanes import batch_of, space
from .sample_kernel import SampleKernel, fields
from .sums import LEAST, LEAST_IN_LANES, BlockSum, parts, summed

KEPT = 4                                # jobs that a process keeps

Filled = tuple[dict[str, Any], dict[str, int]]      # fields of the table: arrays, and plain numbers

_jobs: OrderedDict[str, Shard] = OrderedDict()
_lock = lock(RLock)


class Job(NamedTuple):
    """What is the same in all steps.

    programs    of each form of samples, as Program.written() has them; inputs and results as Session.unit_program says
    owns        how many numbers a sample of each form has
    params      how many parameters there are
    lanes       whether a sample is computed in each vector lane; then there is one form
    samples     the numbers of all samples, the place of the first number of each, and the form of each
    kind        of the process that trains: see kind(); its programs are of one dtype
    at_once     how many samples a kernel computes at once, where it computes several
    """

    programs: list[dict[str, Any]]
    owns: list[int]
    params: int
    lanes: bool
    samples: tuple[Any, ...]
    kind: tuple[str, int]
    at_once: int = SEVERAL


class Task(NamedTuple):
    """What a step needs.

    params      their numbers
    given       for each form the numbers that its loss closes over
    size        what the loss of the batch is divided by
    order       the places of the samples of the batch
    blocks      which blocks of it: from one to before another
    samples     as those of a Job, in place of these: samples with the random numbers that each draws
    """

    params: Any
    given: list[list[float]]
    size: float
    order: Any
    blocks: tuple[int, int]
    samples: tuple[Any, ...] | None


def computed(key: str, job: Job | None, task: Task) -> tuple[Any, float] | None:
    """The sum of loss and gradient over the blocks of a task, an array, and the seconds that it took; an empty array
    where there are no such blocks.

    None if the job of this key is not here, and has to be given. RuntimeError where this process would come to other
    bits than the one that trains.
    """
    with _lock:
        if key not in _jobs and job is not None:
            _jobs[key] = Shard(job)
        shard = _jobs.get(key)
        if shard is None:
            return None
        _jobs.move_to_end(key)
        while len(_jobs) > KEPT:
            _jobs.popitem(last=False)
    return shard.computed(task)


def kind(dtype: Dtype = FLOAT64) -> tuple[str, int]:
    """What the bits depend on in a process: the version of this package, the numbers in a vector of its processor."""
    return machine()[0], width(dtype)


class Shard:
    """A job in a process. Threads may compute tasks of it at once: the code is theirs together, memory is not."""

    def __init__(self, job: Job) -> None:
        self.programs = list(map(Program.read, job.programs))
        self.dtype = self.programs[0].dtype
        if job.kind != (here := kind(self.dtype)):
            raise RuntimeError("expected microgradx {} and {} numbers in a vector, as where it trains, got {} and {} "
                               "in a worker".format(*job.kind, *here))
        self.job = job._replace(samples=tuple(map(np.array, job.samples)))      # what was sent may be read-only
        self.kernels: dict[int, SampleKernel] = {}
        self._lock = lock(RLock)

    @cached_property
    def code(self) -> Any:
        """The machine code that adds up a block."""
        module = ir.Module("shard")
        BlockSum(module, self.job.lanes, self.dtype, self.job.at_once)
        if self.job.lanes:
            batch_of(self.programs[0], module, self.job.params)
        return load(module, called(self.programs[0].ops, False) if self.job.lanes else ())

    @cached_property
    def function(self) -> Any:
        """The same as a function, which releases the interpreter lock unless a row calls Python."""
        calls = any(called(p.ops, False) for p in self.programs)
        kind = ctypes.PYFUNCTYPE if calls else ctypes.CFUNCTYPE
        return kind(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_double)(self.code.address("part"))

    def kernel(self, form: int) -> SampleKernel:
        """The kernel of a form, compiled when it is first needed. It reads the parameters where a task has them."""
        if form not in self.kernels:
            self.kernels[form] = SampleKernel(self.programs[form], {}, self.job.owns[form], False,
                                              [(0, (self.job.params,))], self.job.at_once,
                                              self.kernel(0) if form else None)
        return self.kernels[form]

    def computed(self, task: Task) -> tuple[Any, float]:
        """See the function of this name."""
        params = aligned(self.job.params, dtype=self.dtype)
        params[:] = task.params
        data, offsets, which = map(np.array, task.samples) if task.samples else self.job.samples
        arrays = {"data": data, "offsets": offsets, "order": np.array(task.order), "params": params}
        with ExitStack() as stack:
            with self._lock:
                function = self.function
                more, plain = self.lanes(task) if self.job.lanes else self.one_by_one(task, params, which, stack)
            start, sums = perf_counter(), []
            blocks = parts(len(task.order), LEAST_IN_LANES if self.job.lanes else LEAST,
                           self.job.at_once if "several" in plain else 0)
            for first, last in blocks[slice(*task.blocks)]:
                sums.append(aligned(self.job.params + 1, first=1, dtype=self.dtype))
                table = tabled(arrays | more | {"total": sums[-1]}, plain | {"count": self.job.params})
                function(place_of(table), first, last, task.size)
                raise_noted()
        return summed(sums) if sums else np.empty(0), perf_counter() - start

    def lanes(self, task: Task) -> Filled:
        """The fields for samples in lanes."""
        extra, totals = space(self.programs[0], self.job.params)
        extra[1:] = task.given[0]
        return ({"extra": extra, "totals": totals, "which": np.zeros(len(task.order), np.int64)},
                {"kernels": self.code.address("batch")})

    def one_by_one(self, task: Task, params: Any, which: Any, stack: ExitStack) -> Filled:
        """The fields for samples one by one, or several at once, in memories that are lent until the stack is left."""
        forms = np.unique(which[task.order])
        kernels, rooms = list(map(self.kernel, forms.tolist())), []
        memories = [stack.enter_context(one.kernel.lent()) for one in kernels]
        for form, one, memory in zip(forms.tolist(), kernels, memories):
            one.fill(task.given[form], [memory], [])
            _ready(memory, one.kernel, params)
        one, plain = kernels[0], {}
        if len(self.programs) == 1 and len(task.order) >= self.job.at_once:
            one.together()
            plain = one.fields()
        if one.several is not None and plain:
            rooms = [stack.enter_context(one.several.lent())]
            one.fill(task.given[0], [], rooms)
            _ready(rooms[0], one.several, params)
        return fields(kernels, memories, rooms) | {"which": np.searchsorted(forms, which)}, plain


def _ready(memory: Any, kernel: Kernel, params: Any) -> None:
    """Say in a memory where the parameters are, and that no index was wrong yet."""
    kernel.words(memory)[kernel.place.arrays] = place_of(params)
    memory[kernel.place.status] = 0.0
