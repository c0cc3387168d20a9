"""Features of a pack: unpacked into the cache once, every chunk checked before it counts."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bench.data.pack import Pack
from bench.data.pack.facts import LARGEST_LIST, view_folder
from bench.features.cache import FeatureSet, kept_features
from bench.features.keys import FORMAT
from bench.features.layout import FEATURE_DTYPES, CacheEntry, Shape
from bench.features.writer import ChunkWriter, OtherRowsError
from bench.records.component import canonical_json
from bench.records.paths import inside
from bench.system.progress import Progress


def packed_key(digest: str, folder: str) -> str:
    """The key of a pack's features in the cache: never that of features that were encoded here.

    digest: that of the pack's manifest, which names the SHA-256 of all else. folder: of the split or view in it.
    """
    return hashlib.sha256(canonical_json({"format": FORMAT, "pack": digest, "part": folder}).encode()).hexdigest()[:16]


def packed_features(
    dataset: Pack, part: str, cache: Path, progress: Progress, variant: Mapping[str, Any] | None = None
) -> FeatureSet:
    """The features of a split of the pack, or of a view of it, unpacked now if they are not in `cache` yet.

    DataError if the view is not in the pack.
    """
    pack, split, folder, chunk = dataset.pack, dataset.pack.split(part), part, dataset.pack.split(part).chunk
    if variant is not None:
        place = pack.view(variant)
        if place is None:
            raise dataset.bundle.error(f"it holds no view {canonical_json(variant)}")
        folder, chunk = view_folder(place), pack.views[place].chunk
    entry = CacheEntry(inside(cache / "features", packed_key(dataset.bundle.digest, folder)))
    shape = Shape(split.images, pack.encoder.tokens, pack.encoder.dim, chunk)
    about = {
        "format": FORMAT,
        "dataset": pack.dataset.name,
        "dataset_options": dict(pack.dataset.options),
        "part": part,
        "backbone": pack.backbone.name,
        "backbone_options": dict(pack.backbone.options),
        "variant": None if variant is None else dict(variant),
        "precision": pack.precision,
        "shape": asdict(shape),
        "root": str(dataset.root.resolve()) if dataset.root else None,
        "pack": dataset.bundle.digest,
    }

    def fill(writer: ChunkWriter) -> None:
        chunks = zip(_digests(dataset, folder, shape), _rows(dataset, folder, shape), strict=True)
        for number, (digests, rows) in enumerate(chunks):
            if number * shape.chunk < writer.done:
                continue  # an earlier attempt wrote it, and the journal's digest is the pack's
            try:
                writer.append(rows, digests)
            except OtherRowsError as error:
                raise dataset.bundle.error(f"{folder}/{error}") from None
            progress(writer.done, split.images)
        writer.finish({"images": split.images})

    def forget_others() -> None:
        """What an earlier attempt left counts only as far as it is the pack's."""
        known = entry.digests
        if known != _digests(dataset, folder, shape)[: len(known)]:
            (entry.folder / "chunks.jsonl").unlink()

    return kept_features(entry, shape, about, progress, fill, forget_others)


def _digests(dataset: Pack, folder: str, shape: Shape) -> list[dict[str, str]]:
    lines = dataset.bundle.content(f"{folder}/chunks.jsonl", LARGEST_LIST).splitlines()
    try:
        digests = [json.loads(line) for line in lines]
    except (ValueError, RecursionError):
        digests = []
    if len(digests) != len(shape.chunks) or not all(
        isinstance(d, dict) and d.keys() == FEATURE_DTYPES.keys() for d in digests
    ):
        raise dataset.bundle.error(f"{folder}/chunks.jsonl does not list {len(shape.chunks)} chunks")
    return digests


def _rows(dataset: Pack, folder: str, shape: Shape) -> Iterator[Mapping[str, Any]]:
    """The rows of each chunk, read from the file as they are asked for."""
    arrays = shape.arrays(Path())
    streams = {}
    for name, array in arrays.items():
        sizes = [len(array.header), *((stop - start) * array.row_bytes for start, stop in shape.chunks)]
        streams[name] = dataset.bundle.blocks(f"{folder}/{name}.npy", sizes)
        if next(streams[name]) != array.header:
            raise dataset.bundle.error(f"{folder}/{name}.npy does not begin with its header")
    for blocks in zip(*streams.values(), strict=True):
        yield {
            name: np.frombuffer(block, arrays[name].dtype).reshape(-1, *arrays[name].shape[1:])
            for name, block in zip(streams, blocks, strict=True)
        }
