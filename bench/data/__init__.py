"""Datasets: images, class names, labels and the official train/test split."""

from bench.data.base import DATASETS, Dataset, Split

__all__ = ["DATASETS", "Dataset", "Split"]
