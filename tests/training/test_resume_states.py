"""Methods that remember something of images or classes: a checkpoint carries it, and a cell cut off goes on exactly."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from helpers.comparisons import assert_same_scores, assert_same_training, checkpoint
from helpers.trainings import make_cell, run

from methods.baselines.acknowledge_unknown import PseudoNegatives
from methods.baselines.csl import ClassPrior
from methods.baselines.curriculum import AddedLabels
from methods.baselines.large_loss import LargeLossRule

pytestmark = pytest.mark.slow

OPTIONS = {"epochs": 4, "batch_size": 40, "ema": 0.9, "schedule": "onecycle"}


class Memory(NamedTuple):
    """What a method remembers. options: with which it changes in the last of four epochs; state: its name in the
    checkpoint; owner, buffers: the module that keeps it, and all that it keeps."""

    options: dict[str, Any]
    state: str
    owner: type | None = None
    buffers: tuple[str, ...] = ()


MEMORIES = {
    "role": Memory({}, "estimates.logits"),
    "em_apl": Memory({"warmup_share": 0.25}, "pseudo.soft", PseudoNegatives, ("soft", "chance")),
    "ll_cp": Memory({"delta": 2.0}, "rule.flipped", LargeLossRule, ("flipped",)),
    "curriculum": Memory(
        {"start": 0.25, "rounds": 3, "threshold": 0.5, "lr": 1e-2}, "pseudo.added", AddedLabels, ("guesses", "added")
    ),
    "csl": Memory(
        {"prior_threshold": 0.1, "topk": 1, "lr": 1e-2}, "prior.value", ClassPrior, ("value", "total", "images")
    ),
}
WITH_BUFFERS = [name for name, memory in MEMORIES.items() if memory.owner]
PER_IMAGE = ["role", "em_apl", "ll_cp"]
GROWING = ["em_apl", "ll_cp"]


class Killed(BaseException):
    """Stands in for SIGKILL after an epoch's line in the curve, before its checkpoint."""


def cell_of(method: str, resources):
    return make_cell(resources, method, holdout=20, **OPTIONS, **MEMORIES[method].options)


def cut_off(cell, resources, folder: Path, epoch: int) -> None:
    def watch(now: int, record: dict) -> None:
        if now == epoch:
            raise Killed

    with pytest.raises(Killed):
        run(cell, resources, folder, watch)


def remembered(folder: Path, method: str) -> torch.Tensor:
    return checkpoint(folder)["state_dict"][MEMORIES[method].state]


@pytest.mark.parametrize("method", MEMORIES)
@pytest.mark.parametrize("epoch", [2, 4])
def test_it_goes_on_exactly(method: str, epoch: int, resources, toys, tmp_path: Path) -> None:
    """From before much is remembered, and from a state that has something in it."""
    cell = cell_of(method, resources)
    straight = run(cell, resources, tmp_path / "straight")
    cut_off(cell, resources, tmp_path / "resumed", epoch)
    middle = remembered(tmp_path / "resumed", method)
    resumed = run(cell, resources, tmp_path / "resumed")
    assert_same_training(tmp_path / "straight", tmp_path / "resumed")
    assert_same_scores(resumed.logits, straight.logits)
    end = remembered(tmp_path / "resumed", method)
    assert not torch.equal(middle.nan_to_num(-1), end.nan_to_num(-1)), "the same before and after: this shows nothing"
    if method in GROWING and epoch == 4:
        assert 0 < (middle.nan_to_num(0) > 0).sum() < (end.nan_to_num(0) > 0).sum()


@pytest.mark.parametrize("method", WITH_BUFFERS)
def test_without_the_state_it_would_not(method: str, resources, toys, tmp_path: Path, monkeypatch) -> None:
    """The proof above can fail: the same, with buffers that no checkpoint holds."""
    owner, names = MEMORIES[method].owner, MEMORIES[method].buffers
    init = owner.__init__

    def forgetful(self, *args, **options) -> None:
        init(self, *args, **options)
        self._non_persistent_buffers_set.update(names)

    monkeypatch.setattr(owner, "__init__", forgetful)
    cell = cell_of(method, resources)
    run(cell, resources, tmp_path / "straight")
    cut_off(cell, resources, tmp_path / "resumed", epoch=4)
    run(cell, resources, tmp_path / "resumed")
    with pytest.raises(AssertionError, match="these parameters differ"):
        assert_same_training(tmp_path / "straight", tmp_path / "resumed")


@pytest.mark.parametrize("method", PER_IMAGE)
def test_held_out_images_are_not_remembered(method: str, resources, toys, tmp_path: Path) -> None:
    cell = cell_of(method, resources)
    run(cell, resources, tmp_path)
    heldout = torch.from_numpy(resources.inputs(cell)[0].heldout_rows)
    state = remembered(tmp_path, method)
    if method == "role":  # where they started: nothing teaches them
        chance = torch.sigmoid(state[heldout])
        assert 0.4 <= chance.min() <= chance.max() <= 0.6
    else:
        assert not (state[heldout].nan_to_num(0) > 0).any()


def test_roles_estimates_are_fast_and_free_of_weight_decay(resources, toys, tmp_path: Path) -> None:
    """As the optimiser itself has it: decay would draw the estimates of all images to one half in each step."""
    cell = make_cell(
        resources, "role", epochs=1, batch_size=40, weight_decay=0.5, lr=1e-3, estimate_lr=10.0, schedule="constant"
    )
    run(cell, resources, tmp_path)
    saved = checkpoint(tmp_path)
    shapes = {tuple(v.shape): group for group in saved["optimizer"]["param_groups"] for v in _parameters(saved, group)}
    estimates = shapes[tuple(saved["state_dict"]["estimates.logits"].shape)]
    assert estimates["weight_decay"] == 0
    assert estimates["lr"] == pytest.approx(1e-2)
    head = shapes[tuple(saved["state_dict"]["head.weight"].shape)]
    assert head["weight_decay"] == 0.5
    assert head["lr"] == pytest.approx(1e-3)


def _parameters(saved: dict, group: dict) -> list[torch.Tensor]:
    """Adam's moments of a group's parameters, which have their shapes."""
    return [saved["optimizer"]["state"][index]["exp_avg"] for index in group["params"]]


def test_nothing_is_predicted_for_held_out_images(resources, tmp_path: Path) -> None:
    cell = cell_of("curriculum", resources)
    run(cell, resources, tmp_path)
    inputs = resources.inputs(cell)[0]
    saved = checkpoint(tmp_path)["state_dict"]
    assert saved["pseudo.guesses"][inputs.heldout_rows].isnan().all()
    assert not saved["pseudo.guesses"][inputs.train_rows].isnan().any()
    assert (saved["pseudo.added"][inputs.heldout_rows] == 0).all()
    assert (saved["pseudo.added"][torch.from_numpy(inputs.observed) != 0] == 0).all()
