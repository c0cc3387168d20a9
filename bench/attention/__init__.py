"""Attention maps: the weights of a trained cell's classes over the positions of images, drawn and measured.

Only methods whose scores average tokens with weights of each class have such maps (`Method.attention`).
"""

from bench.attention.draw import CellToDraw, DrawnAttention, draw_attention
from bench.attention.request import AttentionRequest

__all__ = ["AttentionRequest", "CellToDraw", "DrawnAttention", "draw_attention"]
