"""Compiled training: fit(..., jit=True). In reading order:

session.py          the base of both sessions: samples, programs, state
python_session.py   training in generated Python
kept_numbers.py     what an optimiser keeps for each parameter, in memory
native_session.py   training in machine code
sample_kernel.py    the kernel for samples of one form
lanes.py            code for many samples at once, one in each vector lane
fields.py           what the training loop reads, and the run of a sample
sums.py             a batch in blocks, and the order in which these are added up
blocks.py           the same in threads, which share the blocks
driver.py           the training loop in machine code
shard.py            blocks in other processes
executor_session.py training in machine code, with an executor
"""
