"""The toy world of the conformance suite, for the tests of single methods."""

from bench.conformance.toy_data import (
    CONTEXT,
    DIM,
    GRID,
    NAMES,
    TEXT_WIDTH,
    Data,
    ToyText,
    build_task,
    draw_toy_data,
    fit,
    hide,
    total,
)

__all__ = [
    "CONTEXT",
    "DIM",
    "GRID",
    "NAMES",
    "TEXT_WIDTH",
    "Data",
    "ToyText",
    "build_task",
    "draw_toy_data",
    "fit",
    "hide",
    "total",
]
