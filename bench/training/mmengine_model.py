"""A method's class as that of a model which MMEngine's Runner trains.

A method is a plain PyTorch module, so that a plan, which needs its settings alone, does not import MMEngine.
"""

from mmengine.model import BaseModel

from methods import Method


def mmengine_model(method: type[Method]) -> type[Method]:
    """The method with MMEngine's training step, parameters and their names as they are."""
    return type(method.__name__, (method, BaseModel), {"__doc__": method.__doc__, "__module__": method.__module__})
