"""`bench cache ls|verify|rm|export`: the frozen features on disk."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.cli.cache_choice import chosen_entries
from bench.cli.cache_export import export_features
from bench.cli.cache_facts import entry_facts, entry_table, size_text
from bench.cli.cache_masks import masks_line, remove_masks
from bench.cli.options import Debug, Json
from bench.errors import DataError, UsageError
from bench.system.console import plain_console
from bench.system.paths import default_cache
from bench.system.wording import counted

ENTRIES = ("entry", "entries")

app = typer.Typer(help="List, verify, remove and export cached features.", no_args_is_help=True)

app.command("export")(export_features)

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
    """List the cached features: their source, size, last use, and whether they are complete."""
    root = _place(cache)
    rows = [entry_facts(entry) for entry in chosen_entries(root, None, dataset, backbone, everything=True)]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return

    console = plain_console()
    if rows:
        console.print(entry_table(rows))
    size = size_text(sum(row["bytes"] for row in rows))
    console.print(f"{counted(len(rows), *ENTRIES)}, {size} in {root / 'features'}", soft_wrap=True)
    if masks := masks_line(root):
        console.print(masks, soft_wrap=True)


@app.command("verify")
def verify(
    keys: Keys = None,
    cache: Cache = None,
    dataset: OfDataset = None,
    backbone: OfBackbone = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Read every byte again and compare it with the checksums from when it was written; exit code 2 if one differs."""
    from bench.features import verify as problems_of

    rows: list[dict[str, Any]] = []
    for entry in chosen_entries(_place(cache), keys, dataset, backbone, everything=not keys):
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
    masks: Annotated[bool, typer.Option("--masks", help="All masks; they are drawn again when needed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Remove cached features, never those that a process uses; later runs encode them again."""
    from bench.features import remove

    selected = bool(keys or dataset or backbone or everything)
    if not (selected or masks):
        raise UsageError(
            "bench cache rm needs keys, --dataset NAME, --backbone NAME, --all or --masks; see `bench cache ls`."
        )
    if everything and (keys or dataset or backbone):
        raise UsageError("--all removes everything; leave it out to choose by key, --dataset or --backbone.")
    chosen = chosen_entries(_place(cache), keys, dataset, backbone, everything)
    rows = [entry_facts(entry) for entry in chosen]
    size = size_text(sum(row["bytes"] for row in rows))
    if chosen and not yes:
        if as_json or not sys.stdin.isatty():
            raise UsageError(
                f"bench cache rm would remove {counted(len(chosen), *ENTRIES)} ({size}); add --yes to do so."
            )
        for row in rows:
            typer.echo(
                f"{row['key']}  {row['dataset']} {row['part']} {row['backbone']}  {size_text(row['bytes'])}", err=True
            )
        typer.confirm(f"Remove {counted(len(chosen), *ENTRIES)} ({size})?", abort=True, err=True)
    drawn = remove_masks(_place(cache)) if masks else ""
    removed, refused = [], []
    for entry, row in zip(chosen, rows, strict=True):
        try:
            remove(entry)
            removed.append(row)
        except UsageError as error:
            refused.append(str(error))
    if as_json:
        record: dict[str, Any] = {"removed": [row["key"] for row in removed], "refused": refused}
        typer.echo(json.dumps({**record, "masks": drawn} if masks else record, indent=1))
    else:
        entries = f"{counted(len(removed), *ENTRIES)}, {size_text(sum(row['bytes'] for row in removed))}"
        typer.echo(f"removed {'; '.join(part for part in (entries if selected else '', drawn) if part)}")
    if refused:
        raise UsageError(" ".join(refused))


def _place(named: Path | None) -> Path:
    """The cache; UsageError if the given folder does not exist. The default one may not exist yet."""
    if named is not None and not named.is_dir():
        raise UsageError(f"There is no cache at {named}; give the folder of a run's --cache, or leave --cache out.")
    return named or default_cache()
