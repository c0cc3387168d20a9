"""The properties of a backbone, with the default options; random noise stands in for images."""

from typing import Any

import torch
from PIL import Image

from bench.backbones import Backbone
from bench.conformance.properties import Properties, require, require_close
from bench.system.seeding import numpy_stream

PROPERTIES = Properties()
Kind = type[Backbone]


def _pictures(count: int = 3) -> list[Image.Image]:
    pixels = numpy_stream("scene", "conformance").integers(0, 256, (count, 48, 64, 3), dtype="uint8")
    return [Image.fromarray(picture) for picture in pixels]


def _encoded(backbone: Any) -> Any:
    return backbone.encode_images(torch.stack([backbone.preprocess(picture) for picture in _pictures()]))


@PROPERTIES.property("features have the declared sizes", "methods are built for (H x W, D) tokens and one vector")
def features_have_sizes(backbone: Kind) -> None:
    built = backbone(backbone.Options())
    dense, pooled = _encoded(built)
    tokens = built.grid[0] * built.grid[1]
    side = backbone.input_side(backbone.Options())
    require(side in (None, built.image_size), f"`input_side` gives {side}, but it takes {built.image_size} pixels")
    require(
        dense.shape == (3, tokens, built.dim),
        f"dense features are {tuple(dense.shape)}, not (3, {tokens}, {built.dim})",
    )
    require(pooled.shape == (3, built.dim), f"pooled features are {tuple(pooled.shape)}, not (3, {built.dim})")
    require(built.position.shape == (1 + tokens, built.dim), "`position` is not (1 + H x W, D)")
    require(dense.isfinite().all() and pooled.isfinite().all(), "features are not finite")


@PROPERTIES.property("encodes each image alone", "features are cached image by image, whatever the batch")
def encodes_each_alone(backbone: Kind) -> None:
    built = backbone(backbone.Options())
    whole = _encoded(built)
    alone = built.encode_images(built.preprocess(_pictures()[1])[None])
    close = {"rtol": 1e-3, "atol": 1e-3}
    require_close(alone.dense[0], whole.dense[1], "an image encoded by itself has other tokens", **close)
    require_close(alone.pooled[0], whole.pooled[1], "an image encoded by itself has another pooled vector", **close)


@PROPERTIES.property("built twice it is the same", "the cache would mix features of two encoders")
def is_repeatable(backbone: Kind) -> None:
    one, other = (backbone(backbone.Options()) for _ in range(2))
    require(backbone.fingerprint(backbone.Options()), "its fingerprint is empty")
    require(one.weights_sha256 == other.weights_sha256, "its weights' hash is another one the second time")
    require_close(_encoded(one), _encoded(other), "built again, it encodes the same images otherwise")


@PROPERTIES.property(
    "its text tower is as declared", "prompts are learned through it", lambda backbone: backbone.has_text
)
def text_tower_fits(backbone: Kind) -> None:
    built = backbone(backbone.Options())
    text = built.text
    require(text is not None, "it says `has_text = True`, and `text` is None")
    assert text is not None
    with torch.no_grad():
        features = text.encode(["a photo of a cat", "a dog"])
        alone = text.encode(["a dog"])
    require(features.shape == (2, text.dim), f"features of two texts are {tuple(features.shape)}, not (2, {text.dim})")
    require_close(alone[0], features[1], "a text encoded by itself has other features", rtol=1e-3, atol=1e-3)
    ids, end = text.tokenize(["a dog"])
    with torch.no_grad():
        embedded = text.embed(ids)
        padded = torch.cat([embedded, torch.ones(1, 3, text.width)], dim=1)
        behind = text(padded, end)
        rows = text.sequence(padded)[0, end] if built.has_token_texts else behind
    require_close(behind, alone, "what stands behind the end of a text changes its features", rtol=1e-3, atol=1e-3)
    require_close(rows, alone, "its features at the end are not those of the text", rtol=1e-3, atol=1e-3)
    require(not any(p.requires_grad for p in text.parameters()), "its parameters ask for gradients; it is frozen")
