"""A trained cell as a torch module gives the cell's stored scores, from images."""

import numpy as np
import pytest
import torch
from PIL import Image

import bench
from bench.errors import UsageError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def test_images(resources):
    return [resources.dataset.test.images[i] for i in range(60)]


@pytest.mark.parametrize("name", ["texts", "heldout", "tuned", "zero"])
def test_it_scores_the_cells_test_images_as_stored(cells, test_images, name):
    key = getattr(cells, name)
    model = bench.load_model(cells.store, key[:12], cache=cells.cache, device="cpu")
    images = torch.stack([model.preprocess(image) for image in test_images])
    logits = model(images)
    assert not logits.requires_grad
    np.testing.assert_allclose(logits.numpy(), cells.store.scores(key), atol=1e-4, rtol=0)
    np.testing.assert_allclose(model(images[:1]).numpy(), logits[:1].numpy(), atol=1e-5)
    targets = cells.store.targets(cells.store.cell(key).dataset.fingerprint)
    assert model.class_names == targets.class_names


def test_it_is_a_plain_module(cells, test_images):
    model = bench.load_model(str(cells.root), cells.heldout, cache=cells.cache, device="cpu")
    assert not model.train().training
    assert not any(part.training for part in model.modules())
    images = torch.stack([model.preprocess(image) for image in test_images[:4]])
    dense, pooled = model.features(images)
    assert dense.shape == (4, 64, 256)
    assert pooled.shape == (4, 256)
    torch.testing.assert_close(model.scorer(model.features(images)), model(images))
    state = {name: value.clone() for name, value in model.state_dict().items()}
    assert any(name.startswith("encoder.") for name in state)
    model.load_state_dict(state)


def test_text_features_are_computed_once_and_follow_a_change_of_type(cells, test_images, monkeypatch):
    model = bench.load_model(cells.store, cells.texts, cache=cells.cache, device="cpu")
    images = torch.stack([model.preprocess(image) for image in test_images[:4]])
    before, count = model(images), []
    scorer = type(model.head).scorer
    monkeypatch.setattr(type(model.head), "scorer", lambda self: count.append(1) or scorer(self))
    model(images)
    assert count == [], "they were computed by the first call"
    torch.testing.assert_close(model.double().float()(images), before, atol=1e-4, rtol=0)
    assert count == [1]


def test_images_of_other_modes_and_sizes(cells):
    model = bench.load_model(cells.store, cells.zero, cache=cells.cache, device="cpu")
    for mode in ("L", "RGBA", "P", "CMYK", "I;16"):
        assert model.preprocess(Image.new(mode, (31, 77))).shape == (3, model.image_size, model.image_size)


def test_a_cell_that_is_not_there_or_changed_code(cells, monkeypatch):
    with pytest.raises(UsageError, match="There is no cell 'zzz'"):
        bench.load_model(cells.store, "zzz")
    with pytest.raises(UsageError, match="There is no store at"):
        bench.load_model(cells.root / "nowhere", cells.zero)
    monkeypatch.setattr("bench.system.environment.source_hash", lambda method: "another")
    with pytest.warns(UserWarning, match="clip_zero_shot has changed since"):
        bench.load_model(cells.store, cells.zero, cache=cells.cache, device="cpu")
