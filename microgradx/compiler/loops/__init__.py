"""Loops: a large program turned back into the loops that it came from. In the order of reading:

compose.py          operations that are used once become a part of the next
edges.py            a program as arrays
affine.py           slots in even steps are a loop, loops in even steps a loop of loops
memory_layout.py    which numbers lie side by side in memory
nests.py            the loops of a group of operations
shapes.py           what many loops have in common
scalar_code.py      one function for all loops of a shape, a number at a time
vector_code.py      the same in vectors: along results (map_code.py), along the terms of a sum (reduce_code.py)
library.py          these functions, compiled once in a process
schedule.py         a program as calls of them, one after the other
"""
