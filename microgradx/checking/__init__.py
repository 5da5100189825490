"""Checking: is this derivative right? In the order of reading:

differences.py       finite differences with an error bound
mismatch.py          a derivative compared with differences: a Check, and the Mismatch if they disagree
evaluation_point.py  a function of Values at the inputs where it is checked
explanation.py       why a derivative is wrong, in words
error.py, check.py   GradientError, gradcheck
samples.py           inputs for a row, read from its domain and kinks
strategies.py        the same as Hypothesis strategies

Of anybody's function, with a gradient that somebody wrote:

arguments.py         arguments of any kind as one list of floats
noise.py             how much rounding there is in a function
batched.py           many points in one call
measured.py          a function that is known by its values
claimed.py           a claimed derivative in the order of the inputs
causes.py            the mistake that explains a wrong gradient best
claims.py, second.py gradients; jvp and Hessians
own.py               the gradient by torch's or JAX's own backward pass
compare.py           two gradients by name: where they part, and why

Of somebody's engine:

probe.py, adopt.py   its graph as ours, with its slopes beside the table's
examine/             the engine itself, in the order in which a course builds one
"""
