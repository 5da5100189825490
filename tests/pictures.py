"""README's moving picture, the page of `to_html` in a browser; the guides' pictures, by `draw` and of the page; and the
lab with a mission, which notebook 14 shows. (The pages in the notebooks: tests/notebooks.py.)

    python -m tests.pictures                needs the extra draw, chromium and chromedriver

    >>> from tests.pictures import neuron
    >>> f"{neuron():.4f}"
    '0.4621'
"""
import io
import pathlib
import re
import tempfile
import time
from collections.abc import Iterator
from itertools import islice

from microgradx import Value, draw, lab, tanh, to_html

from .browser import chromium, look

ROOT = pathlib.Path(__file__).parent.parent
FOLDER, FILM = ROOT / "notebooks", ROOT / "docs" / "stepper.gif"
DRAWING, PAGE, MISSION = FOLDER / "neuron.svg", FOLDER / "stepper.png", FOLDER / "mission.png"
STEPS = 7                                   # the second of the backward pass


def neuron() -> Value:
    """The one of README's ten lines."""
    w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(-0.5, "b")
    y = tanh(w * x + b).named("y")
    y.backward()
    return y


def drawing() -> str:
    """As SVG."""
    svg: str = draw(neuron()).pipe("svg", encoding="utf-8")
    return svg


def texts(svg: str) -> list[str]:
    """What stands in a drawing, wherever it stands: another Graphviz lays it out a little differently."""
    return sorted(re.findall(r"<text[^>]*>([^<]+)</text>", svg))


def page() -> list[bytes]:
    """The page at each step, as PNG."""
    return list(screenshots(to_html(neuron()), "", "next"))


def mission() -> bytes:
    """The lab with the mission on gradients that vanish, a few updates on, as PNG."""
    return list(islice(screenshots(lab(), "#m=vanish", "run-step"), STEPS + 1))[-1]


def screenshots(html: str, fragment: str, button: str, clicks: int = 0) -> Iterator[bytes]:
    """A page after so many clicks on a button of it, and after each further one, until it is disabled, as PNG."""
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        look(browser, width=1100, height=800)
        path = pathlib.Path(folder) / "page.html"
        path.write_text(html, encoding="ascii")
        browser.get(path.as_uri() + fragment)
        for _ in range(clicks):
            browser.find_element("id", button).click()
        time.sleep(min(clicks, 1))          # for what moves to come to rest
        yield browser.get_screenshot_as_png()
        while browser.find_element("id", button).get_attribute("aria-disabled") != "true":
            browser.find_element("id", button).click()
            time.sleep(1)
            yield browser.get_screenshot_as_png()


def film(pngs: list[bytes]) -> bytes:
    """As GIF, smaller, in few colours; the last picture stays."""
    from PIL import Image
    frames = [Image.open(io.BytesIO(png)).convert("RGB").resize((880, 640), Image.Resampling.LANCZOS).quantize(64)
              for png in pngs]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], loop=0, optimize=True,
                   duration=[1500] * (len(frames) - 1) + [4000])
    return file.getvalue()


if __name__ == "__main__":
    DRAWING.write_text(drawing(), encoding="utf-8")
    pngs = page()
    PAGE.write_bytes(pngs[STEPS])
    FILM.write_bytes(film(pngs))
    MISSION.write_bytes(mission())
