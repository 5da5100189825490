"""Threads: how many cores there are, and threads that wait for work.

    >>> from microgradx.compiler.native.threads import cores, pool
    >>> cores() >= 1, pool(2).submit(pow, 2, 10).result()
    (True, 1024)
"""
from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pool(threads: int) -> ThreadPoolExecutor:
    """So many threads, which stay; in a forked process new ones."""
    return _pool(threads, os.getpid())


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "microgradx")
