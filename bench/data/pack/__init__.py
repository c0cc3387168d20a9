"""Feature packs: a dataset and its encoded images in one file, for machines that have neither photos nor encoder."""

from bench.data.pack.dataset import Pack, is_pack

__all__ = ["Pack", "is_pack"]
