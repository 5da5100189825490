"""The terminal. In the order of reading:

console.py          text that is safe on any terminal
columns.py          text in columns
transcript.py       a step in words and numbers
tree.py             a graph as a tree
listing.py          the table of operations
answers.py          what the session answers: check, what-if, predict
stepper_session.py  the session
neuron.py           the neuron that it starts with
"""
