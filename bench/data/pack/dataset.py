"""The dataset in a feature pack: labels, names and image lists of another one, and features in place of images."""

import dataclasses
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bench.data.base import DATASETS, Dataset, Split
from bench.data.images import NoImages
from bench.data.pack.facts import LARGEST_LIST, open_pack
from bench.data.roots import find_root
from bench.errors import DataError, UsageError
from bench.records.component import Component
from bench.settings.config import NoOptions
from bench.settings.conversion import build
from bench.system.npy import npy_header

NO_IMAGES = "a feature pack holds no images; give the folder of the dataset's own files with --root DIR."


@DATASETS.register("pack")
class Pack(Dataset):
    """Features, labels and names in one file of `bench cache export`: runs without images and without encoding.

    Its cells are those of the dataset and backbone that it was made from: same labels, masks and keys.
    """

    Options = NoOptions
    needs_root = True

    def __init__(self, options: Any, root: Path | None, cache: Path):
        super().__init__(options, root, cache)
        if root is None or not root.is_file():
            raise DataError(f"{root} is no file; --root must be the feature pack that `bench cache export` wrote.")
        self.bundle, self.pack = open_pack(root)
        # The mark of an encoder's numbers depends on it.
        self.default_backbone = self.pack.default_backbone  # type: ignore[misc]
        self._proved = False

    @classmethod
    def backbone_for(cls, root: Path | None) -> str:
        return open_pack(find_root(cls.name, root))[1].backbone.name

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.pack.class_names

    @cached_property
    def train(self) -> Split:
        return self._split("train")

    @cached_property
    def test(self) -> Split:
        return self._split("test")

    @property
    def sizes(self) -> dict[str, int]:
        return {f"{part}_images": self.pack.split(part).images for part in ("train", "test")}

    @property
    def facts(self) -> dict[str, Any]:
        """The facts of the dataset, and the pack that they were read from."""
        return {**self.pack.facts, **super().facts, "pack": {"sha256": self.bundle.digest, **self.pack.made}}

    @cached_property
    def component(self) -> Component:
        """That of the dataset it was made from. DataError if the labels are not those of its fingerprint."""
        planned = self.pack.dataset
        fingerprint = planned.fingerprint if self.pack.own_fingerprint else self.fingerprint
        return dataclasses.replace(planned, fingerprint=fingerprint)

    def check(self) -> None:
        super().check()
        self.prove()

    def prove(self) -> None:
        """DataError unless labels, names and image lists are those of the fingerprint that the pack claims."""
        if not self._proved:
            self._compare()
        self._proved = True

    def _compare(self) -> None:
        planned, kind = self.pack.dataset, None
        if not self.pack.own_fingerprint:
            same = self.fingerprint == planned.fingerprint
        elif planned.name in DATASETS.names() and not (kind := DATASETS.get(planned.name)).needs_root:
            original = kind(build(kind.Options, planned.options, owner=planned.name), None, self.cache)
            same = original.fingerprint == planned.fingerprint and all(
                np.array_equal(getattr(original, part).labels, getattr(self, part).labels)
                and getattr(original, part).ids == getattr(self, part).ids
                for part in ("train", "test")
            )
        else:
            raise self.bundle.error(f"nothing here can tell whether its labels are those of {planned.name}")
        if not same:
            raise self.bundle.error(f"its labels are not those of the {planned.name} that it names")

    def refuse_other(self, dataset: str, options: Mapping[str, Any]) -> None:
        """UsageError if a request asks for another dataset than the pack's, or for other options of it."""
        planned = self.pack.dataset
        if dataset not in (self.name, planned.name):
            raise UsageError(
                f"{self.root} is a feature pack of {planned.name}; give --dataset pack, or the folder of {dataset}."
            )
        for option, value in options.items():
            if str(planned.options.get(option)) != str(value):
                raise UsageError(
                    f"{self.root} was made with {planned.name}.{option}={planned.options.get(option)}; leave "
                    f"{dataset}.{option}={value} out."
                )

    def array(self, member: str, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
        """A member as an array in memory; its size was compared with the shape when the pack was opened."""
        header, content = npy_header(dtype, shape), self.bundle.content(member, self.bundle.size)
        if not content.startswith(header):
            raise self.bundle.error(f"{member} does not begin with its header")
        return np.frombuffer(content, dtype, offset=len(header)).reshape(shape)

    def _split(self, part: str) -> Split:
        facts = self.pack.split(part)
        read = {
            name.rpartition("/")[2].removesuffix(".npy"): self.array(name, *like)
            for name, like in self.pack.arrays(part).items()
            if not name.endswith(("/dense.npy", "/pooled.npy"))
        }
        try:
            ids = json.loads(self.bundle.content(f"{part}/ids.json", LARGEST_LIST))
        except (ValueError, RecursionError):
            ids = None
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise self.bundle.error(f"{part}/ids.json is no list of names")
        try:
            return Split(
                tuple(ids),
                read["labels"],
                NoImages(facts.images, NO_IMAGES, facts.content),
                positions=read.get("positions"),
                official_count=facts.official_count,
                ignored=read.get("ignored"),
            )
        except DataError as error:
            raise self.bundle.error(f"its {part} split is wrong: {str(error).rstrip('.')}") from None


def is_pack(root: Path | None) -> bool:
    """Whether a dataset's root is a file: the datasets themselves lie in folders."""
    return root is not None and root.is_file()
