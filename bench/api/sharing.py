"""Sharing with other laboratories: what goes into a file of ours, and what comes out of a file of theirs."""

import datetime
import getpass
import importlib.metadata
import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.axes.components import component_of
from bench.backbones import BACKBONES, Backbone
from bench.data import Dataset
from bench.errors import DataError, UsageError
from bench.features import CacheEntry, feature_key
from bench.features import entries as cached_entries
from bench.features.pack_file import PACKED_PARTS, pack_facts, write_pack
from bench.planning.plan import open_dataset
from bench.planning.request import Request
from bench.prediction.card import licence_of
from bench.records.component import Component
from bench.records.paths import inside
from bench.settings.conversion import build
from bench.system.disk import raising_disk_errors

NO_TERMS = "not stated"


@dataclass(frozen=True)
class WrittenPack:
    """The file, its size, and what is in it. views: how many of the training images, by augmentation."""

    path: Path
    bytes: int
    made_by: str
    dataset: str
    backbone: str
    images: Mapping[str, int]
    views: Mapping[str, int] = field(default_factory=dict)


def made_by_default() -> str:
    """`user@machine`, unless another name is given."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def program_version() -> str:
    """The version of bench that is installed; "" where only its source is."""
    try:
        return importlib.metadata.version("missing-label-bench")
    except importlib.metadata.PackageNotFoundError:
        return ""


def write_pack_of(
    entry: CacheEntry,
    path: Path,
    cache: Path,
    *,
    root: Path | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    by: str | None = None,
    licence: str = NO_TERMS,
    replace: bool = False,
    views: bool = True,
) -> WrittenPack:
    """Write the features of this entry, of the other split, and of the cached views of its images, as a pack.

    root: where the dataset's files are, if they have moved. settings: files of the backbone. by: who makes it, else
    `user@machine`. licence: the terms of use. replace: whether an existing file is replaced. views: whether augmented
    views go in.
    """
    if path.exists() and not replace:
        raise UsageError(f"{path} is there already; give another name, or --replace.")
    about = _packable(entry)
    dataset = _opened(about, root, cache)
    if not isinstance(dataset.train.labels, np.ndarray):
        raise UsageError(
            f"the labels of {dataset.name} are held as lists, which a pack cannot hold; take fewer images."
        )
    backbone, component = _backbone(about, settings or {})
    entries = _entries(entry, dataset, backbone, component, cache)
    packed_views = _views(entry, dataset, backbone, component, cache) if views else []
    made = {
        "by": by or made_by_default(),
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "bench": program_version(),
        "torch": importlib.metadata.version("torch"),
    }
    terms = {"dataset": licence_of(dataset.name), "backbone": licence_of(component.name), "pack": licence}
    facts = pack_facts(dataset, backbone, component, entries, made, terms, packed_views)
    with raising_disk_errors(path):
        write_pack(path, facts, dataset, backbone, entries, packed_views)
    images = {part: facts.split(part).images for part in PACKED_PARTS}
    return WrittenPack(
        path, path.stat().st_size, made["by"], dataset.name, component.name, images, _counted(packed_views)
    )


def _views(
    entry: CacheEntry, dataset: Dataset, backbone: Backbone, component: Component, cache: Path
) -> list[CacheEntry]:
    """Complete entries of augmented views of the same training images, as they would be made now, in order."""
    precision, numbered = entry.about["precision"], []
    for one in cached_entries(cache):
        if not one.complete or one.outdated or not (variant := one.about["variant"]) or "pack" in one.about:
            continue
        identity = (dataset.train, dataset.component, component, backbone.transform, variant)
        if one.key == feature_key("train", *identity, precision=precision):
            numbered.append((variant["augment"], variant["view"], one))
    return [one for *_, one in sorted(numbered, key=lambda item: item[:2])]


def _counted(views: Sequence[CacheEntry]) -> dict[str, int]:
    return dict(Counter(one.about["variant"]["augment"] for one in views))


def _packable(entry: CacheEntry) -> dict[str, Any]:
    about = entry.about
    if entry.outdated or not entry.complete:
        raise UsageError(f"the features {entry.key} are not complete; `bench cache ls` says more.")
    if "pack" in about:
        raise UsageError(f"the features {entry.key} were unpacked from {about['root']}; pass that file on.")
    if about["variant"] is not None:
        raise UsageError(f"the features {entry.key} are of augmented views; give the key of plain images.")
    return about


def _opened(about: Mapping[str, Any], root: Path | None, cache: Path) -> Dataset:
    name = about["dataset"]
    root = root or (Path(about["root"]) if about["root"] else None)
    return open_dataset(Request((), (), dataset=name, overrides={name: about["dataset_options"]}, root=root), cache)


def _backbone(about: Mapping[str, Any], settings: Mapping[str, Mapping[str, Any]]) -> tuple[Backbone, Component]:
    name = about["backbone"]
    for other in settings.keys() - {name}:
        raise UsageError(f"--set {other}...: only files of {name} are read here.")
    kind = BACKBONES.get(name)
    options: Any = build(kind.Options, {**about["backbone_options"], **settings.get(name, {})}, owner=name)
    return kind(options), component_of(BACKBONES, name, options)


def _entries(
    entry: CacheEntry, dataset: Dataset, backbone: Backbone, component: Component, cache: Path
) -> dict[str, CacheEntry]:
    """The complete entries of both splits, of which `entry` is one."""
    precision, entries = entry.about["precision"], {}
    for part in PACKED_PARTS:
        split = getattr(dataset, part)
        key = feature_key(part, split, dataset.component, component, backbone.transform, precision=precision)
        entries[part] = CacheEntry(inside(cache / "features", key))
    if entry.key not in {one.key for one in entries.values()}:
        raise DataError(
            f"the images of {dataset.name}, or the weights of {component.name}, are not those that {entry.key} was "
            "encoded from; give the same ones (--root DIR, --set NAME.OPTION=FILE), or encode again."
        )
    for part, one in entries.items():
        if not one.complete:
            raise UsageError(
                f"the {part} features that belong to {entry.key} are not in {cache}; run a cell on them first."
            )
    return entries
