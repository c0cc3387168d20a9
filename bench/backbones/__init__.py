"""Backbones: frozen image-text encoders that turn images into features and prompts into text features."""

from bench.backbones.base import BACKBONES, Backbone, TextEncoder

__all__ = ["BACKBONES", "Backbone", "TextEncoder"]
