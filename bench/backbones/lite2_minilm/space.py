"""The joint space: what makes features out of trunk tokens and where the texts' centre is; ships with the package."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

SPACE_FILE = Path(__file__).with_name("space.safetensors")


class JointSpace(NamedTuple):
    """A trunk token x becomes `value` @ x + `offset`; a text's unit vector t becomes t - `centre`.

    value: (D, 1280); offset: (D,); centre: (D,); logit_scale: () the multiplier that cosines are compared with.
    """

    value: Tensor
    offset: Tensor
    centre: Tensor
    logit_scale: Tensor


def save_space(space: JointSpace, file: Path) -> None:
    """`value`, nearly all there is, in half precision."""
    tensors = {name: tensor.float().contiguous() for name, tensor in space._asdict().items()}
    save_file({**tensors, "value": tensors["value"].half()}, file, metadata={"format": "pt"})


def load_space(file: Path = SPACE_FILE) -> JointSpace:
    return JointSpace(**{name: tensor.to(torch.float32) for name, tensor in load_file(file).items()})


def space_sha256(file: Path = SPACE_FILE) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
