"""A method in the harness itself, as `bench run` runs it: masks, held-out images, MMEngine's runner, checkpoints."""

import tempfile
from pathlib import Path

import numpy as np
import torch

from bench.conformance.harness import ToyResources, opposite_where_hidden, run, run_cut_off, toy_cell, toy_images
from bench.conformance.methods.models import Kind, is_trained
from bench.conformance.properties import Properties, require, require_same_state
from bench.training import TrainingResult

PROPERTIES = Properties()


@PROPERTIES.property(
    "sees no label that its run hides",
    "it reads the full labels from elsewhere, such as the dataset: its numbers would be worthless",
    applies=lambda method: method.labels == "observed",
)
def sees_no_hidden_label(method: Kind) -> None:
    """Every label that the mask or the held-out split hides is flipped, in all of the process that still holds them."""
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        states = []
        for name, change in (("one", None), ("other", opposite_where_hidden)):
            resources = ToyResources(toy_images(change))
            states.append(run(toy_cell(method, resources.dataset), resources, Path(scratch) / name))
            del resources
        _require_same(states[0], states[1], "with every hidden label flipped")


@PROPERTIES.property(
    "resumes after a cut to the same bits", "a run that was interrupted would give another result", applies=is_trained
)
def resumes(method: Kind) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        resources = ToyResources(toy_images())
        cell = toy_cell(method, resources.dataset)
        straight = run(cell, resources, Path(scratch) / "straight")
        run_cut_off(cell, resources, Path(scratch) / "resumed", epoch=2)
        resumed = run(cell, resources, Path(scratch) / "resumed")
        _require_same(straight, resumed, "cut off in its second epoch of three and gone on")


def _require_same(one: TrainingResult, other: TrainingResult, when: str) -> None:
    require_same_state(one.weights, other.weights, f"{when}, it ends in other weights")
    require(np.array_equal(one.logits, other.logits), f"{when}, it scores the test images otherwise")
    require(torch.from_numpy(one.logits).isfinite().all(), "its test scores are not finite")
