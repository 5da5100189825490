"""Rendering on any machine: with a dot program, with the Graphviz inside pygraphviz, with neither."""
import base64
import importlib
import os
import re
import sys
import xml.etree.ElementTree as ET

import pytest

from microgradx import Value
from microgradx.extras import install
from microgradx.show.picture import render
from microgradx.show.picture.drawing import draw
from microgradx.show.terminal.tree import tree

BEGINNINGS = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}


@pytest.fixture
def no_dot(monkeypatch):
    """A machine without a dot program: nothing is on PATH."""
    monkeypatch.setenv("PATH", "")


@pytest.fixture
def nothing(monkeypatch, no_dot):
    """A machine with neither a dot program nor pygraphviz."""
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


@pytest.fixture
def picture():
    return draw((Value(2.0, "x") * 3).named("y"))


def inside():
    pytest.importorskip("pygraphviz", reason="no wheel of pygraphviz here: nothing to render with")


@pytest.mark.parametrize("format", BEGINNINGS)
def test_without_a_dot_program_pygraphviz_renders(no_dot, picture, format):
    inside()
    assert picture.pipe(format=format).startswith(BEGINNINGS[format])


def test_every_way_to_an_image_needs_no_dot_program(no_dot, picture, tmp_path):
    inside()
    assert ET.fromstring(picture.pipe(format="svg", encoding="utf-8")).tag.endswith("svg")
    shown = picture._repr_mimebundle_(include=None, exclude=None)
    assert shown["text/html"].startswith("<img") and "0x" not in shown["text/plain"]
    assert base64.b64decode(re.search('base64,(.*)"', shown["text/html"])[1]) == picture.pipe(format="svg")
    file = picture.render(tmp_path / "graph", format="png", cleanup=True)
    assert os.listdir(tmp_path) == [os.path.basename(file)] == ["graph.png"]
    assert picture.render(outfile=tmp_path / "other.pdf") == str(tmp_path / "other.pdf")
    with pytest.raises(FileExistsError):
        picture.render(outfile=tmp_path / "other.pdf", raise_if_result_exists=True)


def test_a_dot_program_is_used_where_there_is_one(monkeypatch, picture, tmp_path):
    program = tmp_path / "dot"
    program.write_text('#!/bin/sh\n/bin/cat > /dev/null\necho "the program, $*"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert picture.pipe(format="svg") == b"the program, -Kdot -Tsvg\n"


def test_without_any_graphviz_the_error_names_both_ways_and_the_rest_goes_on(nothing, picture):
    with pytest.raises(RuntimeError, match=re.escape(install("draw")) + ".*apt install graphviz"):
        picture.pipe(format="svg")
    assert draw(Value(1.0, "x")).source.startswith("digraph")
    assert "y = x*3" in tree((Value(2.0, "x") * 3).named("y"))


def test_without_python_graphviz_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    monkeypatch.delitem(sys.modules, "microgradx.show.picture.render")
    with pytest.raises(ImportError, match=re.escape(install("draw"))):
        importlib.import_module("microgradx.show.picture.render")


def test_other_formats_need_the_program(no_dot, picture):
    inside()
    with pytest.raises(ValueError, match="svg, png, pdf, got 'gif'"):
        picture.pipe(format="gif")


@pytest.mark.parametrize("ending", ["svg", "png", "pdf", "SVG"])
def test_saved_by_the_ending_of_the_name(ending, picture, tmp_path):
    render.save(picture, tmp_path / f"graph.{ending}")
    assert (tmp_path / f"graph.{ending}").read_bytes().startswith(BEGINNINGS[ending.lower()])


def test_saved_as_source(picture, tmp_path):
    render.save(picture, str(tmp_path / "graph.dot"))
    assert (tmp_path / "graph.dot").read_text().startswith(picture.source)      # then comes the mark that it is ours


@pytest.mark.parametrize("name", ["graph.docx", "graph", ".svg", "graph.svg.exe"])
def test_another_ending_is_refused_before_anything_is_written(name, picture, tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.svg, \.png, \.pdf, \.dot or \.html"):
        render.save(picture, tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_a_folder_in_place_of_a_file_is_shown_as_it_was_given(picture):
    with pytest.raises(ValueError, match=r"or \.html, got '\.'$"):
        render.save(picture, ".")
