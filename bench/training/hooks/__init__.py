"""Hooks around a cell's training: curves, checkpoints, and the quality of pseudo-labels."""
