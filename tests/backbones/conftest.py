"""The mini CLIP's architectures, known to open_clip."""

import json

import open_clip
import pytest
from helpers.mini_clip import MINI


@pytest.fixture(scope="module")
def architectures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("configs")
    (folder / "mini-quickgelu.json").write_text(json.dumps(MINI))
    (folder / "mini-gelu.json").write_text(json.dumps({**MINI, "quick_gelu": False}))
    open_clip.add_model_config(folder)
