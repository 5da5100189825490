"""ONNX: a function or Module as a file of standard operators, the extra "onnx". In reading order:

graph.py        nodes and constants under construction; a tensor, on which operators and rows write nodes
layers.py       layers that ONNX has, or that are few operators: Linear, activations, norms
windows.py      convolution and pooling
sequences.py    recurrent layers, attention, the encoder layer
programs.py     all else: a recorded program, many operations of one row at once
model.py        to_onnx(): which of these writes a layer; inputs and outputs
"""
