"""The backward pass as a film: each line once, in the order of backward(), gradients when they are complete."""
import random
import re
import sys
import xml.etree.ElementTree as ET

import pytest

import microgradx as mg
from microgradx import Value, animate, steps
from microgradx.naming import names

from .nets import mlp, moons, neuron, rnn

pytest.importorskip("pygraphviz", reason="rendered with pygraphviz; no wheel here")
from microgradx.show.picture.animation import COLOURED, NODE, animated, arrivals, frames, order
from microgradx.show.picture.drawing import picture
from microgradx.show.picture.film import PAUSE

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("make", [neuron, mlp, rnn, moons])
def test_each_line_is_gone_along_once_and_before_it_its_gradient_is_complete(make):
    random.seed(1)
    sketch = picture(*make()).sketch
    lines = order(sketch)
    known = arrivals(sketch, lines)
    assert len(lines) == len(sketch.lines) == len(set(lines)) and known[sketch.grouping.box[sketch.root]] == 0
    assert all(known[line.end] <= k < known[line.start] for k, line in enumerate(lines))


def test_the_order_is_that_of_the_steps():
    root, _ = neuron()
    sketch, called = picture(root, None).sketch, names(root)
    ours = [(called[line.end.main], called[line.start.main]) for line in order(sketch)]
    assert ours == [(called[step.node], called[step.target]) for step in steps(root) if step.i is not None]


def test_both_edges_of_a_square_are_gone_along():
    a = Value(3.0, "a")
    assert len(order(picture(a * a, None).sketch)) == 2


def test_an_svg_shows_gradients_when_they_arrive():
    shown = picture(*neuron())
    root = ET.fromstring(animated(shown, 0.5))
    groups = {g.get("id"): g for g in root.iter(f"{SVG}g")}
    times = {}
    for name in shown.line_ids.values():
        fade, = [e for e in groups[name].findall(f"{SVG}animate") if e.get("attributeName") == "opacity"]
        assert fade.get("values") == "0.15;1" and fade.get("dur") == f"{0.5 * (5 + 1 + 3):g}s"
        times[name] = float(fade.get("keyTimes").split(";")[1])
    assert sorted(times.values()) == pytest.approx([k / 9 for k in range(1, 6)], abs=1e-5)
    for box, name in shown.ids.items():
        hidden = [e for e in groups[name].iter(f"{SVG}animate") if e.get("attributeName") == "opacity"]
        assert len(hidden) == (0 if box.main is shown.sketch.root else 2)          # the cell of grad, and its text


def test_frames_have_one_layout_and_reveal_one_line_each():
    shown = picture(*neuron())
    found = list(frames(shown))
    assert len(found) == 6 and found[-1].source.replace("penwidth=6", "") != found[0].source
    sizes = {re.search(r'viewBox="[^"]*"', frame.pipe(format="svg").decode())[0] for frame in found}
    assert len(sizes) == 1
    cells = [COLOURED.findall("".join(filter(NODE.match, frame.body))) for frame in found]
    white = ["".join(filter(NODE.match, frame.body)).count('BGCOLOR="#ffffff"') for frame in found]
    coloured = [len(known) - unknown for known, unknown in zip(cells, white, strict=True)]
    assert coloured == sorted(coloured) and coloured[0] == 1 and coloured[-1] == 6
    assert ["penwidth=6" in frame.source for frame in found] == [False, *[True] * 5]


@pytest.mark.slow
@pytest.mark.sweep(997)
@pytest.mark.parametrize("ending, beginning", [("gif", b"GIF89a"), ("webp", b"RIFF"), ("svg", b"<?xml")])
def test_each_kind_of_file_is_written(ending, beginning, tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / f"back.{ending}"
    y = mg.tanh(Value(0.5, "x") * 2)
    y.backward()
    before = [v.grad for v in mg.tape(y)]
    animate(y, path, show=["grad"], seconds=0.1)
    assert path.read_bytes().startswith(beginning) and [v.grad for v in mg.tape(y)] == before
    if ending != "svg":
        image = pytest.importorskip("PIL.Image").open(path)
        assert image.n_frames >= 3


@pytest.mark.slow
def test_an_mp4_shows_each_frame(tmp_path, monkeypatch):
    """Written by the ffmpeg of imageio-ffmpeg, which also reads it: one frame for each line and the pause."""
    pytest.importorskip("matplotlib")
    imageio = pytest.importorskip("imageio_ffmpeg", reason="no imageio-ffmpeg, which .ci/run installs")
    monkeypatch.setattr("matplotlib.animation.FFMpegWriter.isAvailable", lambda: False)
    path = tmp_path / "back.mp4"
    y, _ = neuron()
    path.write_bytes(b"an old film")
    animate(y, path, seconds=0.5)
    films = imageio.read_frames(path)
    about, frames = next(films), list(films)
    assert about["codec"] == "h264" and about["fps"] == 2 and len(frames) == 1 + 5 + PAUSE
    assert len(set(frames)) >= 6 and about["size"][0] > about["size"][1] > 300
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_named(tmp_path, monkeypatch):
    y = mg.tanh(Value(0.5, "x"))
    with pytest.raises(ValueError, match=r"ends in \.svg, \.gif, \.webp, \.mp4, got 'back\.avi'"):
        animate(y, "back.avi")
    with pytest.raises(ValueError, match="seconds above 0"):
        animate(y, tmp_path / "back.svg", seconds=0)
    with pytest.raises(TypeError, match="takes the Value"):
        animate(3.0, tmp_path / "back.svg")
    animation = pytest.importorskip("matplotlib.animation")
    monkeypatch.setattr(animation.FFMpegWriter, "isAvailable", lambda: False)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(RuntimeError, match="pip install imageio-ffmpeg"):
        animate(y, tmp_path / "back.mp4")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="matplotlib"):
        animate(y, tmp_path / "back.gif")
    assert list(tmp_path.iterdir()) == []
