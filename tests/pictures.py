"""README's two pictures, in notebooks/: its neuron as `draw` draws it, and the page of `to_html` in a browser; and the
lab with a mission, which notebook 14 shows.

    python -m tests.pictures                needs the extra draw, chromium and chromedriver

    >>> from tests.pictures import neuron
    >>> f"{neuron():.4f}"
    '0.4621'
"""
import pathlib
import re
import tempfile

from microgradx import Value, draw, lab, tanh, to_html

from .browser import chromium, look

FOLDER = pathlib.Path(__file__).parent.parent / "notebooks"
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


def page() -> bytes:
    """The page, some steps on, as PNG."""
    return screenshot(to_html(neuron()), "", "next", STEPS)


def mission() -> bytes:
    """The lab with the mission on gradients that vanish, a few updates on, as PNG."""
    return screenshot(lab(), "#m=vanish", "run-step", STEPS)


def screenshot(html: str, fragment: str, button: str, clicks: int) -> bytes:
    """A page after some clicks on a button of it, as PNG."""
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        look(browser, width=1100, height=800)
        path = pathlib.Path(folder) / "page.html"
        path.write_text(html, encoding="ascii")
        browser.get(path.as_uri() + fragment)
        for _ in range(clicks):
            browser.find_element("id", button).click()
        png: bytes = browser.get_screenshot_as_png()
        return png


if __name__ == "__main__":
    DRAWING.write_text(drawing(), encoding="utf-8")
    PAGE.write_bytes(page())
    MISSION.write_bytes(mission())
