"""Writing of a feature pack: cached features of both splits with labels, names and facts, in one pass."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from bench.backbones.base import Backbone
from bench.data.base import Dataset, Split
from bench.data.pack.facts import (
    IGNORED,
    LABELS,
    PACK_FORMAT,
    PACK_KIND,
    POOLED,
    POSITION_FILE,
    POSITIONS,
    EncoderFacts,
    PackFacts,
    SplitFacts,
    ViewFacts,
    view_folder,
)
from bench.errors import UsageError
from bench.features.checked import refuse_damage
from bench.features.layout import CacheEntry
from bench.features.locks import hold
from bench.records.component import Component
from bench.system.bundle_writing import Content, write_bundle
from bench.system.npy import npy_header

PACKED_PARTS = ("train", "test")


def pack_facts(
    dataset: Dataset,
    backbone: Backbone,
    component: Component,
    entries: Mapping[str, CacheEntry],
    made: Mapping[str, str],
    licences: Mapping[str, str],
    views: Sequence[CacheEntry] = (),
) -> PackFacts:
    """The facts of a pack of these entries, one for each split, and of views of the training images."""
    return PackFacts(
        dataset=dataset.component,
        own_fingerprint=type(dataset).fingerprint is not Dataset.fingerprint,
        class_names=tuple(dataset.class_names),
        default_backbone=dataset.default_backbone,
        facts=dataset.facts,
        train=_split_facts(dataset.train, entries["train"]),
        test=_split_facts(dataset.test, entries["test"]),
        backbone=component,
        encoder=EncoderFacts(
            grid=backbone.grid,
            dim=backbone.dim,
            logit_scale=backbone.logit_scale,
            weights_sha256=backbone.weights_sha256,
            random_weights=backbone.random_weights,
            transform=backbone.transform,
        ),
        precision=entries["train"].about["precision"],
        made=made,
        licences=licences,
        views=tuple(ViewFacts(variant=one.about["variant"], chunk=one.shape.chunk) for one in views),
    )


def write_pack(
    path: Path,
    facts: PackFacts,
    dataset: Dataset,
    backbone: Backbone,
    entries: Mapping[str, CacheEntry],
    views: Sequence[CacheEntry] = (),
) -> None:
    """Write the pack; whatever the features weigh, a block of them is in memory at a time."""
    with contextlib.ExitStack() as stack:
        for entry in (*entries.values(), *views):
            held = hold(entry.folder, alone=False)
            if held is None:
                raise UsageError(f"the features {entry.key} are being written by a process; let it end, then export.")
            stack.enter_context(held)
            refuse_damage(entry)
        contents = [Content.of(POSITION_FILE, _npy(backbone.position.cpu().numpy(), POOLED))]
        for part in PACKED_PARTS:
            contents += _contents(part, getattr(dataset, part), entries[part])
        for place, entry in enumerate(views):
            contents += _features(view_folder(place), entry)
        named = {"dataset": facts.dataset.to_json(), "backbone": facts.backbone.to_json()}
        record = {**asdict(facts), **named}
        if not views:
            del record["views"]  # what earlier versions read stays as it was
        write_bundle(path, PACK_KIND, PACK_FORMAT, record, contents)


def _split_facts(split: Split, entry: CacheEntry) -> SplitFacts:
    return SplitFacts(
        images=len(split),
        chunk=entry.shape.chunk,
        content=getattr(split.images, "content", None),
        official_count=split.official_count,
        ignored=split.ignored is not None,
    )


def _contents(part: str, split: Split, entry: CacheEntry) -> Iterator[Content]:
    yield Content.of(f"{part}/ids.json", json.dumps(list(split.ids), ensure_ascii=False).encode())
    yield _array_content(f"{part}/labels.npy", split.labels, LABELS)
    if split.positions is not None:
        yield _array_content(f"{part}/positions.npy", split.positions, POSITIONS)
    if split.ignored is not None:
        yield _array_content(f"{part}/ignored.npy", split.ignored, IGNORED)
    yield from _features(part, entry)


def _features(folder: str, entry: CacheEntry) -> Iterator[Content]:
    for name in ("chunks.jsonl", "pooled.npy", "dense.npy"):
        yield Content.of_file(f"{folder}/{name}", entry.folder / name)


def _array_content(name: str, array: np.ndarray, dtype: np.dtype) -> Content:
    """The array, whose own memory is written where it lies in one piece."""
    whole = np.ascontiguousarray(array, dtype)
    header = npy_header(dtype, whole.shape)
    return Content(name, len(header) + whole.nbytes, lambda: [header, whole.reshape(-1).view(np.uint8).data])


def _npy(array: np.ndarray, dtype: np.dtype) -> bytes:
    return npy_header(dtype, array.shape) + np.ascontiguousarray(array, dtype).tobytes()
