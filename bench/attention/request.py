"""Request for attention maps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.records.names import short_name

SplitName = Literal["test", "train"]


@dataclass(frozen=True, kw_only=True)
class AttentionRequest:
    """What is drawn of a cell.

    images: how many, the first of the split's official order, or drawn by `seed`. classes: by name; with none, those
    that `chosen_classes` takes for each image. out: another folder than the cell's own.
    """

    images: int = 8
    classes: tuple[str, ...] = ()
    part: SplitName = "test"
    seed: int | None = None
    out: Path | None = None

    @property
    def name(self) -> str:
        """The figure's file name: `attention`, and the options of the request."""
        drawn = () if self.seed is None else (f"seed{self.seed}",)
        parts = ("attention", *(() if self.part == "test" else (self.part,)), *drawn, *self.classes)
        return short_name("-".join("".join(c if c.isalnum() else "_" for c in part) for part in parts))
