"""The commands of python3 -m microgradx.

files.py        files that a command writes, or reads commands from
expressions.py  commands of an expression: step, tree, check, draw, export; and ops, the table
networks.py     commands of networks and engines: lab, train, examine
parser.py       the command line: each command with its arguments

Each command is a function of its parsed arguments. Its docstring is its help, its result the exit code.
"""
