"""Show: what a graph looks like. In the order of reading; each imports only from what stands before it:

colours.py      one scale for the size of gradients
terminal/       steps in words
plots/          curves by matplotlib
picture/        the graph by Graphviz
web/            the page
notebook.py     what a notebook shows of a Value, and of a stepper
stepper.py      stepper(): at the terminal, or in a notebook on the page
"""
