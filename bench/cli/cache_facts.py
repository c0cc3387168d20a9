"""Facts about cached features, as `bench cache` prints them."""

import datetime
from typing import TYPE_CHECKING, Any

from bench.cli.cache_choice import entry_description

if TYPE_CHECKING:
    from bench.features import CacheEntry


def entry_table(rows: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("key", no_wrap=True)
    for column in ("dataset", "part", "backbone"):
        table.add_column(column, overflow="fold")
    table.add_column("images", justify="right")
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("last used", no_wrap=True)
    table.add_column("state", overflow="fold")
    if rooted := any(row["root"] for row in rows):
        table.add_column("images of", overflow="fold")
    for row in rows:
        used = datetime.datetime.fromisoformat(row["last_used"]).astimezone()
        table.add_row(
            *(row[column] for column in ("key", "dataset", "part", "backbone")),
            "" if row["images"] is None else f"{row['images']:,}",
            size_text(row["bytes"]),
            f"{used:%Y-%m-%d}",
            row["state"],
            *([_origin(row)] if rooted else []),
        )
    return table


def _origin(row: dict[str, Any]) -> str:
    """The folder that the images were first encoded from, and the list if it is the user's own."""
    own = row["dataset_options"].get(row["part"])
    return ", ".join(str(one) for one in (row["root"], own) if one)


def entry_facts(entry: "CacheEntry") -> dict[str, Any]:
    """Facts of the entry, as in `bench cache ls --json`."""
    about = entry_description(entry)
    images = about.get("images") or (about.get("shape") or {}).get("images")
    used = datetime.datetime.fromtimestamp(entry.last_used, datetime.UTC)
    return {
        "key": entry.key,
        "dataset": about.get("dataset", "?"),
        "dataset_options": about.get("dataset_options", {}),
        "root": about.get("root"),
        "part": about.get("part", "?"),
        "backbone": about.get("backbone", "?"),
        "backbone_options": about.get("backbone_options", {}),
        "variant": about.get("variant"),
        "precision": about.get("precision"),
        "images": images,
        "bytes": entry.bytes_on_disk,
        "last_used": used.isoformat(timespec="seconds"),
        "complete": entry.complete and not entry.outdated,
        "state": _state(entry, images),
    }


def _state(entry: "CacheEntry", images: int | None) -> str:
    from bench.features import usage

    if entry.outdated:
        return "of another version, never used again"
    if entry.complete:
        return "complete, in use" if usage(entry) else "complete"
    done = f"{entry.images_done:,} of {images:,} images" if images else "nothing yet"
    return f"being encoded, {done}" if usage(entry) else f"cut off, {done}; the next run resumes"


def size_text(count: int) -> str:
    """Bytes in the unit that fits."""
    for unit, size in (("GiB", 2**30), ("MiB", 2**20)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 2**10:.0f} KiB"
