"""The page: one file that works from disk. In the order of reading:

script.py       a row applied to JavaScript text instead of numbers
javascript.py   the rows of a graph as JavaScript
notation.py     formulas
bundle.py       the parts of a page as one file
page.py         to_html(): the page of one graph
language.py     the table for typed expressions
kernels.py      a network's loops from the rows
chance.py       the random numbers of the lab
lab.py          lab(): the page in which networks train
report.py       report(): the page of a training run that is over

What runs in the browser is beside them, plain files with a head comment each, in the order of bundle.py:

core/           numbers, the two passes, finite differences, typed expressions
step/           the stepper: one state (state.js), and views that show it
lab/            the network: one state of its own (lab/state.js), its views, and the field for expressions
"""
