"""A stream of scenes by number: the part that is pure, picklable and cheap to send to another process."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .compose import Scene, compose
from .draw import render
from .seeds import generator
from .worlds import benchmark_world


class Source(Protocol):
    """Scene i and picture i depend on the source's fields and i alone."""

    def scene(self, i: int) -> Scene: ...

    def picture(self, i: int) -> np.ndarray: ...


@dataclass(frozen=True)
class Benchmark:
    """Scenes of one split of one world; ``split`` is part of every seed, so splits never share a scene."""

    world: int
    split: str

    def scene(self, i: int) -> Scene:
        return compose(benchmark_world(self.world), generator("benchmark", self.world, self.split, i, "compose"))

    def picture(self, i: int) -> np.ndarray:
        """uint8 (64, 64, 3), RGB."""
        draw = generator("benchmark", self.world, self.split, i, "draw")
        return render(self.scene(i), benchmark_world(self.world), draw)
