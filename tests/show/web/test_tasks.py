"""The lab trains in short tasks, by the time that its own thread takes of the processor."""
import os

import pytest

from microgradx.show.web.lab import lab

from ...browser import chromium, tasks

PLAY = """
const [config, seconds, done] = arguments;
alter({config: {...CONFIG, ...config}, pace: "fast", playing: true});
setTimeout(() => performance.mark("since"), 500);       // the picture is made, the loops are compiled
setTimeout(() => { alter({playing: false}); done(); }, 1000 * seconds);
"""
BUSY = """
const done = arguments[0];
performance.mark("since");
setTimeout(() => { for (let k = 0, y = 0; k < 2e8; k += 1) y += Math.sqrt(k); done(); }, 0);
"""


def longest(path, script, *args):
    """The longest task in a browser of its own, by the processor's time."""
    try:
        with chromium(traced=True) as traced:
            traced.get(path.as_uri())
            traced.execute_async_script(script, *args)
            return max(own for _, own in tasks(traced))
    except FileNotFoundError as error:
        (pytest.fail if "MICROGRADX_REQUIRE_BROWSER" in os.environ else pytest.skip)(str(error))


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "lab.html"
    path.write_text(lab(), encoding="ascii")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("config", [{}, {"layers": [{"units": 8, "act": "gelu"}] * 6, "count": 500, "share": 0}])
def test_no_task_takes_50_ms_of_the_processor_while_it_trains(config, page):
    """In one of three runs: a processor that others use as well forgets what was in its caches."""
    assert any(longest(page, PLAY, config, 1.5) < 50 for _ in range(3))


@pytest.mark.slow
def test_a_long_task_is_seen(page):
    assert longest(page, BUSY) > 50
