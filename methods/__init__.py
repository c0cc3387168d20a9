"""Methods: PyTorch modules with a loss and scores, and their config dataclasses."""

from methods.base import METHODS, Batch, Features, Method, MethodConfig, Task

__all__ = ["METHODS", "Batch", "Features", "Method", "MethodConfig", "Task"]
