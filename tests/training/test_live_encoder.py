"""Live mode with a trained image encoder: what is trained, at which rate, and how test images are scored."""

import copy
from pathlib import Path

import pytest
import torch
from helpers.comparisons import assert_same_scores, checkpoint, losses, same_bits
from helpers.live import TRAINED, live
from helpers.trainings import run

from bench.backbones.tiny_clip.model import load_tiny_clip
from bench.settings.conversion import build
from bench.training.live_model import LiveModel
from methods import METHODS

pytestmark = [pytest.mark.usefixtures("toys"), pytest.mark.slow]


def encoder_state(folder: Path) -> dict[str, torch.Tensor]:
    return {name: value for name, value in checkpoint(folder)["state_dict"].items() if "image_encoder" in name}


@pytest.mark.parametrize("train", ["none", "last", "all"])
def test_what_is_frozen_never_changes_and_what_is_trained_does(train, small, tmp_path):
    """The backbone that other cells share, statistics of normalisation, and all that was not asked for."""
    backbone = small.images.backbone(live(small).backbone)
    before = copy.deepcopy(backbone.model.state_dict())
    run(live(small, "dualcoop", fed={**TRAINED, "train": train, "lr_mult": 1.0}), small, tmp_path)
    after = backbone.model.state_dict()
    assert all(same_bits(before[name], after[name]) for name in before), "cells share this model"
    assert not any(p.requires_grad for p in backbone.model.parameters())
    released = load_tiny_clip().state_dict()
    saved = {n.split("image_encoder.", 1)[1]: v for n, v in encoder_state(tmp_path).items()}
    inside = {"last": ("visual.layer4.", "visual.attnpool."), "all": ("visual.",), "none": ()}[train]
    names = {n for n in released if n.startswith(inside)} if inside else set()
    place = {n: n.replace("visual.", "", 1) if train == "last" else f"all.{n}" for n in names}
    assert set(saved) == set(place.values())
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    fixed = {n for n in names if n.endswith(statistics)}
    assert all(same_bits(saved[place[n]], released[n]) for n in fixed if "num_batches" not in n)
    unread = {n for n in names if "attnpool" in n and any(part in n for part in ("q_proj", "k_proj", "positional"))}
    moved = {n for n in names - fixed if not torch.equal(saved[place[n]], released[n])}
    assert moved == names - fixed - unread, "dualcoop reads tokens: queries, keys and positions get no gradient"


def test_test_images_are_scored_by_the_trained_and_averaged_encoder(small, tmp_path):
    """Built and scored by hand from the checkpoint."""
    cell = live(small, fed=TRAINED)
    outcome = run(cell, small, tmp_path)
    inputs, _ = small.inputs(cell)
    assert inputs.test is None
    method = METHODS.get("toy_linear")
    config = build(method.Config, cell.method.options, owner="t")
    model = LiveModel(lambda: method(config, inputs.task), inputs.live, dense=True)
    untrained = model.eval().state_dict()["image_encoder.attnpool.c_proj.weight"].clone()
    model.load_state_dict(checkpoint(tmp_path)["state_dict"])  # the average stands there
    assert not torch.equal(model.state_dict()["image_encoder.attnpool.c_proj.weight"], untrained)
    backbone = small.images.backbone(cell.backbone)
    images = torch.stack([backbone.preprocess(small.dataset.test.images[i]) for i in range(12)])
    with torch.no_grad():
        assert_same_scores(outcome.logits, model.eval().scorer()(images).numpy())


def test_the_encoders_rate_is_the_methods_times_lr_mult(small, tmp_path):
    run(live(small, fed={**TRAINED, "lr_mult": 0.25}, schedule="constant", lr=4e-4), small, tmp_path)
    groups = checkpoint(tmp_path)["optimizer"]["param_groups"]
    assert sorted({round(group["lr"], 9) for group in groups}) == [1e-4, 4e-4]
    quarter = sum(len(group["params"]) for group in groups if group["lr"] == pytest.approx(1e-4))
    [layer4, pool] = small.images.backbone(live(small).backbone).encoder.last_stage().values()
    assert quarter == len([*layer4.parameters(), *pool.parameters()])


def test_only_the_last_epoch_is_scored_unless_each_is_asked_for(small, tmp_path):
    curves, logits = {}, {}
    for evaluate in ("last", "each"):
        cell = live(small, fed={**TRAINED, "evaluate": evaluate}, epochs=3, holdout=20)
        logits[evaluate] = run(cell, small, tmp_path / evaluate).logits
        curves[evaluate] = losses(tmp_path / evaluate)
    assert [("mAP" in record) for record in curves["last"]] == [False, False, True]
    assert [("mAP" in record) for record in curves["each"]] == [True, True, True]
    assert curves["last"][-1] == curves["each"][-1]
    assert_same_scores(logits["last"], logits["each"])
