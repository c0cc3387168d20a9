"""Masks of published numbers, the same in every version and process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import masks
from helpers.elsewhere import facts

pytestmark = pytest.mark.slow

PINNED = {
    "dualcoop": ["f97d19ffb6588c87", "1e2163315b9fa6c6", "f97d19ffb6588c87"],
    "fixed_per_class": ["8401b687377a9dbe", "8401b687377a9dbe", "2814c0abba4a89b7"],
    "frequency_biased": ["b508ee2252746dd8", "6e56607552e48934", "71bf363016e845f1"],
    "full": ["1bbb1cc4789553cd", "1bbb1cc4789553cd", "1bbb1cc4789553cd"],
    "hcp": ["5daefb3be8ead2b4", "d8cd7ad42c1be565", "08953100b565b473"],
    "image_level": ["b6a318e6399aa696", "57dec614ac00b96f", "2049fbf710bfa0d8"],
    "label_list": ["3f107996582dede3", "3f107996582dede3", "3f107996582dede3"],
    "noisy_negatives": ["ce6aa043ef9d10f8", "7d433a7b4c6efb4e", "0309c1ce25f5cd99"],
    "partial": ["19bc3a21e56ec7f3", "e6c894d7774127a0", "731f637d3f6d0346"],
    "random_per_sample": ["bc6f8ee30afd010a", "7cc5d034747260da", "f15a20ed25461a29"],
    "role": ["d14b80895f413342", "d14b80895f413342", "d0116ed158949d9b"],
    "single_positive": ["0fd366b8cd7ce6cc", "0fd366b8cd7ce6cc", "faac3bf46a1602ab"],
}
"""The masks of every published number: changing one needs a new protocol version."""


@pytest.mark.parametrize("name", PINNED)
def test_masks_are_pinned(name, here):
    assert here[name] == PINNED[name]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    return masks.digests(tmp_path_factory.mktemp("here"))


def test_the_names_of_older_pins_give_the_same_masks(here):
    """The digests that results of earlier versions carry."""
    assert facts()["masks"] == {
        "partial 10 0": "19bc3a21e56ec7f3",
        "partial 10 1": "731f637d3f6d0346",
        "partial 90 0": "e6c894d7774127a0",
        "partial 90 1": "fa4b7c7890f5ba9e",
        "single_positive None 0": "0fd366b8cd7ce6cc",
        "single_positive None 1": "faac3bf46a1602ab",
        "full None 0": "1bbb1cc4789553cd",
        "full None 1": "1bbb1cc4789553cd",
    }


def test_another_process_with_another_hash_seed_draws_the_same(here, environment, tmp_path):
    script = Path(masks.__file__)
    result = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        env={**environment, "PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
    )
    assert json.loads(result.stdout) == here
