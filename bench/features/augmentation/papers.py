"""The augmentations of the compared papers, by name."""

from bench.features.augmentation.base import AUGMENTATIONS, Augmentation
from bench.features.augmentation.operations import crop_of_sizes, cutout_share, flip, random_crop
from bench.features.augmentation.policies import fixmatch_augment, mlc_policy, rand_augment


@AUGMENTATIONS.register("none")
class Plain(Augmentation):
    """The image as it is."""


@AUGMENTATIONS.register("dualcoop")
class DualCoOpAugmentation(Augmentation):
    """DualCoOp: resize, CutoutPIL(0.5), RandAugment; no crop, no flip."""

    squashed = True
    steps = (cutout_share(0.5), rand_augment)


@AUGMENTATIONS.register("asl")
class AslAugmentation(DualCoOpAugmentation):
    """ASL and its lineage (CSL, Hill, SPLC, ML-Decoder): resize, CutoutPIL(0.5), RandAugment."""


@AUGMENTATIONS.register("tai")
class TaiAugmentation(Augmentation):
    """TaI-DPT's code for DualCoOp (also DualCoOp++): RandomResizedCrop(0.5-1), MLC policy, flip."""

    steps = (random_crop(0.5), mlc_policy, flip)


@AUGMENTATIONS.register("weak")
class WeakAugmentation(Augmentation):
    """SCPNet's weak view: RandomResizedCrop(0.08-1), flip."""

    steps = (random_crop(0.08), flip)


@AUGMENTATIONS.register("strong")
class StrongAugmentation(Augmentation):
    """SCPNet's strong view: RandAugment(3, 5) with a hole, then RandomResizedCrop(0.08-1), flip."""

    steps = (fixmatch_augment, random_crop(0.08), flip)


@AUGMENTATIONS.register("hcp")
class HcpAugmentation(Augmentation):
    """SST, SARB, HST: of 512 pixels a crop of 512, 448, 384, 320 or 256, flip."""

    steps = (crop_of_sizes(512 / 512, 448 / 512, 384 / 512, 320 / 512, 256 / 512), flip)


@AUGMENTATIONS.register("flip")
class FlipAugmentation(Augmentation):
    """ROLE, LargeLoss, BoostLU, GR: resize, flip."""

    steps = (flip,)
