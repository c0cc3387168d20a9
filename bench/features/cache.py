"""The feature cache: encoded once for all processes, under a key of everything that decides the values."""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.backbones.base import Backbone
from bench.data.base import Split
from bench.errors import DataError
from bench.features.checked import refuse_damage
from bench.features.encode import ENCODE_BATCH, Precision, Prepare, batches, encode_batch, encoding_dtype
from bench.features.keys import FORMAT, feature_key
from bench.features.layout import CacheEntry, Shape
from bench.features.locks import Hold, hold
from bench.features.writer import ChunkWriter
from bench.records.component import Component, canonical_json
from bench.records.paths import inside, refuse_links
from bench.system.files import read_json, remove_leftovers
from bench.system.heap import freed_blocks_kept
from bench.system.progress import Progress

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class FeatureSet:
    """Features of N images: dense float16 (N, HW, D) and pooled float32 (N, D), memory-mapped.

    hold: keeps `bench cache rm` from removing the files for as long as this object lives.
    """

    dense: np.ndarray
    pooled: np.ndarray
    hold: Hold | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.pooled)


def cached_features(
    *,
    part: str,
    split: Split,
    dataset: Component,
    backbone: Backbone,
    component: Component,
    cache: Path,
    progress: Progress,
    variant: dict[str, Any] | None = None,
    prepare: Prepare | None = None,
    precision: Precision = "auto",
    root: Path | None = None,
) -> FeatureSet:
    """The features of `split`, which is the dataset's `part`, encoded now if they are not in `cache` yet.

    One process encodes, others wait for it and go on if it dies. `progress` is called only while something is encoded,
    here or there. `prepare` is applied to every image before `backbone.preprocess`; `variant`, plain data, must
    describe `prepare` completely, since it represents it in the key. root: where the dataset's files lie, for people.
    """
    if prepare is not None and variant is None:
        raise ValueError("prepare needs a variant: what changes the images must change the key")
    if not len(split):
        raise DataError(f"{dataset.name} {part} holds no image; there is nothing to encode.")
    dtype = encoding_dtype(backbone.position.device, precision)
    name = str(dtype).removeprefix("torch.")
    key = feature_key(part, split, dataset, component, backbone.transform, variant, name)
    entry = CacheEntry(inside(cache / "features", key))
    height, width = backbone.grid
    shape = Shape(len(split), height * width, backbone.dim, ENCODE_BATCH)
    about = _description(part, dataset, component, variant, name, shape, root)

    def fill(writer: ChunkWriter) -> None:
        _encode(split, backbone, dtype, prepare, writer, progress)

    return kept_features(entry, shape, about, progress, fill)


def kept_features(
    entry: CacheEntry,
    shape: Shape,
    about: Mapping[str, Any],
    progress: Progress,
    fill: Callable[[ChunkWriter], None],
    before: Callable[[], None] = lambda: None,
) -> FeatureSet:
    """The entry's features; `fill` writes what is missing of them, in one process at a time.

    before: called when the entry is held alone, before what an earlier attempt left of it is looked at.
    """
    waited = False
    while True:
        cached = _open(entry, shape) if entry.complete else None
        if cached is not None:
            if waited:
                progress(shape.images, shape.images)
            return cached
        try:
            entry.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            cache = entry.folder.parent.parent
            raise DataError(f"the cache {cache} cannot be written ({error.strerror}); give another --cache.") from None
        alone = hold(entry.folder, alone=True)
        if alone is None:
            if not entry.complete and (done := entry.images_done):
                progress(min(done, shape.images - 1), shape.images)  # how far the process that encodes has got
                waited = True
            time.sleep(POLL_SECONDS)
            continue
        with alone:
            if not entry.complete:
                waited = False
                refuse_links(entry.folder)
                remove_leftovers(entry.folder)
                before()
                with ChunkWriter(entry, about, shape) as writer:
                    progress(writer.done, shape.images)
                    fill(writer)


def _description(
    part: str,
    dataset: Component,
    backbone: Component,
    variant: dict[str, Any] | None,
    precision: str,
    shape: Shape,
    root: Path | None,
) -> dict[str, Any]:
    """The content of about.json, as it will be read back."""
    about = {
        "format": FORMAT,
        "dataset": dataset.name,
        "dataset_options": dict(dataset.options),
        "part": part,
        "backbone": backbone.name,
        "backbone_options": dict(backbone.options),
        "variant": variant,
        "precision": precision,
        "shape": asdict(shape),
        "root": None if root is None else str(root.resolve()),
    }
    return json.loads(canonical_json(about))


def _encode(
    split: Split,
    backbone: Backbone,
    dtype: torch.dtype,
    prepare: Prepare | None,
    writer: ChunkWriter,
    progress: Progress,
) -> None:
    """The images that `writer` has not got yet, which may be none, and the marker."""
    began, before = time.perf_counter(), writer.done
    with freed_blocks_kept():
        for images in batches(split.images, backbone, prepare, first=before):
            dense, pooled = encode_batch(backbone, images, dtype)
            del images  # before the next batch is put together
            writer.append({"dense": dense, "pooled": pooled})
            progress(writer.done, len(split))
    writer.finish({"images": len(split) - before, "seconds": round(time.perf_counter() - began, 3)})


def _open(entry: CacheEntry, shape: Shape) -> FeatureSet | None:
    """The mapped arrays; None while another process holds the entry alone or has just removed it."""
    held = hold(entry.folder, alone=False)
    if held is None:
        return None
    if not entry.complete:
        held.release()
        return None
    arrays = shape.arrays(entry.folder)
    try:
        read_json(entry.folder / "features.json")
        if entry.shape != shape:
            raise ValueError(f"{entry.shape.images} images instead of {shape.images}")
        refuse_damage(entry)
        mapped = {name: np.load(array.path, mmap_mode="r") for name, array in arrays.items()}
        for name, array in arrays.items():
            if mapped[name].shape != array.shape or mapped[name].dtype != array.dtype:
                raise ValueError(f"{name} is {mapped[name].dtype} {mapped[name].shape}")
    except DataError:
        held.release()  # released now and not with the traceback: the next command may remove the entry
        raise
    except (OSError, ValueError, EOFError, AttributeError) as error:  # the last where it is an archive of arrays
        held.release()
        raise entry.damaged(error) from None
    _touch(entry)
    return FeatureSet(mapped["dense"], mapped["pooled"], held)


def _touch(entry: CacheEntry) -> None:
    """When it was last used, as the marker's time."""
    try:
        os.utime(entry.folder / "features.json")
    except OSError:
        return  # a cache that may only be read
