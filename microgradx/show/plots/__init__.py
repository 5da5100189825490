"""Plots by matplotlib: canvas.py has the axes and plots of training, curves.py rows and their slopes as curves,
images.py filters, images and confusion matrices, outcomes.py one picture of what a training came to."""
from ..colours import GREY
from .canvas import LIGHT, MIDDLING, STRONG, canvas, losses, replay

__all__ = ["GREY", "LIGHT", "MIDDLING", "STRONG", "canvas", "losses", "replay"]
