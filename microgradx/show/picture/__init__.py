"""Pictures by Graphviz. In the order of reading:

grouping.py     which Values are drawn as one box
units.py        which Values are activations, saturated or dead
diagnosis.py    gradients, dead and saturated units as tables
labels.py, legend.py    the text of a picture
sketch.py       boxes and edges
render.py       DOT to SVG, PNG and PDF
drawing.py      draw()
"""
