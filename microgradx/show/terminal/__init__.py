"""The terminal. In the order of reading:

console.py          commands, typed or from a script
columns.py          text in columns
transcript.py       a step in words and numbers
tree.py             a graph as a tree
listing.py          the table of operations
answers.py          the answers of the session: check, what-if, predict
stepper_session.py  the session
neuron.py           the neuron of the first session
"""
