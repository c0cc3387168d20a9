"""The miniature CLIP that ships with the package (see `bench.backbones.tiny_clip` for how it was trained)."""

import functools
import hashlib

from bench.backbones.base import BACKBONES
from bench.backbones.clip import ClipBackbone
from bench.backbones.tiny_clip.model import IMAGE_SIZE, PIXEL_MEAN, PIXEL_STD, WEIGHTS, load_tiny_clip
from bench.settings.config import NoOptions


@BACKBONES.register("tiny_clip")
class TinyCLIP(ClipBackbone):
    """The embedded miniature: 64-pixel images, 8x8 tokens, D = 256; it knows the 20 categories of `scenes`."""

    Options = NoOptions
    mark = "miniature"
    mean, std = PIXEL_MEAN, PIXEL_STD

    def __init__(self, options: NoOptions):
        from bench.backbones.tiny_clip.tokenizer import tiny_tokenizer  # with open_clip, which takes long to import

        super().__init__(options)
        self.weights_sha256 = self.fingerprint(options)
        self.adopt(load_tiny_clip(), tiny_tokenizer(), IMAGE_SIZE)

    @classmethod
    @functools.cache
    def fingerprint(cls, options: NoOptions) -> str:
        return hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()

    @classmethod
    def input_side(cls, options: NoOptions) -> int:
        return IMAGE_SIZE
