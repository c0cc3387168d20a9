"""Make the miniature's weights again: ``python -m bench.backbones.tiny_clip.pretrain --out DIR``.

Four stages, each kept in DIR and not repeated: draw the scenes, train the trunk, cache its maps, align with captions.
DIR then holds ``weights.safetensors`` and ``curve.csv``, the two files that are shipped.
"""

import argparse
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch

from bench.data.scenes.gallery import pictures
from bench.data.scenes.source import Benchmark, Source
from bench.errors import UsageError

from .align import align, cached_maps
from .captions import Weakness
from .corpus import Corpus
from .judge import AttentionHead, PooledHead, features, head_quality, zero_shot
from .model import build_tiny_clip, save_tiny_clip
from .trunk import auxiliary_labels, train_trunk

_LOG = logging.getLogger("tiny_clip.pretrain")


@dataclass(frozen=True)
class Recipe:
    """Sizes of the shipped run. The held-out scenes are the benchmark's kind but of no split that it uses."""

    seed: int = 0
    trunk_scenes: int = 80_000
    trunk_rounds: int = 2
    trunk_steps: int = 1600
    align_scenes: int = 600
    align_steps: int = 120
    head_scenes: int = 2400
    held_scenes: int = 2000
    weakness: Weakness = field(default_factory=Weakness)


class Curve:
    """Appends (stage, step, name, value) to ``curve.csv``; a resumed trunk continues the file too."""

    def __init__(self, file: Path) -> None:
        self.file, self.start = file, time.monotonic()
        if not file.exists():
            file.write_text("stage,step,name,value\n")

    def begin_again(self, *stages: str) -> None:
        """Forget the rows of stages that start anew."""
        lines = self.file.read_text().splitlines(keepends=True)
        self.file.write_text("".join(line for line in lines if line.split(",")[0] not in stages))

    def __call__(self, stage: str, step: int, loss: float | None, levels: dict[str, float]) -> None:
        record = levels if loss is None else {"loss": loss, **levels}
        with self.file.open("a") as handle:
            handle.writelines(f"{stage},{step},{name},{value:.4f}\n" for name, value in record.items())
        text = ", ".join(f"{name} {value:.4g}" for name, value in record.items())
        _LOG.info("%s step %d: %s (%.0f s)", stage, step, text, time.monotonic() - self.start)


def _kept(file: Path, make: Callable[[], torch.Tensor]) -> torch.Tensor:
    """The tensor in ``file``, made and written (whole or not at all) if it is missing."""
    if not file.exists():
        torch.save(make(), file.with_suffix(".part"))
        file.with_suffix(".part").replace(file)
    return torch.load(file, mmap=True, weights_only=True)


def _labels(source: Source, count: int) -> np.ndarray:
    return np.stack([source.scene(i).labels() for i in range(count)])


def _claim(out: Path, recipe: Recipe) -> None:
    """One folder holds one recipe: stages of another one must not be taken for this one's."""
    note, text = out / "recipe.txt", f"{recipe}\n"
    if note.exists() and note.read_text() != text:
        raise UsageError(f"{out} holds the stages of another recipe ({note.read_text().strip()}); take another folder")
    note.write_text(text)


def pretrain(recipe: Recipe, out: Path) -> None:
    """Run what is missing of the four stages and write the weights."""
    _claim(out, recipe)
    log, workers = Curve(out / "curve.csv"), torch.get_num_threads()
    plan: dict[str, tuple[Source, int]] = {
        "trunk": (Corpus("trunk"), recipe.trunk_scenes),
        "align": (Corpus("align"), recipe.align_scenes),
        "head": (Benchmark(0, "train"), recipe.head_scenes),
        "held": (Benchmark(0, "held"), recipe.held_scenes),
    }
    pools = {name: pictures(source, count, out / f"{name}.npy", workers) for name, (source, count) in plan.items()}
    labels = {name: _labels(*plan[name]) for name in ("head", "held")}
    watched = (pools["held"], labels["held"])

    torch.manual_seed(recipe.seed)
    model = build_tiny_clip()
    auxiliary = _kept(out / "trunk-labels.pt", lambda: auxiliary_labels(*plan["trunk"]))
    train_trunk(
        model.visual,
        (pools["trunk"], auxiliary),
        watched,
        recipe.trunk_rounds,
        recipe.trunk_steps,
        recipe.seed,
        out / f"trunk-{recipe.trunk_steps}.pt",
        log,
    )
    maps = {
        name: _kept(out / f"{name}-maps.pt", partial(cached_maps, model.visual, pools[name]))
        for name in ("align", "head", "held")
    }
    torch.manual_seed(recipe.seed)  # the second stage starts alike whether the first one ran now or earlier
    fresh = build_tiny_clip()
    fresh.visual.load_state_dict(
        {k: v for k, v in model.visual.state_dict().items() if "attnpool" not in k}, strict=False
    )

    def watch() -> dict[str, float]:
        return zero_shot(fresh, maps["held"], labels["held"]) | {"logit_scale": float(fresh.logit_scale.detach().exp())}

    log.begin_again("align", "heads")
    align(fresh, maps["align"], recipe.weakness, recipe.align_steps, recipe.seed, watch, log)
    save_tiny_clip(fresh.eval(), out / "weights.safetensors")
    trained, held = features(fresh, maps["head"]), features(fresh, maps["held"])
    for kind in (PooledHead, AttentionHead):
        for seed in range(3):
            level = head_quality(kind, trained, labels["head"], held, labels["held"], seed)
            log("heads", seed, None, {kind.__name__: level})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the stages, the weights and the curve")
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--threads", type=int, default=2, help="1 where other programs keep the cores busy")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    pretrain(Recipe(seed=arguments.seed), arguments.out)


if __name__ == "__main__":
    main()
