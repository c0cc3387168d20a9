"""Pre-training scenes: seeds, worlds and styles of their own, never a scene of the benchmark.

Three parts: `trunk` teaches the image trunk, `align` carries the captions, `held` is for watching the training.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from bench.data.scenes.compose import Scene, compose
from bench.data.scenes.draw import render
from bench.data.scenes.seeds import generator
from bench.data.scenes.worlds import World, benchmark_world, jittered

PER_WORLD = 250
"""Scenes that share one jittered world."""


def busy(base: World) -> World:
    """Scenes as crowded as the benchmark's."""
    return replace(base, weather=0.35)


def object_centric(base: World) -> World:
    """One or two large things, often on a flat backdrop: the pictures that captions like to describe."""
    return replace(
        base, counts=(0.6, 0.3, 0.1), half=(13.0, 30.0), plain=0.5, off_context=0.25, overlap=0.25, weather=0.1
    )


@lru_cache(maxsize=64)
def _world(part: str, number: int) -> World:
    rng = generator("pretrain", part, "world", number)
    base = jittered(benchmark_world(0), rng, strength=1.0)
    if part == "align":  # what is rare is rarer still in captioned pictures
        return object_centric(replace(base, weights=base.weights**1.5))
    return object_centric(base) if number % 4 == 0 else busy(base)


@dataclass(frozen=True)
class Corpus:
    """Scenes of one part, by number (a `bench.data.scenes.source.Source`)."""

    part: str

    def _world(self, i: int) -> World:
        return _world(self.part, i // PER_WORLD)

    def scene(self, i: int) -> Scene:
        return compose(self._world(i), generator("pretrain", self.part, i, "compose"))

    def picture(self, i: int) -> np.ndarray:
        """uint8 (64, 64, 3), RGB."""
        return render(self.scene(i), self._world(i), generator("pretrain", self.part, i, "draw"))
