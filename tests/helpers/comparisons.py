"""What a training left in its folder, and equality of it to the last bit."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.records.store import Store
from bench.system.files import read_json_lines
from bench.training.pseudo_quality import JUDGED
from bench.training.weights import from_bytes


def checkpoint(folder: Path) -> dict[str, Any]:
    """The last checkpoint in `folder`."""
    return torch.load(folder / "checkpoint" / "last.pth", weights_only=True)


def final_parameters(folder: Path) -> dict[str, Tensor]:
    """All that training changed: plain and averaged weights, buffers."""
    saved = checkpoint(folder)
    return {**saved["state_dict"], **{f"average.{name}": v for name, v in saved.get("ema_state_dict", {}).items()}}


def assert_same_weights(one: Store, other: Store, key: str) -> None:
    """Both stores keep the cell's final weights, and they are equal to the last bit."""
    ours, theirs = (from_bytes(store.weights(key) or b"") for store in (one, other))
    assert ours
    assert ours.keys() == theirs.keys()
    assert all(same_bits(ours[name], theirs[name]) for name in ours)


def assert_same_training(one: Path, other: Path, same_truth: bool = True) -> None:
    """Both folders hold a training with equal parameters and equal losses, to the last bit.

    same_truth: whether hidden labels are the same, so that pseudo-labels are equally right.
    """
    ours, theirs = final_parameters(one), final_parameters(other)
    assert ours.keys() == theirs.keys()
    different = [name for name in ours if not same_bits(ours[name], theirs[name])]
    assert not different, f"these parameters differ: {different}"
    ours, theirs = (
        [{name: value for name, value in record.items() if same_truth or name not in JUDGED} for record in losses(of)]
        for of in (one, other)
    )
    assert ours == theirs


def assert_same_scores(one: np.ndarray, other: np.ndarray) -> None:
    assert one.dtype == other.dtype == np.float32
    different = int((one != other).sum())
    assert different == 0, f"{different} of {one.size} scores differ, by up to {abs(one - other).max()}"


def same_bits(one: Tensor, other: Tensor) -> bool:
    """Equal as bytes: a NaN, where a method keeps one, equals itself."""
    return one.dtype == other.dtype and one.numpy().tobytes() == other.numpy().tobytes()


def losses(folder: Path) -> list[dict[str, float]]:
    """The curve without what a clock says and without the metrics of held-out images."""
    return [
        {name: value for name, value in record.items() if name != "seconds" and not name.startswith("heldout_")}
        for record in read_json_lines(folder / "curve.jsonl")
    ]
