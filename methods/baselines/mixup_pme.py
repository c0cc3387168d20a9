"""MixUp-PME: mixup of partly labelled images, whose partner's unknown labels count one half."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from bench.settings.config import setting, uniform
from methods.base import METHODS, Batch
from methods.head_method import HeadConfig, HeadMethod
from methods.layers.mixing import mix_features
from methods.losses import soft_binary_cross_entropy
from methods.parts import Part


@dataclass(frozen=True, kw_only=True)
class MixUpPMEConfig(HeadConfig):
    """Default: mlcpl's."""

    alpha: float = setting(
        0.75, "smallest share of an image itself; 1 mixes nothing", ge=0, le=1, search=uniform(0.3, 1)
    )


def mixed_targets(labels: Tensor, partners: Tensor, share: Tensor) -> Tensor:
    """Soft targets (B, C): t of labels (B, C) in {-1, 0, +1} mixed with that of `partners` (B,), by share (B,).

    t is 1, 0, or 1/2 for an unknown label of the partner; where the image's own label is unknown, NaN.
    """
    t = (labels.float() + 1) / 2
    mixed = share[:, None] * t + (1 - share[:, None]) * t[partners]
    return torch.where(labels == 0, torch.nan, mixed)


@METHODS.register("mixup_pme")
class MixUpPME(HeadMethod):
    """MixUp-PME as mlcpl has it, with binary cross-entropy, on a head over frozen features.

    x = l x1 + (1 - l) x2, l ~ U(0.75, 1);  t = l t1 + (1 - l) t2, with t2 = 1/2 where it is unknown
    loss = mean over entries with t1 known of -t log p - (1 - t) log(1 - p)

    Each image of the batch is x1 once; x2 is another of the batch, in the package one of all images.
    """

    Config = MixUpPMEConfig
    family = "corrections"
    reference = "MixUp-PME in the package mlcpl, Chong et al., 2025"
    source, licence = "maxium0526/mlcpl at 8234a713", "MIT"
    equation = "t = l t1 + (1 - l) t2, unknown t2 = 1/2, left out where t1 is unknown; mean soft BCE"
    defaults_from = "mlcpl's share; optimiser ours"
    note = "mixes features, not images, with partners of the batch"
    switches: ClassVar[dict[str, Part]] = {"mixing": Part({"alpha": 1.0}, what="images are mixed with others")}

    config: MixUpPMEConfig

    @classmethod
    def needs_negatives(cls, config: MixUpPMEConfig) -> bool:
        return True

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        images, device = len(batch.labels), batch.labels.device
        partners = torch.randint(images, (images,)).to(device)
        share = torch.empty(images).uniform_(self.config.alpha, 1).to(device)
        rows = torch.stack([torch.arange(images, device=device), partners], dim=1)
        features = mix_features(batch.features, rows, torch.stack([share, 1 - share], dim=1))
        targets = mixed_targets(batch.labels, partners, share)
        # The loss writes a target of 0 as -1, and leaves out what is 0.
        coded = torch.where(targets > 0, targets, -1.0).masked_fill(targets.isnan(), 0.0)
        return {"loss_mixup_pme": soft_binary_cross_entropy(self.logits(features), coded)}
