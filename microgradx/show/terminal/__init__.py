"""The terminal. In the order of reading:

screen.py           the width of the window, and colours
console.py          commands, typed or from a script
columns.py          text in columns
tree.py             a graph as a tree
transcript.py       a step in words and numbers
listing.py          the table of operations
answers.py          the answers of the session: check, what-if, predict
stepper_session.py  the session
neuron.py           the neuron of the first session
"""
