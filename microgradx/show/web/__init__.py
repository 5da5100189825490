"""The page: one file that works from disk. In the order of reading:

script.py       a row run on JavaScript instead of numbers
javascript.py   the rows of a graph as JavaScript
notation.py     formulas
places.py       where boxes stand
page.py         to_html(), with the page's own files beside it
"""
