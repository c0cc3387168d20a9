"""A dataset without its test split, for searches."""

import hashlib
from typing import Any

from bench.data import Dataset, Split
from bench.errors import BenchError


class NoTestSplitError(BenchError):
    """A search accessed the test split: a defect of the program, never the user's fault."""


def blind(dataset: Dataset) -> Dataset:
    """The same dataset with a test split that raises; facts about both splits come from the training split alone."""
    if not is_blind(dataset):
        cls = type(dataset)
        dataset.__class__ = type(f"Blind{cls.__name__}", (_Blind, cls), {"name": dataset.name})
    return dataset


def is_blind(dataset: Dataset) -> bool:
    """Whether the dataset's test split is out of reach."""
    return isinstance(dataset, _Blind)


class _Blind(Dataset):
    """Base that is put before the class of an opened dataset."""

    @property
    def test(self) -> Split:
        raise NoTestSplitError("a search has no test split; this access is a defect of bench: report it.")

    @property
    def sizes(self) -> dict[str, int]:
        return {"train_images": len(self.train)}

    @property
    def facts(self) -> dict[str, Any]:
        return {"train_images": len(self.train)}

    @property
    def fingerprint(self) -> str:
        """The dataset's own where it needs no files (drawn ones); else a hash of the training split."""
        teller = next(cls for cls in type(self).__mro__ if cls is not _Blind and "fingerprint" in cls.__dict__)
        if teller is not Dataset:
            return super().fingerprint
        digest = hashlib.sha256("\n".join(("train only", *self.class_names)).encode())
        for part in self.train.identity_bytes:
            digest.update(part)
        return digest.hexdigest()

    def check(self) -> None:
        """Checks nothing: each check needs the test split."""
