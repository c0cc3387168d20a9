"""Fits the map between ImageNet's trunk and the sentence encoder on photos without any label, and writes it.

    python -m bench.backbones.lite2_minilm.fit --images photos/ --list train.txt --out space.safetensors

The trunk's own ImageNet classifier says what is in a photo; the sentence encoder says where those classes lie among
texts; a ridge regression takes the photo's mean token there. `--list` names one file of the folder a line.
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from .minilm import BERT_WIDTH, load_minilm
from .space import JointSpace, save_space
from .trunk import LITE2_MEAN, LITE2_STD, load_classifier, load_trunk
from .trunk import tokens as trunk_tokens

LOG = logging.getLogger("lite2_minilm.fit")


class SpaceRecipe(NamedTuple):
    """Settings of the shipped map.

    top: classes that make up a photo's target; ridge: of the regression on sums over photos; common: how much all
    tokens share, as the squared norm of their mean at unit length; direction: which principal direction of the class
    texts all tokens are moved along for that.
    """

    image_size: int = 192
    top: int = 20
    ridge: float = 1e4
    common: float = 0.28
    direction: int = 100
    logit_scale: float = 17.0


def class_texts() -> tuple[Tensor, Tensor]:
    """Unit text features (1000, D) of ImageNet's class names minus their mean, and that mean (D,)."""
    from open_clip import IMAGENET_CLASSNAMES

    prompts = [f"a photo of a {name}" for name in IMAGENET_CLASSNAMES]
    unit = torch.cat([load_minilm(torch.zeros(BERT_WIDTH)).encode(prompts[i : i + 100]) for i in range(0, 1000, 100)])
    centre = unit.mean(dim=0)
    return F.normalize(unit - centre, dim=-1), centre


def text_targets(means: Tensor, classifier: nn.Linear, texts: Tensor, top: int) -> Tensor:
    """Where each photo (N, 1280) lies among texts (K, D): its `top` classes by probability, at unit length (N, D)."""
    share, index = classifier(means).softmax(dim=-1).topk(top, dim=-1)
    return F.normalize((share[..., None] * texts[index]).sum(dim=1), dim=-1)


def ridge_map(means: Tensor, targets: Tensor, ridge: float) -> Tensor:
    """B (1280, D) of the centred regression, in double precision."""
    g, t = (part.double() - part.double().mean(dim=0) for part in (means, targets))
    return torch.linalg.solve(g.T @ g + ridge * torch.eye(g.shape[1], dtype=g.dtype), g.T @ t)


def principal_direction(texts: Tensor, number: int) -> Tensor:
    """The `number`-th principal direction (D,) of texts (K, D), its largest entry positive."""
    _, _, directions = torch.linalg.svd(texts.double() - texts.double().mean(dim=0))
    direction = directions[number]
    return direction * direction[direction.abs().argmax()].sign()


def cone_length(tokens: Tensor, direction: Tensor, common: float) -> float:
    """How far to move tokens (N, D) along a unit direction until the mean of their unit vectors has that squared norm.

    No label is used. A solution always exists: the further the tokens are moved, the more alike they become.
    """
    low, high, direction = 0.0, 10.0, direction.to(tokens)
    for _ in range(20):
        middle = (low + high) / 2
        share = F.normalize(tokens + middle * direction, dim=-1).mean(dim=0).square().sum()
        low, high = (middle, high) if share < common else (low, middle)
    return high


def fit_space(
    photos: Sequence[Tensor], classifier: nn.Linear, texts: Tensor, centre: Tensor, recipe: SpaceRecipe
) -> JointSpace:
    """The space of photos given as trunk tokens (HW, 1280) each."""
    means = torch.stack([photo.float().mean(dim=0) for photo in photos])
    value = ridge_map(means, text_targets(means, classifier, texts, recipe.top), recipe.ridge)
    middle = means.double().mean(dim=0)
    tokens = torch.cat([((photo.double() - middle) @ value).float() for photo in photos])
    length = tokens.norm(dim=-1).mean().double()  # the mean length of a token is 1
    value, direction = value / length, principal_direction(texts, recipe.direction)
    offset = cone_length(tokens / length, direction, recipe.common) * direction - middle @ value
    return JointSpace(value.T, offset, centre, torch.tensor(recipe.logit_scale))


@torch.inference_mode()
def photo_tokens(files: Sequence[Path], image_size: int) -> list[Tensor]:
    """Half-precision trunk tokens (HW, 1280) of each file."""
    trunk, size = load_trunk(), (image_size, image_size)
    mean, std = torch.tensor(LITE2_MEAN), torch.tensor(LITE2_STD)
    encoded = []
    for number, file in enumerate(files):
        picture = Image.open(file).convert("RGB").resize(size, Image.Resampling.BICUBIC)
        pixels = (torch.from_numpy(np.asarray(picture, dtype=np.float32)) / 255 - mean) / std
        encoded.append(trunk_tokens(trunk, pixels.permute(2, 0, 1)[None])[0].half())
        if (number + 1) % 500 == 0:
            LOG.info("%d of %d photos encoded", number + 1, len(files))
    return encoded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="folder of the photos")
    parser.add_argument("--list", type=Path, required=True, help="names of the photos to use, one a line")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    recipe = SpaceRecipe()
    files = [arguments.images / name for name in arguments.list.read_text().split()]
    with torch.inference_mode():
        space = fit_space(photo_tokens(files, recipe.image_size), load_classifier().classifier, *class_texts(), recipe)
    save_space(space, arguments.out)


if __name__ == "__main__":
    main()
