"""The page: one file that works from disk. In the order of reading:

script.py       a row applied to JavaScript text instead of numbers
javascript.py   the rows of a graph as JavaScript
notation.py     formulas
bundle.py       the parts of a page as one file
page.py         to_html(): the page of one graph

What runs in the browser is beside them, plain files with a head comment each, in the order of bundle.py:

core/           numbers, the two passes, finite differences, typed expressions
step/           the stepper: one state (state.js), and views that show it
"""
