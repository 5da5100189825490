"""Figures without a window, closed after each test."""
import pytest


@pytest.fixture(autouse=True)
def closed():
    plt = pytest.importorskip("matplotlib.pyplot", reason="plots need the extra plot")
    plt.switch_backend("agg")
    yield
    plt.close("all")
