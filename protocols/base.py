"""The contract of protocols, and the facts of a mask that go into every result."""

import dataclasses
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bench.errors import UsageError
from bench.settings.config import NoOptions
from bench.settings.contents import files_fingerprint
from bench.settings.registry import Registry
from bench.system.chunks import row_slices
from bench.system.sparse import SparseLabels

PROTOCOLS: Registry[type["Protocol"]] = Registry("protocol", packages=("protocols",))


@dataclass(frozen=True)
class Images:
    """Whose labels the N rows are, for rules that were published with an image list.

    ids: file names in the order of the rows; empty where nobody knows them.
    positions, count: the row of each image in the official list, and how many rows that has; None: this is the list.
    """

    ids: Sequence[str] = ()
    positions: np.ndarray | None = None
    count: int | None = None


UNNAMED = Images()


class Protocol(ABC):
    """A rule (labels, percent, seed, image list) -> observed labels, the same for every method.

    A subclass writes `hide` and states these facts, which the harness reads and the tests hold it to:

    reference: the paper or file that the rule comes from.
    has_percent: whether the rule takes a share of known labels at all.
    nested: what is known at a smaller percent is known at every larger one, for the same seed.
    negatives: whether a known negative can occur with the default options; False where only positives are known.
    faithful: a known value is the label's; False where the rule is there to give wrong ones.
    blind: which entries are known does not depend on what their labels are.
    seeded: whether the seed changes anything.
    by_name: an image's row follows its name, in whatever order the rows stand.
    keeps_lists: labels held as lists (`SparseLabels`) can be given to it; all others need them as a table.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    reference: ClassVar[str] = ""
    has_percent: ClassVar[bool] = True
    nested: ClassVar[bool] = True
    negatives: ClassVar[bool] = True
    faithful: ClassVar[bool] = True
    blind: ClassVar[bool] = True
    seeded: ClassVar[bool] = True
    by_name: ClassVar[bool] = False
    keeps_lists: ClassVar[bool] = False
    Options: ClassVar[type] = NoOptions

    def __init__(self, options: Any = None):
        self.options = options if options is not None else self.Options()

    def observe(self, labels: np.ndarray, percent: int | None, seed: int, images: Images = UNNAMED) -> np.ndarray:
        """Observed labels int8 (N, C) in {-1, 0, +1} from all labels (N, C), checked to give no other value away.

        Labels that are 0, unknown in the data itself, stay so under every protocol.
        """
        observed = self.hide(labels, self._share(percent), seed, images)
        assert observed.shape == labels.shape, f"protocol {self.name!r} changed the shape of the labels"
        assert observed.dtype == np.int8, f"protocol {self.name!r} gave {observed.dtype}"
        pieces = () if observed is labels else row_slices(*labels.shape)
        for rows in pieces:
            full, left = labels[rows], observed[rows]
            known = left != 0
            assert not (known & (full == 0)).any(), f"protocol {self.name!r} gave an unknown label a value"
            wrong = self.faithful and (known & (left != full)).any()
            assert not wrong, f"protocol {self.name!r} gave a value that is not the label's"
        return observed

    @abstractmethod
    def hide(self, labels: np.ndarray, percent: int, seed: int, images: Images) -> np.ndarray:
        """A new array: `labels` (N, C) where known, 0 elsewhere. `percent` is 100 where the rule takes none."""

    @classmethod
    def knows_negatives(cls, options: Any) -> bool:
        """Whether a known negative can occur with these options."""
        return cls.negatives

    @classmethod
    def files(cls, options: Any) -> list[Path]:
        """The files that `options` name: their content decides the mask."""
        return [value for value in _values(options).values() if isinstance(value, Path)]

    @classmethod
    def fingerprint(cls, options: Any) -> str:
        """A hash of the content of `files`, wherever they lie; empty for a rule without files."""
        return files_fingerprint(f"protocol {cls.name!r}", cls.files(options))

    def _share(self, percent: int | None) -> int:
        if not self.has_percent:
            if percent is not None:
                raise UsageError(f"protocol {self.name!r} takes no percent, and {percent} was given; leave it out.")
            return 100
        if percent is None:
            raise UsageError(f"protocol {self.name!r} needs a percent of known labels; give one from 1 to 100.")
        if not 1 <= percent <= 100 or percent != int(percent):
            raise UsageError(f"protocol {self.name!r} cannot keep {percent} % of the labels; give 1 to 100.")
        return int(percent)


PROTOCOLS.base = Protocol


def paths_of(options: Any) -> dict[str, str]:
    """Those options that are paths: where a file lies on this machine says nothing about what is in it."""
    return {name: str(value) for name, value in _values(options).items() if isinstance(value, Path)}


def _values(options: Any) -> dict[str, Any]:
    return {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}


@dataclass(frozen=True)
class MaskFacts:
    """Digest and shares of a mask."""

    sha256: str
    known: float
    known_positives: float
    known_negatives: float
    known_wrong: float
    images_without_labels: int
    classes_without_positives: int
    unknown_in_data: float = 0.0


def mask_facts(labels: np.ndarray, observed: np.ndarray, rows: np.ndarray | None = None) -> MaskFacts:
    """Digest and realised shares of `observed` (N, C) against all `labels` (N, C) of the data; rows: of these alone.

    known, known_positives, known_negatives: of the labels that the data has, the share that stays known.
    known_wrong: the share of known entries whose value is not the label's. unknown_in_data: the share of all entries
    that the data itself does not tell. Counted in chunks, so that no copy of the labels is made.
    """
    rows = np.arange(len(labels)) if rows is None else rows
    if isinstance(observed, SparseLabels):
        return _facts_of_lists(observed.take(rows))
    digest, counts, with_positive = hashlib.sha256(), dict.fromkeys(_COUNTED, 0), np.zeros(labels.shape[1], bool)
    for part in row_slices(len(rows), labels.shape[1]):
        full, left = labels[rows[part]], observed[rows[part]]
        digest.update(left.tobytes())
        known, positive, negative = left != 0, full == 1, full == -1
        for name, entries in zip(
            _COUNTED,
            (positive, negative, known & positive, known & negative, known, known & (left != full), ~known.any(axis=1)),
            strict=True,
        ):
            counts[name] += int(np.count_nonzero(entries))
        with_positive |= (left == 1).any(axis=0)
    labelled = counts["positives"] + counts["negatives"]
    return MaskFacts(
        sha256=digest.hexdigest(),
        known=_share(counts["known_positives"] + counts["known_negatives"], labelled),
        known_positives=_share(counts["known_positives"], counts["positives"]),
        known_negatives=_share(counts["known_negatives"], counts["negatives"]),
        known_wrong=_share(counts["wrong"], counts["known"]),
        images_without_labels=counts["empty"],
        classes_without_positives=int((~with_positive).sum()),
        unknown_in_data=_share(len(rows) * labels.shape[1] - labelled, len(rows) * labels.shape[1]),
    )


def _facts_of_lists(observed: SparseLabels) -> MaskFacts:
    """Facts of labels of which all that the data has are known, as every protocol leaves them that takes lists."""
    labelled = len(observed.values)
    return MaskFacts(
        sha256=observed.sha256,
        known=_share(labelled, labelled),
        known_positives=_share(1, int((observed.values == 1).any())),
        known_negatives=_share(1, int((observed.values == -1).any())),
        known_wrong=_share(0, labelled),
        images_without_labels=int(np.count_nonzero(np.diff(observed.starts) == 0)),
        classes_without_positives=int(np.count_nonzero(observed.class_totals(1) == 0)),
        unknown_in_data=_share(observed.size - labelled, observed.size),
    )


_COUNTED = ("positives", "negatives", "known_positives", "known_negatives", "known", "wrong", "empty")


def _share(part: int, of: int) -> float:
    return part / of if of else float("nan")
