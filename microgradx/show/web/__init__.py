"""The page: one file that works from disk. In the order of reading:

script.py       a row applied to JavaScript text instead of numbers
javascript.py   the rows of a graph as JavaScript
notation.py     formulas
places.py       the layout of the boxes
page.py         to_html(); the other files of the page are beside it
"""
