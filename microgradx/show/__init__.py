"""Show: what a graph looks like. In the order of reading; each imports only from those above it:

colours.py      one scale for the size of gradients
document.py     a page as one file
terminal/       steps in words
plots/          curves by matplotlib
picture/        the graph by Graphviz
web/            the page
notebook.py     how a notebook shows a Value and a stepper
stepper.py      stepper(): at the terminal, or in a notebook on the page
"""
