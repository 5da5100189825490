"""Pictures by Graphviz. In the order of reading:

grouping.py     which Values are shown as one
units.py        which of them are activations, saturated or dead
diagnosis.py    the same as a table
labels.py, legend.py    how it looks
sketch.py       boxes and edges
render.py       DOT to SVG, PNG and PDF
drawing.py      draw()
"""
