"""The joined backbone with its real weights, where the extra `photos` is installed."""

import importlib.util

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from bench.backbones import BACKBONES
from bench.backbones.lite2_minilm.trunk import load_classifier
from bench.backbones.lite2_minilm.weights import PACKAGED_FILES
from bench.conformance import backbones, check_properties
from bench.data.scenes.source import Benchmark

ABSENT = sorted({file.package for file in PACKAGED_FILES if importlib.util.find_spec(file.package) is None})
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(ABSENT), reason=f"the weights of the extra `photos` are not installed: {ABSENT}"),
]


@pytest.fixture(scope="module")
def joined():
    kind = BACKBONES.get("lite2_minilm")
    return kind(kind.Options())


def test_it_has_every_property():
    results = check_properties(BACKBONES.get("lite2_minilm"), backbones.PROPERTIES)
    assert [result.why for result in results if result.why] == []


@torch.no_grad()
def test_texts_that_mean_the_same_lie_together_and_long_ones_are_refused(joined):
    texts = ["a photo of a dog", "a picture of a puppy", "the stock market fell sharply"]
    cat, kitten, other = F.normalize(joined.text.encode(texts), dim=-1)
    assert cat @ kitten > 0.5 > 0.2 > cat @ other
    assert joined.text.word_std == pytest.approx(0.0556, abs=1e-4)


@torch.inference_mode()
def test_the_folded_trunk_is_the_classifiers_own(joined):
    images = torch.stack([joined.preprocess(Image.fromarray(Benchmark(0, "train").picture(i))) for i in range(2)])
    plain, folded = load_classifier().forward_features(images), joined.encoder.trunk(images)
    torch.testing.assert_close(folded, plain, rtol=1e-3, atol=1e-3)


def test_prompts_learn_through_the_tower(joined):
    ids, end = joined.text.tokenize(["a photo of a sky", "trees"])
    embedded = joined.text.embed(ids).clone().requires_grad_()
    joined.text(embedded, end).sum().backward()
    behind = np.arange(ids.shape[1])[None] > end[:, None].numpy()
    assert embedded.grad[~torch.from_numpy(behind)].abs().sum(dim=-1).min() > 0
    assert embedded.grad[torch.from_numpy(behind)].abs().max() == 0
