"""Choice of cached features for `bench cache`: by key, dataset and backbone."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import UsageError
from bench.system.wording import shown

if TYPE_CHECKING:
    from bench.features import CacheEntry


def chosen_entries(
    cache: Path, keys: list[str] | None, dataset: str | None, backbone: str | None, everything: bool
) -> "list[CacheEntry]":
    """Entries named by a key or its beginning, or all of them, that are of `dataset` and `backbone` where given."""
    from bench.features import entries, sweep

    sweep(cache)
    chosen = entries(cache)
    if keys:
        chosen = [_by_key(key, chosen, cache) for key in dict.fromkeys(keys)]
    elif not everything and dataset is None and backbone is None:
        return []
    described = [(entry, entry_description(entry)) for entry in chosen]
    _refuse_unknown(dataset, backbone, [about for _, about in described])
    return [
        entry
        for entry, about in described
        if dataset in (None, about.get("dataset")) and backbone in (None, about.get("backbone"))
    ]


def _refuse_unknown(dataset: str | None, backbone: str | None, kept: list[dict[str, Any]]) -> None:
    """UsageError for a name that neither this program nor the cache knows."""
    from bench.backbones import BACKBONES
    from bench.data import DATASETS
    from bench.system.wording import nearest

    for axis, name, registry in (("dataset", dataset, DATASETS), ("backbone", backbone, BACKBONES)):
        if name is None:
            continue
        known = {*registry.names(), *(about[axis] for about in kept if axis in about)}
        if name not in known:
            raise UsageError(f"--{axis}: there is no {axis} {shown(name)}; {nearest(name, known)}")


def _by_key(key: str, entries: "list[CacheEntry]", cache: Path) -> "CacheEntry":
    fitting = [entry for entry in entries if entry.key.startswith(key)]
    if len(fitting) != 1:
        problem = f"{len(fitting)} keys begin with" if fitting else "there is no key"
        raise UsageError(f"{problem} {key!r} in {cache / 'features'}; `bench cache ls` shows them all.")
    return fitting[0]


def entry_description(entry: "CacheEntry") -> dict[str, Any]:
    """The entry's description, whatever version wrote it; {} if there is none."""
    from bench.records.names import printable
    from bench.system.files import read_json

    for name in ("about.json", "features.json"):
        try:
            about = printable(read_json(entry.folder / name))
        except (OSError, ValueError):
            continue
        if isinstance(about, dict) and "dataset" in about:
            return about
    return {}
