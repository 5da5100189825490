"""Neural networks on Values: layers, losses and initialisation under torch.nn's names and shapes."""
from .module import Buffer, Module

__all__ = ["Module", "Buffer"]
