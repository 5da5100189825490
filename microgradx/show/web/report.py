"""A page on a training run: its picture and what it printed. One file that works from disk, without scripts.

    >>> from microgradx.show.web.report import report
    >>> page = report("train curve", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "loss < 1")
    >>> "data:image/svg+xml;base64," in page, "loss &lt; 1" in page
    (True, True)
"""
import base64
from html import escape

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:">
<title>{title}</title>
<h1>{title}</h1>
<p><img alt="{alt}" src="data:image/svg+xml;base64,{picture}">
<pre>{text}</pre>
</html>
"""


def report(title: str, picture: bytes, text: str) -> str:
    """The page as HTML, in plain ASCII. picture: an SVG; title and text are shown as they are, never as markup."""
    page = PAGE.format(title=escape(title), alt="the loss by step, and what the trained network does",
                       picture=base64.b64encode(picture).decode(), text=escape(text))
    return page.encode("ascii", "xmlcharrefreplace").decode()
