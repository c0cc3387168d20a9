"""`bench cache ls|verify|rm`: the frozen features on disk."""

import datetime
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.options import Debug, Json
from bench.errors import DataError, UsageError
from bench.system.console import plain_console
from bench.system.paths import default_cache
from bench.system.wording import counted, shown

if TYPE_CHECKING:
    from bench.features import Entry

ENTRIES = ("entry", "entries")

app = typer.Typer(help="List, verify and remove cached features.", no_args_is_help=True)

Cache = Annotated[Path | None, typer.Option("--cache", help="The cache; BENCH_CACHE sets it too.")]
Keys = Annotated[list[str] | None, typer.Argument(metavar="[KEY]...", help="Keys of `bench cache ls`, or beginnings.")]
OfDataset = Annotated[str | None, typer.Option("--dataset", help="All features of this dataset.")]
OfBackbone = Annotated[str | None, typer.Option("--backbone", help="All features of this backbone.")]


@app.command("ls")
def ls(
    cache: Cache = None,
    dataset: OfDataset = None,
    backbone: OfBackbone = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """All cached features: of what, how large, when last used, and whether they are complete."""
    root = cache or default_cache()
    rows = [_about(entry) for entry in _chosen(root, None, dataset, backbone, everything=True)]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return

    console = plain_console()
    if rows:
        console.print(_table(rows))
    size = _size(sum(row["bytes"] for row in rows))
    console.print(f"{counted(len(rows), *ENTRIES)}, {size} in {root / 'features'}", soft_wrap=True)


def _table(rows: list[dict[str, Any]]) -> Any:
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
            _size(row["bytes"]),
            f"{used:%Y-%m-%d}",
            row["state"],
            *([_origin(row)] if rooted else []),
        )
    return table


def _origin(row: dict[str, Any]) -> str:
    """The folder that the images were first encoded from, and the list if it is the user's own."""
    own = row["dataset_options"].get(row["part"])
    return ", ".join(str(one) for one in (row["root"], own) if one)


@app.command("verify")
def verify(
    keys: Keys = None,
    cache: Cache = None,
    dataset: OfDataset = None,
    backbone: OfBackbone = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Read every byte again and compare it with the checksums kept since it was written; exit code 2 if one differs."""
    from bench.features import verify as problems_of

    rows: list[dict[str, Any]] = []
    for entry in _chosen(cache or default_cache(), keys, dataset, backbone, everything=not keys):
        verdict, problems = problems_of(entry)
        rows.append({"key": entry.key, "verdict": verdict, "problems": problems})
        if not as_json:
            typer.echo(f"{entry.key}  {verdict}" + "".join(f"\n  {problem}" for problem in problems))
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    damaged = [row["key"] for row in rows if row["verdict"] == "damaged"]
    if damaged:
        raise DataError(
            f"{len(damaged)} of {len(rows)} entries are damaged; remove them with "
            f"`bench cache rm {' '.join(damaged)}`, and the next run encodes them again."
        )


@app.command("rm")
def rm(
    keys: Keys = None,
    cache: Cache = None,
    dataset: OfDataset = None,
    backbone: OfBackbone = None,
    everything: Annotated[bool, typer.Option("--all", help="All cached features.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Remove cached features, never those that a process uses; later runs encode them again."""
    from bench.features import remove

    if not (keys or dataset or backbone or everything):
        raise UsageError("bench cache rm needs keys, --dataset NAME, --backbone NAME or --all; see `bench cache ls`.")
    if everything and (keys or dataset or backbone):
        raise UsageError("--all removes everything; leave it out to choose by key, --dataset or --backbone.")
    chosen = _chosen(cache or default_cache(), keys, dataset, backbone, everything)
    rows = [_about(entry) for entry in chosen]
    size = _size(sum(row["bytes"] for row in rows))
    if chosen and not yes:
        if as_json or not sys.stdin.isatty():
            raise UsageError(
                f"bench cache rm would remove {counted(len(chosen), *ENTRIES)} ({size}); say so with --yes."
            )
        for row in rows:
            typer.echo(
                f"{row['key']}  {row['dataset']} {row['part']} {row['backbone']}  {_size(row['bytes'])}", err=True
            )
        typer.confirm(f"Remove {counted(len(chosen), *ENTRIES)} ({size})?", abort=True, err=True)
    removed, refused = [], []
    for entry, row in zip(chosen, rows, strict=True):
        try:
            remove(entry)
            removed.append(row)
        except UsageError as error:
            refused.append(str(error))
    if as_json:
        typer.echo(json.dumps({"removed": [row["key"] for row in removed], "refused": refused}, indent=1))
    else:
        typer.echo(f"removed {counted(len(removed), *ENTRIES)}, {_size(sum(row['bytes'] for row in removed))}")
    if refused:
        raise UsageError(" ".join(refused))


def _chosen(
    cache: Path, keys: list[str] | None, dataset: str | None, backbone: str | None, everything: bool
) -> "list[Entry]":
    """Entries named by a key or its beginning, or all of them, that are of `dataset` and `backbone` where given."""
    from bench.features import entries, sweep

    sweep(cache)
    found = entries(cache)
    if keys:
        found = [_by_key(key, found, cache) for key in dict.fromkeys(keys)]
    elif not everything and dataset is None and backbone is None:
        return []
    told = [(entry, _description(entry)) for entry in found]
    _refuse_unknown(dataset, backbone, [about for _, about in told])
    return [
        entry
        for entry, about in told
        if dataset in (None, about.get("dataset")) and backbone in (None, about.get("backbone"))
    ]


def _refuse_unknown(dataset: str | None, backbone: str | None, kept: list[dict[str, Any]]) -> None:
    """UsageError for a name that neither this program nor the cache knows."""
    from bench.backbones import BACKBONES
    from bench.data import DATASETS
    from bench.settings.registry import nearest

    for axis, name, registry in (("dataset", dataset, DATASETS), ("backbone", backbone, BACKBONES)):
        if name is None:
            continue
        known = {*registry.names(), *(about[axis] for about in kept if axis in about)}
        if name not in known:
            raise UsageError(f"--{axis}: there is no {axis} {shown(name)}; {nearest(name, known)}")


def _by_key(key: str, found: "list[Entry]", cache: Path) -> "Entry":
    fitting = [entry for entry in found if key and entry.key.startswith(key)]
    if len(fitting) != 1:
        problem = f"{len(fitting)} keys begin with" if fitting else "there is no key"
        raise UsageError(f"{problem} {key!r} in {cache / 'features'}; `bench cache ls` shows them all.")
    return fitting[0]


def _description(entry: "Entry") -> dict[str, Any]:
    """What the entry says of itself, whatever version wrote it; {} if it says nothing."""
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


def _about(entry: "Entry") -> dict[str, Any]:
    about = _description(entry)
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


def _state(entry: "Entry", images: int | None) -> str:
    from bench.features import usage

    if entry.outdated:
        return "of another version, never used again"
    if entry.complete:
        return "complete, in use" if usage(entry) else "complete"
    done = f"{entry.images_done:,} of {images:,} images" if images else "nothing yet"
    return f"being encoded, {done}" if usage(entry) else f"cut off, {done}; the next run goes on"


def _size(count: int) -> str:
    for unit, size in (("GiB", 2**30), ("MiB", 2**20)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 2**10:.0f} KiB"
