"""`bench compare`: methods against a baseline, with intervals; and our numbers beside those that papers print."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.options import Debug, Json, SweepId
from bench.cli.plugin_flag import Plugins
from bench.errors import UsageError
from bench.system.console import plain_console
from bench.system.paths import DEFAULT_RESULTS
from bench.system.wording import listed

if TYPE_CHECKING:
    from bench.records.reader import StoreReader
    from bench.report.tables.table import Table


def compare(
    published: Annotated[
        str | None,
        typer.Option("--published", metavar="DATASET", help="Show the papers' tables of this dataset with our cells."),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(help="With --published: only this protocol, and the papers' setting that it corresponds to."),
    ] = None,
    across: Annotated[
        bool,
        typer.Option(
            "--across", help="Over all datasets of the stores: Wilcoxon's test; with ten datasets or more, ranks too."
        ),
    ] = False,
    methods: Annotated[str | None, typer.Option(help="Only these methods of the sweep, comma-separated.")] = None,
    ratios: Annotated[str | None, typer.Option(help="Only these shares of known labels.")] = None,
    baseline: Annotated[
        str | None,
        typer.Option(help="The method that the others are compared with.  [default: dualcoop, or else the most usual]"),
    ] = None,
    sweep: SweepId = None,
    merge: Annotated[
        bool, typer.Option("--merge", "--all", help="All sweeps on the same data, labels and features as one.")
    ] = False,
    results: Annotated[
        list[Path],
        typer.Option("--results", help="A store; given several times, all as one.", envvar="BENCH_RESULTS"),
    ] = [DEFAULT_RESULTS],  # noqa: B006 - typer copies it
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Markdown tables on standard output.")] = False,
    plugin: Plugins = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare the methods of a sweep with a baseline, or with `--published` our cells with the papers' tables.

    A sweep's differences are paired, and have two intervals: over seeds, and over test images. `--across` compares over
    datasets, with one number for each. In the papers' tables a camp is a group of numbers made under like conditions;
    footnotes name every condition in which our number differs. Several stores are always merged.
    """
    from bench.records.store import Store
    from bench.report.stores import open_stores

    if as_json and as_markdown:
        raise UsageError("--json and --markdown were both given; choose one of them.")
    # The papers' tables can be read before anything has run; a folder that was named has to be there.
    alone = published is not None and results == [DEFAULT_RESULTS]
    store = Store(DEFAULT_RESULTS) if alone else open_stores(results)
    data: Any
    if published is not None:
        flags = {"merge": merge or None, "across": across or None}
        _refuse("a sweep", methods=methods, ratios=ratios, baseline=baseline, sweep=sweep, **flags)
        data, tables = _published(published, protocol, store)
    else:
        _refuse("--published", protocol=protocol)
        chosen = _chosen(methods, ratios, baseline)
        if across:
            data, tables = _across(store, sweep, chosen)
        else:
            data, tables = _paired(store, sweep, merge or len(results) > 1, chosen)
    if as_json:
        typer.echo(json.dumps(data))
    elif as_markdown:
        typer.echo(_markdown(tables), nl=False)
    else:
        _show(tables)
        if published is not None and not any(line["ours"] for group in data for line in group["lines"]):
            typer.echo(
                f"No finished cell of {published} in {', '.join(map(str, results))} can be compared with these numbers."
            )


def _chosen(methods: str | None, ratios: str | None, baseline: str | None) -> dict[str, Any]:
    """The filters as `load` and `across` take them."""
    from bench.planning.ratios import parse_ratios

    return {
        "methods": None if methods is None else listed(methods),
        "percents": None if ratios is None else parse_ratios(ratios),
        "baseline": baseline,
    }


def _refuse(of: str, **flags: Any) -> None:
    for name, value in flags.items():
        if value is not None:
            raise UsageError(f"--{name} belongs to comparisons of {of}; leave it out, or --published.")


def _published(dataset: str, protocol: str | None, store: "StoreReader") -> tuple[list[dict[str, Any]], "list[Table]"]:
    """The papers' tables, as data and drawn."""
    from bench.report.published.data import to_json
    from bench.report.published.groups import groups
    from bench.report.published.tables import published_table
    from bench.system.wording import nearest
    from protocols import PROTOCOLS

    if protocol is not None and protocol not in PROTOCOLS.names():
        raise UsageError(f"there is no protocol {protocol!r}; {nearest(protocol, PROTOCOLS.names())}")
    papers = groups(dataset, store.rows(), protocol)
    if not papers:
        raise UsageError(f"no published number of {dataset} belongs to protocol {protocol!r}; leave --protocol out.")
    return to_json(papers), [published_table(group) for group in papers]


def _across(store: "StoreReader", sweep: str | None, chosen: dict[str, Any]) -> tuple[dict[str, Any], "list[Table]"]:
    """All datasets of the store, as data and drawn."""
    from bench.report.across import across
    from bench.report.tables.across import across_tables, as_data

    comparison = across(store, sweep, **chosen)
    return as_data(comparison), list(across_tables(comparison).values())


def _paired(
    store: "StoreReader", sweep: str | None, merge: bool, chosen: dict[str, Any]
) -> tuple[list[dict[str, Any]], "list[Table]"]:
    """Differences from the baseline with both intervals, as data and drawn."""
    from bench.report.image_intervals import image_interval
    from bench.report.reading import read_results
    from bench.report.selection import find_sweep
    from bench.report.tables.compared import ComparedLine, columns_of, compare_lines, gain_records
    from bench.report.tables.flags import method_flags
    from bench.report.tables.gains import gain_table, image_table
    from bench.report.tables.table import flagged

    loaded = read_results(store, sweep, merge=merge, **chosen)
    against = loaded.baseline
    if against is None or not loaded.challengers:
        raise UsageError("a comparison needs two methods with numbers; run another, or name other --methods.")
    used = loaded.selection.newest.id
    if sweep is None and used != find_sweep(store, None).id:
        typer.echo(f"Of sweep {used}, the newest with {against}; --sweep names another.", err=True)
    lines = [ComparedLine(against, against), *(ComparedLine(name, name, against) for name in loaded.challengers)]
    images, columns = image_interval(loaded, store), columns_of(loaded)
    compared = compare_lines(loaded, lines, images)
    where = f"{loaded.selection.title}: difference from {against}"
    tables = [gain_table(compared, columns, f"{where}, with intervals over seeds", "method")]
    if images is not None:
        tables.append(image_table(compared, columns, f"{where}, with intervals over test images", "method"))
    else:
        typer.echo("No intervals over test images: some cells' scores are gone from the store.", err=True)
    return gain_records(compared, columns, "method"), [flagged(table, method_flags(loaded)) for table in tables]


def _markdown(tables: "Sequence[Table]") -> str:
    from bench.report.tables.table import markdown

    return "\n\n".join(f"## {table.title}\n\n{markdown(table).strip()}" for table in tables) + "\n"


def _show(tables: "Sequence[Table]") -> None:

    from bench.report.render.terminal import Fitting

    console = plain_console(highlight=False)
    for table in tables:
        console.print(Fitting(table))
        console.print()
