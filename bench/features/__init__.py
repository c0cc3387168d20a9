"""Frozen features, computed once: memory-mapped arrays keyed by everything that decides their values."""

from bench.features.cache import FeatureSet, Progress, cached_features
from bench.features.care import remove, usage, verify
from bench.features.encode import ENCODE_BATCH, Precision, Prepare, encoding_dtype
from bench.features.keys import FORMAT, content_digest, feature_key
from bench.features.layout import Entry, Shape, entries

__all__ = [
    "ENCODE_BATCH",
    "FORMAT",
    "Entry",
    "FeatureSet",
    "Precision",
    "Prepare",
    "Progress",
    "Shape",
    "cached_features",
    "content_digest",
    "encoding_dtype",
    "entries",
    "feature_key",
    "remove",
    "usage",
    "verify",
]
