"""Properties of a method's scores."""

import copy

import torch
from torch import Tensor

from bench.conformance.methods.models import Kind, images, make, partly, scorable, trained
from bench.conformance.properties import Properties, fail, require, require_close, require_same_state
from bench.conformance.toy_data import NAMES, build_task
from methods import Features

PROPERTIES = Properties()


def _rows(features: Features, rows: slice | Tensor) -> Features:
    return Features(*(tensor[rows] for tensor in features))


@PROPERTIES.property(
    "scores are float32 logits, an image a row", "metrics rank float32 scores of shape (images, classes)"
)
def scores_are_logits(method: Kind) -> None:
    unseen = images(200, seed=1)
    model = scorable(method).eval()
    with torch.no_grad():
        scores = model.scorer()(unseen.features)
    expected = (200, len(NAMES))
    require(scores.shape == expected, f"scores of 200 images in 5 classes have shape {tuple(scores.shape)}")
    require(scores.dtype == torch.float32, f"scores are {scores.dtype}, not torch.float32")
    require(scores.isfinite().all(), "scores are not finite")


@PROPERTIES.property(
    "declares whether it reads images", "a floor that reads none would be shown as a method, or the reverse"
)
def declares_images(method: Kind) -> None:
    scores = scorable(method).score(images(200, seed=1).features)
    if method.reads_images:
        require((scores.std(dim=0) > 0).all(), "some class has the same score for every image")
    else:
        require_close(scores, scores[:1].expand(200, -1), "it says that it reads no images, and its scores differ")


@PROPERTIES.property(
    "scores each image alone", "a score would depend on the other images of the batch, or on their order"
)
def scores_each_image_alone(method: Kind) -> None:
    unseen = images(200, seed=1).features
    score = scorable(method).eval().scorer()
    scores, close = score(unseen), {"rtol": 1e-5, "atol": 1e-5}
    halves = torch.cat([score(_rows(unseen, slice(0, 100))), score(_rows(unseen, slice(100, None)))])
    require_close(halves, scores, "images scored in two halves have other scores", **close)
    order = torch.randperm(200, generator=torch.Generator().manual_seed(0))
    require_close(score(_rows(unseen, order)), scores[order], "images in another order have other scores", **close)
    one = score(_rows(unseen, slice(3, 4)))
    require_close(one, scores[3:4], "an image scored by itself has another score", **close)


@PROPERTIES.property("scoring leaves no trace", "how often a run is evaluated would change what it learns")
def scoring_leaves_no_trace(method: Kind) -> None:
    data = images()
    model = trained(method, partly(data)).train()
    before, random_state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    model.score(data.features)
    require(model.training, "scoring leaves the model in evaluation mode")
    require(torch.equal(torch.get_rng_state(), random_state), "scoring draws from the global random generator")
    require_same_state(model.state_dict(), before, "scoring changes the model's state")


@PROPERTIES.property(
    "forward gives losses only", "scores come from `scorer`, so that all that is no image's is computed once"
)
def forward_gives_losses(method: Kind) -> None:
    data = images()
    try:
        make(method, build_task(data.labels))(data.features, data.labels, torch.arange(40), mode="predict")
    except ValueError:
        return
    fail("forward takes another mode than loss; leave it as the base class has it")
