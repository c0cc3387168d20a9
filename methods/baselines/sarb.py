"""SARB: features of known positives are blended into images whose label is unknown."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from bench.settings.config import log_float, setting, uniform
from methods.base import METHODS, Batch, Task
from methods.losses import soft_binary_cross_entropy
from methods.parts import Part
from methods.structure import StructureConfig, StructureMethod
from methods.structure.instance_contrast import instance_contrast
from methods.structure.memory import ClusterMemory


@dataclass(frozen=True, kw_only=True)
class SARBConfig(StructureConfig):
    """Defaults: the official weights and prototypes."""

    contrast_weight: float = setting(0.05, "weight of the instance contrast", ge=0, search=log_float(0.005, 0.5))
    instance_weight: float = setting(1.0, "weight of the loss on instance blends", ge=0, search=uniform(0, 2))
    prototype_weight: float = setting(1.0, "weight of the loss on prototype blends", ge=0, search=uniform(0, 2))
    blend: float = setting(
        0.5, "where both learned shares of an image's own feature start", gt=0, lt=1, search=uniform(0.1, 0.9)
    )
    prototypes: int = setting(10, "prototypes of each class", ge=1)
    memory: int = setting(256, "features of known positives that a class's prototypes are found among", ge=1)


@METHODS.register("sarb")
class SARB(StructureMethod):
    """SARB (Pu et al., AAAI 2022): semantic-aware representation blending on SSGRL's trunk.

    instance blend, with the batch in reverse order: where y_c is unknown and the other image has it,
        f'_c = a f_c + (1 - a) f_other,c with target 1 - a;  prototype blend, in one unknown class of each image:
        f''_c = b f_c + (1 - b) centre_c with target 1 - b;  a and b are learned, everything else stays as it is
    loss = BCE(z, y) + 0.05 contrast(f), its weight rising over the first epoch, and from a quarter of the run on
        + BCE(z(f'), y') + BCE(z(f''), y'')
    centres: K-means over features of known positives, anew at each quarter of the run
    """

    Config = SARBConfig
    reference = (
        "Pu et al., Semantic-Aware Representation Blending for Multi-Label Image Recognition with Partial Labels, "
        "AAAI 2022"
    )
    equation = "BCE(z(f), y) + BCE(z(blend with instance), y') + BCE(z(blend with prototype), y'') + 0.05 contrast"
    defaults_from = "HCP-MLR-PL's code: weights, prototypes, schedule; sizes, batch and rate ours, for frozen features"
    note = (
        "text features in the place of GloVe unless a file is given; prototypes from the last features of training, not"
        " from a pass over all images; the contrast's random pairs are replaced by their expectation; the paper trains "
        "the backbone with it"
    )
    switches: ClassVar[dict[str, Part]] = {
        **StructureMethod.switches,
        "contrast": Part({"contrast_weight": 0.0}, what="contrast between images"),
        "instance blend": Part({"instance_weight": 0.0}, what="features of another image blended in"),
        "prototype blend": Part({"prototype_weight": 0.0}, what="prototypes blended in"),
    }
    training_only: ClassVar[tuple[str, ...]] = ("memory",)

    config: SARBConfig
    column: Tensor

    def __init__(self, config: SARBConfig, task: Task):
        super().__init__(config, task)
        self.alpha, self.beta = (nn.Parameter(torch.tensor(config.blend)) for _ in range(2))
        self.memory = ClusterMemory(task.num_classes, config.memory, config.width, config.prototypes)
        # Which column of the noise is a class's: draws go with the class, wherever it stands.
        self.register_buffer("column", torch.arange(task.num_classes))

    def start_epoch(self, epoch: int) -> None:
        super().start_epoch(epoch)
        self.memory.start_epoch(epoch, self.quarter)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        config, labels = self.config, batch.labels
        features = self.trunk.features(batch.features.dense)
        self.memory.update(features, labels)
        terms = {
            "loss_bce": self.known_loss(self.trunk.classify(features), labels),
            "loss_contrast": self.rise(labels) * config.contrast_weight * instance_contrast(features, labels),
        }
        if self.epoch >= self.quarter:
            with torch.no_grad():
                self.alpha.clamp_(0, 1)
                self.beta.clamp_(0, 1)
            centre = self.memory.centres[:, int(torch.randint(config.prototypes, (1,)))]  # one draw for the whole batch
            noise = torch.rand(labels.shape, device=labels.device)[:, self.column]
            has_centres = self.memory.centres.any(dim=-1).all(
                dim=-1
            )  # a class without a known positive has no prototype
            blends = {
                "instance": (shown_by_other(labels), features.flip(0), self.alpha, config.instance_weight),
                "prototype": (one_unknown(labels, noise, has_centres), centre, self.beta, config.prototype_weight),
            }
            for name, (chosen, other, share, weight) in blends.items():
                mixed, targets = blend(features, labels, other, chosen, share)
                terms[f"loss_{name}"] = weight * soft_binary_cross_entropy(self.trunk.classify(mixed), targets)
        return terms


def shown_by_other(labels: Tensor) -> Tensor:
    """bool (B, C): unknown here, and known to be present in the image that stands here in the reversed batch."""
    return (labels == 0) & (labels.flip(0) > 0)


def one_unknown(labels: Tensor, noise: Tensor, allowed: Tensor) -> Tensor:
    """bool (B, C): one unknown class of each image, that of the largest noise (B, C) in 0..1 among `allowed` (C,).

    None in an image without any; HCP's code blends its class 0.
    """
    open_ = (labels == 0) & allowed
    first = noise.masked_fill(~open_, -1.0).argmax(dim=1, keepdim=True)
    return torch.zeros_like(open_).scatter_(1, first, True) & open_


def blend(features: Tensor, labels: Tensor, other: Tensor, chosen: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Features (B, C, F) and targets (B, C): where `chosen` (B, C), share f + (1 - share) other, and 1 - share."""
    mixed = torch.where(chosen[..., None], share * features + (1 - share) * other, features)
    return mixed, torch.where(chosen, 1 - share, labels.to(share.dtype))
