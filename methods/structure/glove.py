"""Word vectors of classes from a GloVe file."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bench.errors import DataError
from methods.layers.prompts import readable


def glove_features(path: Path, class_names: Sequence[str]) -> Tensor:
    """(C, W) from a GloVe file: each class is the mean of its words' vectors.

    A text file has one word a line, then its numbers, as GloVe is distributed; only the classes' words are kept. An
    .npy file holds the (C, W) rows of the classes in their order, as HCP-MLR-PL ships them.
    """
    if path.suffix == ".npy":
        return _rows(path, len(class_names))
    words = {name: re.findall(r"[^\W_]+", readable(name).lower()) for name in class_names}
    vectors = _vectors(path, {word for each in words.values() for word in each})
    for name, each in words.items():
        missing = [word for word in each if word not in vectors]
        if missing or not each:
            example = f"the word {missing[0]!r}" if missing else "any word"
            raise DataError(f"{path} does not have {example} of class {name!r}; give a GloVe file with it, or none.")
    return torch.from_numpy(
        np.stack([np.mean([vectors[word] for word in words[name]], axis=0) for name in class_names])
    )


def _vectors(path: Path, words: set[str]) -> dict[str, np.ndarray]:
    vectors: dict[str, np.ndarray] = {}
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                word, _, numbers = line.rstrip().partition(" ")
                if word not in words or word in vectors:
                    continue
                vectors[word] = np.array(numbers.split(" "), dtype=np.float32)
                if vectors[word].shape != next(iter(vectors.values())).shape:
                    raise DataError(
                        f"{path}, line {number}: {word!r} has {len(vectors[word])} numbers, others have more or less."
                    )
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read as a GloVe file ({error}); each line is a word and its numbers."
        ) from None
    return vectors


def _rows(path: Path, num_classes: int) -> Tensor:
    try:
        rows = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as an array ({error}); give an .npy file of numbers.") from None
    if not isinstance(rows, np.ndarray):
        raise DataError(f"{path} is an archive of arrays; give an .npy file of numbers.")
    if rows.ndim != 2 or len(rows) != num_classes or rows.dtype.kind not in "fiu":
        raise DataError(
            f"{path} holds {rows.dtype} {rows.shape}; give one row of numbers for each of {num_classes} classes."
        )
    return torch.from_numpy(rows.astype(np.float32))
