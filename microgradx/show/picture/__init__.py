"""Pictures by Graphviz. In the order of reading:

graph.py        the tape with what each value is computed from
scopes.py       the scope in which each value is drawn
samples.py      parts of a graph that are alike: the samples of a batch, time steps
units.py        which Values are activations, and dead, off or saturated
findings.py     what is wrong, in sentences
diagnosis.py    gradients, dead and saturated units as tables
part.py         a part of a graph: around a value, or one sample
folding.py      values of which one is shown for all that are alike
screen.py       whether a screen holds a picture
grouping.py     which Values share a box
sketch.py       boxes, lines and marks
labels.py, cards.py, legend.py      the text of a picture
render.py       DOT to SVG, PNG and PDF
dot.py          boxes and lines as DOT
opening.py      a page on which boxes open
drawing.py      draw()
film.py         pictures to GIF, WebP and MP4
animation.py    animate(): the backward pass as a film
"""
