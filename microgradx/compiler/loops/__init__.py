"""Loops: turns a large program back into the loops that it came from. In reading order:

compose.py          fuses an operation that is used once into its user
edges.py            the edges of a program as arrays
affine.py           finds nested loops in rows of slots with constant strides
memory_layout.py    gives every number its slot in memory
nests.py            finds the loop nests of a group of operations
several.py          turns the nests of one sample into those of several
shapes.py           the shape of a loop nest: nests of one shape share a function
scalar_code.py      writes the function of a shape, one number at a time
vector_code.py      vector loads and stores for the next two
map_code.py         writes functions whose vectors lie along results
reduce_code.py      writes functions whose vectors lie along the terms of a sum
repeat_code.py      writes the function of a scan, around the program of one step
lane_code.py        the same where sums alone connect the steps: one in each lane of a vector
library.py          compiles these functions, each once in a process
schedule.py         compiles a program to a sequence of calls of them
"""
