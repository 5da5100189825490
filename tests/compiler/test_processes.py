"""A process that forks while another thread compiles or runs: the child compiles and runs too, and does not hang."""
import gc
import os
import signal
import threading
import time
import warnings

import pytest

from microgradx import Value, jit, row, value_and_grad
from microgradx.compiler.trace.trace import unhindered
from microgradx.table import TABLE

from ..budget import PATIENCE
from ..compiled import needs_llvmlite

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks of Unix")
backends = pytest.mark.parametrize("backend", ["python", pytest.param("native", marks=needs_llvmlite)])


def in_a_child(f):
    """What f(), a small number, returns in a forked process. A child that hangs is killed, and fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)         # Python 3.12 warns of a fork beside threads
        child = os.fork()
    if not child:
        code = 255
        try:
            code = int(f())
        finally:
            os._exit(code)
    for _ in range(100 * PATIENCE):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise AssertionError("the child hangs")


class Thread:
    """A thread that is inside of f, at the call of here(), while the block runs."""

    def __init__(self, f):
        self.inside, self.leave, self.main = threading.Event(), threading.Event(), threading.main_thread()
        self.thread = threading.Thread(target=f)

    def here(self):
        """Wait, but in another process and in the main thread go on."""
        if threading.current_thread() is self.thread:
            self.inside.set()
            self.leave.wait(PATIENCE)

    def __enter__(self):
        self.thread.start()
        assert self.inside.wait(PATIENCE)
        return self

    def __exit__(self, *error):
        self.leave.set()
        self.thread.join(PATIENCE)


@pytest.mark.sweep(997)
@backends
def test_while_another_thread_records(backend):
    """It holds the lock of this function, and has turned garbage collection off."""
    def f(x):
        other.here()
        return x * x

    compiled = jit(f, backend=backend)
    other = Thread(lambda: compiled(3.0))
    with other:
        assert in_a_child(lambda: compiled(4.0)) == 16
        assert in_a_child(lambda: jit(lambda x: x + 1, backend=backend)(4.0)) == 5
        assert not gc.isenabled() and in_a_child(gc.isenabled)
    assert compiled(5.0) == 25.0 and gc.isenabled()


@needs_llvmlite
def test_while_another_thread_is_inside_of_llvm(monkeypatch):
    """Then the fork waits for it: LLVM itself, cut off amid a function, would be broken in the child."""
    from microgradx.compiler.native import engine
    plain = engine.machine

    def machine():
        if threading.current_thread() is other.thread:
            other.inside.set()
            time.sleep(0.2)                                     # the main thread forks
            left.append(time.monotonic())
        return plain()

    left = []
    monkeypatch.setattr(engine, "machine", machine)
    monkeypatch.setattr(engine, "_last", [])                    # a new engine
    other = Thread(lambda: jit(lambda x: x * 3, backend="native")(1.0))
    with other:
        assert in_a_child(lambda: len(left)) == 1
        assert in_a_child(lambda: jit(lambda x: x * x + 1, backend="native")(2.0)) == 5


@needs_llvmlite
@pytest.mark.filterwarnings("ignore:machine code of")
def test_while_another_thread_runs_machine_code(request):
    """It is in a row that is called back, and holds the lock of the kernel, whose memory is its own."""
    def value(x):
        other.here()
        return float(x) + 1

    slow = row("slow_in_a_fork", value, lambda y, x: 1)
    request.addfinalizer(lambda: TABLE.pop("slow_in_a_fork"))
    w = Value(2.0)
    compiled = jit(lambda x: slow(x) * w, backend="native")
    other = Thread(lambda: None)
    assert compiled(1.0) == 4.0
    other = Thread(lambda: compiled(5.0))
    with other:
        assert in_a_child(lambda: compiled(2.0)) == 6
    assert compiled(3.0) == 8.0


@pytest.mark.slow
@needs_llvmlite
def test_many_forks_while_many_threads_compile():
    stop = threading.Event()

    def work(k):
        while not stop.is_set():
            jit(value_and_grad(lambda x: (x * k) ** 2), backend="native")(1.0)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    try:
        for n in range(10):
            assert in_a_child(lambda n=n: jit(lambda x: x * n, backend="native")(2.0)) == 2 * n
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)


def test_collection_is_left_as_it_was():
    with unhindered(), unhindered():
        assert not gc.isenabled()
    assert gc.isenabled() and in_a_child(gc.isenabled) == 1
    gc.disable()
    try:
        with unhindered():
            assert in_a_child(gc.isenabled) == 0
        assert not gc.isenabled()
    finally:
        gc.enable()
