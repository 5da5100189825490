"""Pictures by Graphviz. In the order of reading:

grouping.py     which Values are drawn as one box
samples.py      the samples of a batch
units.py        which Values are activations, and dead, off or saturated
findings.py     what is wrong, in sentences
diagnosis.py    gradients, dead and saturated units as tables
labels.py, legend.py    the text of a picture
sketch.py       boxes and edges
render.py       DOT to SVG, PNG and PDF
drawing.py      draw()
"""
