"""Embedded benchmark `scenes`: seeded drawings of everyday things, composed first and drawn later."""

from .categories import CATEGORIES, CLASS_NAMES
from .compose import SIZE, Scene
from .dataset import Scenes, ScenesOptions

__all__ = ["CATEGORIES", "CLASS_NAMES", "SIZE", "Scene", "Scenes", "ScenesOptions"]
