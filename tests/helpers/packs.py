"""Feature packs of the tiny scenes, and the same with something changed in a sound file."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.api.sharing import WrittenPack, write_pack_of
from bench.data.pack.facts import PACK_FORMAT, PACK_KIND
from bench.features import encoding_dtype, entries, feature_key
from bench.system.bundle import Bundle
from bench.system.bundle_writing import Content, write_bundle
from bench.training.resources import Resources
from helpers.trainings import make_cell


def tiny_pack(resources: Resources, path: Path, views: bool = False) -> WrittenPack:
    """The tiny scenes as a pack; they are encoded if they are not yet. views: with those that other tests left."""
    cell = make_cell(resources, "asl")
    resources.images.prepare(cell)
    transform, precision = resources.images.backbone(cell.backbone).transform, str(encoding_dtype(resources.device))
    key = feature_key(
        "train",
        resources.dataset.train,
        cell.dataset,
        cell.backbone,
        transform,
        precision=precision.removeprefix("torch."),
    )
    (entry,) = (entry for entry in entries(resources.cache) if entry.key == key)
    return write_pack_of(entry, path, resources.cache, by="a test", views=views)


def repacked(
    source: Path,
    path: Path,
    record: Callable[[dict[str, Any]], Any] = lambda record: None,
    members: Mapping[str, bytes | None] | None = None,
) -> Path:
    """The pack with another manifest and other members (None: left out), its digests worked out again."""
    bundle, changed = Bundle(source, PACK_KIND, PACK_FORMAT), dict(members or {})
    about = {name: value for name, value in bundle.record.items() if name not in ("kind", "format", "members")}
    about = json.loads(json.dumps(about))
    record(about)
    contents = {name: bundle.content(name, 10**9) for name in bundle.members} | changed
    write_bundle(path, PACK_KIND, PACK_FORMAT, about, [Content.of(n, c) for n, c in contents.items() if c is not None])
    return path
