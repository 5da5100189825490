"""A headless Chromium without a network, for pages that a test wants to click through.

Debian: apt install chromium chromium-driver; pip install selenium. Where one of them is missing the tests are
skipped, telling which; with MICROGRADX_REQUIRE_BROWSER set they fail instead.
"""
import json
import os
import shutil
import tempfile
from contextlib import contextmanager

import pytest

FLAGS = ["--headless=new", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9"]        # nobody listens there


@pytest.fixture(scope="module")
def browser():
    try:
        with chromium() as started:
            yield started
    except FileNotFoundError as error:
        (pytest.fail if "MICROGRADX_REQUIRE_BROWSER" in os.environ else pytest.skip)(str(error))


@contextmanager
def chromium(traced=False):
    """A browser with a profile of its own, closed in the end. FileNotFoundError where there is none.

    traced: what its threads do is told by get_log("performance"), see tasks().
    """
    try:
        from selenium import webdriver
    except ImportError:
        raise FileNotFoundError("selenium, which drives the browser, is not installed") from None
    program, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if not (program and driver):
        raise FileNotFoundError("chromium or chromedriver is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", **({"performance": "ALL"} if traced else {})})
    if traced:
        options.add_experimental_option("perfLoggingPrefs", {"traceCategories": "toplevel,blink.user_timing"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        for flag in (*FLAGS, *root, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        started = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        try:
            yield started
        finally:
            started.quit()


def tasks(browser):
    """Milliseconds of each task of the page since performance.mark("since") in it: by the clock, of the processor.

    Of its own thread alone: Chromium's own pages, its new tab and its address bar, compile for 100 ms and more.
    """
    entries = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    events = [entry["params"] for entry in entries if entry["method"] == "Tracing.dataCollected"]
    mark = [e for e in events if e["name"] == "since" and "blink.user_timing" in e["cat"]][-1]
    return [(e["dur"] / 1000, e["tdur"] / 1000) for e in events
            if e["name"] == "ThreadControllerImpl::RunTask" and (e["pid"], e["tid"]) == (mark["pid"], mark["tid"])
            and e["ts"] > mark["ts"] and "tdur" in e]


def look(browser, width=1400, height=900, scheme="light", motion="reduce"):
    """The size of the window, and which colours and how much motion its user prefers."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia",
                            {"features": [{"name": "prefers-color-scheme", "value": scheme},
                                          {"name": "prefers-reduced-motion", "value": motion}]})
