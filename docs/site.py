"""What mkdocs is told beside mkdocs.yml: README, notebooks and the table are pages, docstrings become Markdown.

Nothing is written twice: the first page is README.md, and that of the rows is what help() says of each. The guides are
files here.
"""
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
ROW_OF_COLUMNS = re.compile(r"(\S+(?: \S+)*) {2,}(\S.*)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The notebooks in the navigation, in their order."""
    notebooks = [f"notebooks/{path.name}" for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    config.nav = [{"Notebooks": notebooks} if page == {"Notebooks": "notebooks"} else page for page in config.nav or []]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Pages that lie outside docs/, and that of the table."""
    for path, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / path).read_text(encoding="utf-8")))
    for notebook in (ROOT / "notebooks").iterdir():
        files.append(File(f"notebooks/{notebook.name}", str(ROOT), config.site_dir, config.use_directory_urls))
    files.append(File.generated(config, "reference/rows.md", content=rows()))
    return files


on_files.mkdocs_priority = 100          # type: ignore[attr-defined]    # before mkdocs-jupyter looks for notebooks


def on_page_markdown(text: str, page: Page, **_: Any) -> str:
    """Links as they are in the repository, from its root or from docs/, lead to the pages of the site."""
    for path, name in PAGES.items():
        text = re.sub(rf"\]\((\.\./)?{path}(#[^)]*)?\)", rf"]({name}\2)", text)
    return re.sub(r"\]\((docs/|\.\./(?=notebooks/))", "](", text) if "/" not in page.file.src_uri else text


def rows() -> str:
    """The table of operations: each row as help() tells it."""
    import microgradx
    from microgradx.show.terminal.listing import documentation
    from microgradx.table import TABLE
    told = [f"## {name}\n\n{markdown(documentation(op).partition(chr(10))[2])}"
            for name, op in TABLE.items() if getattr(microgradx, name, None) is op]
    return "\n\n".join(["# Rows of the table", "Each operation with its derivative. On floats a row gives a float, on "
                        "Values a Value; one of your own is made by `row`.", *told])


class Docstrings(griffe.Extension):
    """The docstrings that mkdocstrings shows, as Markdown."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for everything that has been read from the sources."""
        if obj.docstring:
            obj.docstring.value = markdown(obj.docstring.value)


def markdown(docstring: str) -> str:
    """A docstring of this package as Markdown: sentences, columns of names and what they are, examples."""
    return "\n\n".join(map(_paragraph, re.split(r"\n\s*\n", docstring.strip("\n"))))


def _paragraph(text: str) -> str:
    if dedent(text).startswith(">>> "):
        return f"```pycon\n{dedent(text)}\n```"
    if text.startswith("    "):
        return f"```text\n{dedent(text)}\n```"
    lines: list[str] = []
    for line in text.splitlines():
        found = ROW_OF_COLUMNS.fullmatch(line)
        if found and not lines:
            lines.append("")
        lines.append(f"- `{found[1].replace('`', '')}` {_plain(found[2])}" if found else _plain(line))
    return "\n".join(lines).replace("\n- ", "\n\n- ", 1)


def _plain(text: str) -> str:
    """The characters of a sentence, which mean nothing to Markdown outside of code."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([\\*_\[\]<>#])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)
