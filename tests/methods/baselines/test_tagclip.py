"""TagCLIP: boxes against OpenCV's contours, scores by formula, and what is refused."""

import cv2
import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task

from bench.errors import UsageError
from bench.settings.conversion import build
from methods import METHODS
from methods.baselines.tagclip import BACKGROUND
from methods.layers.prompts import template_features, template_list
from methods.structure.class_boxes import class_boxes

TagCLIP = METHODS.get("tagclip")


def contour_boxes(grey: np.ndarray) -> np.ndarray:
    """As the released code finds them."""
    height, width = grey.shape
    shades = (grey * 255).astype(np.uint8)
    _, binary = cv2.threshold(shades, int(grey.mean() * shades.max()), 255, cv2.THRESH_BINARY)
    contours, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    inside = np.zeros(grey.shape, bool)
    for x, y, w, h in map(cv2.boundingRect, contours):
        inside[y : min(y + h, height - 1), x : min(x + w, width - 1)] = True
    return inside


@pytest.mark.parametrize("seed", range(20))
def test_boxes_are_those_of_opencvs_contours(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grey = rng.random((7, 9)) ** rng.integers(1, 12)
    grey = (grey - grey.min()) / (grey.max() - grey.min())
    np.testing.assert_array_equal(class_boxes(grey), contour_boxes(grey))


def test_boxes_lose_the_last_row_and_column_and_fill_what_they_enclose() -> None:
    ring = np.zeros((6, 6))
    ring[1:6, 1:6] = 1
    ring[2:5, 2:5] = 0
    expected = np.zeros((6, 6), bool)
    expected[1:5, 1:5] = True
    np.testing.assert_array_equal(class_boxes(ring), expected)
    assert not class_boxes(np.zeros((4, 4))).any()


def test_scores_are_the_formula(data: Data) -> None:
    model = TagCLIP(TagCLIP.Config(templates="photo"), build_task(torch.zeros_like(data.labels)))
    names = [*model.task.class_names, *(name for name in BACKGROUND if name != "sky")]  # a class of this world
    assert len(names) == 5 + 24
    t = template_features(model.task.text, names, template_list("photo")).double().numpy()
    rows = model.score(data.features).double().numpy()
    for x, scores in list(zip(data.features.dense.double().numpy(), rows, strict=True))[:6]:
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
        s = np.exp(12 * x @ t.T)
        s = (s / s.sum(axis=1, keepdims=True))[:, :5]
        a = np.exp(10 * x @ x.T)
        a /= a.sum(axis=1, keepdims=True)
        for c in range(5):
            grey = (a @ s)[:, c]
            inside = contour_boxes(((grey - grey.min()) / (grey.max() - grey.min())).reshape(3, 3))
            best = (a @ (s[:, c] * inside.ravel())).max()
            best = max(best, 1e-30)
            assert scores[c] == pytest.approx(np.log(best / (1 - best)), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(("setting", "value"), [("refinement", "attention"), ("recheck", True), ("epochs", 1)])
def test_what_features_cannot_give_is_refused(setting: str, value: object) -> None:
    with pytest.raises(UsageError, match=setting):
        build(TagCLIP.Config, {setting: value}, owner="tagclip")
