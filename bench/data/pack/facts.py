"""Facts of a feature pack, as its manifest says them: checked for form and size before anything else is read."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, with_config

from bench.errors import DataError
from bench.records.component import Component
from bench.records.names import plain_name, printable
from bench.system.bundle import Bundle
from bench.system.npy import npy_size

PACK_KIND, PACK_FORMAT = "feature pack", 1
DENSE, POOLED, LABELS, POSITIONS, IGNORED = (
    np.dtype("<f2"),
    np.dtype("<f4"),
    np.dtype("|i1"),
    np.dtype("<i8"),
    np.dtype("|b1"),
)
POSITION_FILE = "position.npy"
LARGEST_LIST = 2**31
"""Bytes of a list of image names or of chunks' digests."""

_Count = Annotated[int, Field(ge=1, le=10**9)]
_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Small = Annotated[int, Field(ge=0, le=10**6)]
_Text = Annotated[str, Field(max_length=1000)]


def _component(data: Any) -> Component:
    if isinstance(data, Component):
        return data
    kinds = {"name": str, "version": int, "options": dict, "fingerprint": str, "plugin": str}
    if not isinstance(data, dict) or not all(type(value) is kinds.get(name) for name, value in data.items()):
        raise ValueError("it is no part of a cell")
    plain_name(data.get("name"))
    return Component(**data)


_Named = Annotated[Component, BeforeValidator(_component)]
_strict = with_config(ConfigDict(extra="forbid"))


@_strict
@dataclass(frozen=True, kw_only=True)
class SplitFacts:
    """A split: how many images, in chunks of how many; the hash of its image files, None of drawn ones.

    official_count: as `Split`; None without positions. ignored: whether some entries are.
    """

    images: _Count
    chunk: Annotated[int, Field(ge=1, le=4096)]
    content: _Hash | None = None
    official_count: _Count | None = None
    ignored: bool = False


@_strict
@dataclass(frozen=True, kw_only=True)
class EncoderFacts:
    """What methods know of an encoder beside its features."""

    grid: tuple[_Count, _Count]
    dim: _Count
    logit_scale: float
    weights_sha256: _Text
    random_weights: bool
    transform: Mapping[str, Any]

    @property
    def tokens(self) -> int:
        return self.grid[0] * self.grid[1]


@_strict
@dataclass(frozen=True, kw_only=True)
class ViewFacts:
    """An augmented view of the training images whose features are in the pack; chunk: as of a split."""

    variant: Mapping[str, Annotated[str, Field(max_length=200)] | _Small]
    chunk: Annotated[int, Field(ge=1, le=4096)]


@_strict
@dataclass(frozen=True, kw_only=True)
class PackFacts:
    """A dataset without its images, and their features.

    dataset, backbone: as they stand in cells. own_fingerprint: whether the dataset tells its fingerprint itself, so
    that it is no hash of labels and images. facts: what every row says of the data. precision: what the encoder
    multiplied in. made: by whom, when, by which versions. licences: of images and labels, of the weights, of the pack.
    views: augmented views of the training images, in the order of their folders.
    """

    dataset: _Named
    own_fingerprint: bool
    class_names: tuple[_Text, ...]
    default_backbone: _Text
    facts: Mapping[str, Any]
    train: SplitFacts
    test: SplitFacts
    backbone: _Named
    encoder: EncoderFacts
    precision: _Text
    made: Mapping[str, _Text]
    licences: Mapping[str, _Text]
    views: tuple[ViewFacts, ...] = ()

    def split(self, part: str) -> SplitFacts:
        return {"train": self.train, "test": self.test}[part]

    def arrays(self, part: str) -> dict[str, tuple[np.dtype, tuple[int, ...]]]:
        """Type and shape of the arrays of a split, by the member's name."""
        split, columns = self.split(part), len(self.class_names)
        arrays: dict[str, tuple[np.dtype, tuple[int, ...]]] = {
            f"{part}/labels.npy": (LABELS, (split.images, columns)),
            f"{part}/dense.npy": (DENSE, (split.images, self.encoder.tokens, self.encoder.dim)),
            f"{part}/pooled.npy": (POOLED, (split.images, self.encoder.dim)),
        }
        if split.official_count is not None:
            arrays[f"{part}/positions.npy"] = (POSITIONS, (split.images,))
        if split.ignored:
            arrays[f"{part}/ignored.npy"] = (IGNORED, (split.images, columns))
        return arrays

    def view(self, variant: Mapping[str, Any]) -> int | None:
        """The place of a view among those of the pack; None if it has none such."""
        return next((i for i, one in enumerate(self.views) if dict(one.variant) == dict(variant)), None)

    def view_arrays(self) -> dict[str, tuple[np.dtype, tuple[int, ...]]]:
        """As `arrays`, of all views."""
        plain = self.arrays("train")
        return {
            f"{view_folder(i)}/{name}.npy": plain[f"train/{name}.npy"]
            for i in range(len(self.views))
            for name in ("dense", "pooled")
        }

    @property
    def position(self) -> tuple[np.dtype, tuple[int, ...]]:
        return POOLED, (1 + self.encoder.tokens, self.encoder.dim)


def view_folder(place: int) -> str:
    """Where a pack keeps the features of its view number `place`."""
    return f"train/views/{place}"


@functools.cache
def _adapter() -> TypeAdapter[PackFacts]:
    return TypeAdapter(PackFacts)


def open_pack(path: Any) -> tuple[Bundle, PackFacts]:
    """The file and its facts. BundleError unless its members are those that the facts ask for, in size and name."""
    bundle = Bundle(path, PACK_KIND, PACK_FORMAT)
    record = {name: value for name, value in bundle.record.items() if name not in ("kind", "format", "members")}
    try:
        facts = _adapter().validate_python(printable(record))
    except ValidationError as error:
        first = error.errors()[0]
        raise bundle.error(f"its manifest is wrong at {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (DataError, TypeError, ValueError) as error:
        raise bundle.error(f"its manifest is wrong ({str(error)[:200]})") from None
    arrays = {POSITION_FILE: facts.position, **facts.arrays("train"), **facts.arrays("test"), **facts.view_arrays()}
    lists = [f"{part}/{name}" for part in ("train", "test") for name in ("ids.json", "chunks.jsonl")]
    lists += [f"{view_folder(i)}/chunks.jsonl" for i in range(len(facts.views))]
    if bundle.members.keys() != {*arrays, *lists}:
        odd = sorted(bundle.members.keys() ^ {*arrays, *lists})
        raise bundle.error(f"its members are not those of a feature pack ({', '.join(odd[:3])})")
    for name, (dtype, shape) in arrays.items():
        if bundle.members[name].size != npy_size(dtype, shape):
            raise bundle.error(
                f"{name} holds {bundle.members[name].size:,} bytes instead of {npy_size(dtype, shape):,}"
            )
    bundle.check_layout()
    return bundle, facts
