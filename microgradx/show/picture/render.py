"""DOT to an image: by the dot program if it is installed, else by the Graphviz inside pygraphviz.

    >>> from microgradx.show.picture.render import Drawing, save
    >>> drawing = Drawing()                             # a graphviz.Digraph
    >>> drawing.edge("a", "b")
    >>> save(drawing, "graph.svg")                      # doctest: +SKIP

Needs the extra `draw`. In this package only draw() imports this file, when it is called.
"""
import base64
import os
import shutil
import struct
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import Any
from zlib import crc32

from ...extras import install
from ...files import replace
from ...locks import lock

try:
    import graphviz
except ImportError as error:
    raise ImportError(f"pictures need python-graphviz: {install('draw')}; "
                      "the tree of a graph as text needs nothing: microgradx tree") from error

FORMATS = ("svg", "png", "pdf")             # that both renderers can write
FRAME = "grid-area: 1 / 1; width: 100%; min-height: 640px; height: 100%; border: 0; background: white"
_one_at_a_time = lock()                     # the Graphviz library is not thread-safe


def image(source: str, format: str = "svg", engine: str = "dot") -> bytes:
    """DOT source as an image. RuntimeError without Graphviz, ValueError for a format that pygraphviz cannot write."""
    if shutil.which("dot"):
        return bytes(graphviz.pipe(engine, format, source.encode()))
    try:
        import pygraphviz
    except ImportError:
        raise RuntimeError(f"drawing needs Graphviz: {install('draw')} brings one inside pygraphviz "
                           "(Linux with glibc, macOS, Windows), or install the dot program (apt install graphviz, "
                           "brew install graphviz). Without one, .source is the DOT text and "
                           "microgradx.show.terminal.tree the graph as text") from None
    if format not in FORMATS:
        raise ValueError(f"the Graphviz inside pygraphviz writes {', '.join(FORMATS)}, got {format!r}; "
                         "other formats need the dot program")
    with _one_at_a_time:
        return bytes(pygraphviz.AGraph(string=source).draw(format=format, prog=engine))


def embedded(svg: bytes, alt: str) -> str:
    """An SVG as HTML, an image in a data URI, which a notebook also shows if it is opened without being run."""
    data = base64.b64encode(svg).decode()
    return f'<img alt="{alt}" style="max-width: 100%" src="data:image/svg+xml;base64,{data}">'


class Drawing(graphviz.Digraph):  # type: ignore[misc]
    """A graphviz.Digraph that is rendered by image(): all of pipe(), render(), view() and notebooks work.

    page    the page on which its boxes open, as HTML: set by draw()
    opens   whether it has boxes of several values, so that a notebook shows this page
    """

    page: Callable[[], str] | None = None
    opens = False

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": "<picture of a graph>"}

    def html(self, alt: str = "The graph") -> str:
        """The output of a cell: the picture as an image and, if there are boxes to open, the page, which covers it.

        A notebook that is not trusted loses the page and keeps the image.
        """
        shown = embedded(self.pipe(format="svg"), alt)
        if not self.page or not self.opens:
            return shown
        return (f'<div style="display: grid"><div style="grid-area: 1 / 1">{shown}</div><iframe title="{alt}" '
                f'sandbox="allow-scripts" style="{FRAME}" srcdoc="{escape(self.page())}"></iframe></div>')

    def _pipe_lines(self, engine: str, format: str, lines: Iterable[str], **_: Any) -> bytes:
        return image("".join(lines), format, engine)

    def _pipe_lines_string(self, engine: str, format: str, lines: Iterable[str], *, encoding: str, **_: Any) -> str:
        return image("".join(lines), format, engine).decode(encoding)

    def _render(self, engine: str, format: str, filepath: "str | os.PathLike[str]", *, outfile: Any = None,
                raise_if_result_exists: bool = False, **_: Any) -> str:
        target = os.fspath(outfile or f"{os.fspath(filepath)}.{format}")
        rendered = image(self.source, format, engine)
        if raise_if_result_exists:
            with open(target, "xb") as file:
                file.write(rendered)
        else:
            replace(target, rendered)
        return target


def save(drawing: Any, path: "str | os.PathLike[str]") -> None:
    """Write a drawing to a file: .svg, .png, .pdf, .dot for its source, or .html for a page on which boxes open.

    ValueError for any other ending.
    """
    file = Path(path)
    format = file.suffix[1:].lower()
    if format not in (*FORMATS, "dot", "html"):
        raise ValueError(f"expected a file that ends in .svg, .png, .pdf, .dot or .html, got {str(file)!r}")
    if format == "html":
        content = drawing.page().encode()
    else:
        content = drawing.source.encode() if format == "dot" else drawing.pipe(format=format)
    replace(file, signed(content, format))


def signed(content: bytes, format: str) -> bytes:
    """A file that says by a comment that microgradx wrote it, so that it may be overwritten."""
    if format == "png":                     # a chunk of text before the last, which has 12 bytes
        body = b"tEXtSoftware\0microgradx"
        return content[:-12] + struct.pack(">I", len(body) - 4) + body + struct.pack(">I", crc32(body)) + content[-12:]
    comments = {"svg": b"<!-- microgradx -->\n", "pdf": b"% microgradx\n", "dot": b"// microgradx\n"}
    return content + comments["svg" if format == "html" else format]
