"""Reading a sweep's table from a store."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import pandas as pd

from bench.errors import UsageError
from bench.features.feeds import feed_flags
from bench.records.reader import StoreReader
from bench.records.rows import Row
from bench.records.sweeps import Place
from bench.report.results import COLUMNS, Missing, Results, role
from bench.report.selection import Selection, select
from bench.system.wording import counted, nearest


def read_results(
    store: StoreReader,
    sweep: str | None = None,
    *,
    merge: bool = False,
    methods: Sequence[str] | None = None,
    percents: Sequence[int] | None = None,
    seeds: Sequence[int] | None = None,
    baseline: str | None = None,
) -> Results:
    """Read a sweep's table from the store: the newest sweep, or the one named by the start of its id.

    merge: all sweeps over the same dataset, protocol, backbone and held-out share as that one, in one table.
    baseline: the method that the others are compared with; by default the one that is usual.
    """
    selection = select(store, sweep, merge=merge, methods=methods, percents=percents, seeds=seeds, having=baseline)
    lines, missing, rows = [], [], {}
    for place in selection.places:
        if place.key and store.state(place.key) == "done":
            rows[place.key] = row = store.row(place.key)
            lines.append(_line(place, row, selection.protocol))
        else:
            missing.append(_missing(store, place))
    columns = [*COLUMNS, *sorted({name for line in lines for name in line} - set(COLUMNS))]
    frame = pd.DataFrame(lines, columns=columns).astype({"percent": "Int64"})
    chosen = _baseline(frame, selection, baseline)
    warnings = tuple(_warnings(frame, rows.values()))
    origins = {key: origin for key in rows if (origin := store.origin(key))}
    return Results(selection, frame, tuple(missing), rows, warnings, chosen, selection.styles, origins=origins)


def _baseline(frame: pd.DataFrame, selection: Selection, requested: str | None) -> str | None:
    """The method that gains are measured against, or None with fewer than two methods.

    By default it is the usual one of those that learned from the labels that were left.
    """
    methods = selection.methods
    present = [method for method in methods if (frame["method"] == method).any()]
    if requested is not None:
        if requested not in methods:
            raise UsageError(f"--baseline: this table has no method {requested!r}; {nearest(requested, methods)}")
        if requested not in present:
            raise UsageError(
                f"--baseline: {requested!r} has no number in this table yet; {nearest(requested, present)}"
            )
        return requested
    observed = [method for method in present if set(frame.loc[frame["method"] == method, "role"]) == {"observed"}]
    return usual_baseline(observed, selection) if observed and len(present) > 1 else None


def usual_baseline(methods: Sequence[str], selection: Selection) -> str:
    """The usual baseline among the methods, as they declare it; the first method where none does."""
    return max(methods, key=lambda name: int(selection.declared(name, "baseline") or 0))


def curves(results: Results, store: StoreReader) -> pd.DataFrame:
    """The filled places' curves: method, percent, seed, key, role, and what `curve.jsonl` holds."""
    columns = ["method", "percent", "seed", "key", "role"]
    by_key = {key: store.curve(key) for key in results.rows}
    places = results.frame[columns].to_dict("records")
    records = [{**place, **record} for place in places for record in by_key[place["key"]]]
    return pd.DataFrame(records, columns=None if records else [*columns, "epoch", "mAP"])


def _line(place: Place, row: Row, protocol: str) -> dict[str, Any]:
    line = {
        "method": place.method,
        "percent": place.percent,
        "seed": place.seed,
        "key": row.key,
        "role": role(row, protocol),
        **row.metrics,
        "epochs": row.epochs,
        "trainable_parameters": row.trainable_parameters,
        **{name: row.mask.get(name) for name in ("known", "known_positives", "known_negatives")},
        "mask_sha256": row.mask.get("sha256", ""),
        "order_seed": row.cell.stream("order"),
        "flags": "; ".join(row.flags),
        "code": row.code,
        "finished": row.finished,
        **{f"time_{name}": value for name, value in row.timings.items()},
        **{f"memory_{name}": value for name, value in row.peak_memory.items()},
    }
    for name, best in (("test_best", row.test_best), ("heldout_best", row.heldout_best or {})):
        line[name], line[f"{name}_epoch"] = best.get("mAP"), best.get("epoch")
    return line


def _missing(store: StoreReader, place: Place) -> Missing:
    if place.key is None:
        state, reason = "skipped", place.skipped
    else:
        state = store.state(place.key)
        reason = {
            "failed": f"{store.reason(place.key)} (cell {place.key})",
            "running": f"{counted(len(store.curve(place.key)), 'epoch')} so far",
        }.get(state, "not run yet")
    return Missing(place.method, place.percent, place.seed, state, reason, place.key or "")


def _warnings(frame: pd.DataFrame, rows: Iterable[Row]) -> Iterator[str]:
    rows = list(rows)
    observed = frame[frame["role"] == "observed"]
    mask_seeds = observed["key"].map({row.key: row.cell.stream("mask") for row in rows}).rename("seed")
    for (percent, seed), group in observed.groupby(["percent", mask_seeds], dropna=False):
        if group["mask_sha256"].nunique() > 1:
            ratio = "" if pd.isna(cast(Any, percent)) else f" at {percent} %"
            yield f"The methods did not train on the same labels{ratio}, seed {seed}: their masks differ."
    for method, group in frame.groupby("method", sort=False):
        if group["code"].nunique() > 1:
            yield f"The numbers of {method} come from {group['code'].nunique()} versions of its source code."
    if unknown := sum(_scored_at_the_end(row) for row in rows):
        yield (
            f"{unknown} of {counted(len(rows), 'cell')} scored the test images after the last epoch only: their best "
            "epoch on test is not known."
        )
    devices = sorted({str(row.environment.get("device")) for row in rows})
    if len(devices) > 1:
        yield f"The cells ran on different devices: {', '.join(devices)}."


def _scored_at_the_end(row: Row) -> bool:
    """Whether test was scored once. Rows of older versions with a trained encoder call that their best on test."""
    older = row.cell.feed.options.get("evaluate") == "last" and bool(feed_flags(row.cell.feed))
    return "mAP" in row.metrics and (older or not row.test_best)
