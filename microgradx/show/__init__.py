"""Show: what a graph looks like. terminal/ steps in words, picture/ draws by Graphviz, plots/ by matplotlib, web/ makes
the page; notebook.py tells a notebook which of them to show.
"""
