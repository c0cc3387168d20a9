"""Methods: what is compared. Each is an MMEngine model with a loss and scores, and its config dataclass."""

from methods.base import METHODS, Batch, Features, Method, MethodConfig, Task

__all__ = ["METHODS", "Batch", "Features", "Method", "MethodConfig", "Task"]
