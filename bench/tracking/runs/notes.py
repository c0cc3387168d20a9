"""Runs' descriptions in Markdown, which MLflow shows at the top of a run's page: each is understandable by itself."""

import dataclasses
import math
import urllib.parse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.records.rows import Row
from bench.records.sweeps import SweepRecord
from bench.system.wording import counted
from bench.tracking.runs.names import RUN, TAG_LIMIT

if TYPE_CHECKING:
    from bench.report import Table


def figure(path: str, alt: str) -> str:
    """An artifact of the run itself as an image that fits the page; MLflow's server gives it out."""
    source = f"get-artifact?path={urllib.parse.quote(path, safe='')}&run_uuid={RUN}"
    return f'<img src="{source}" alt="{alt}" width="640">'


def sweep_note(table: "Table | None", state: str, has_figure: bool, study: Sequence[str] = ()) -> str:
    """How far it is, the main figure, and the headline table: as many of its rows as MLflow takes.

    study: the artifacts of the study that the sweep belongs to; its page is named, its first figure shown.
    """
    from bench.report.render.safe_markdown import tame

    head = tame(f"**{table.title}** ({state})" if table else state)
    image = figure("report/ratios.png", "mAP over the share of known labels") if has_figure else ""
    page = tame(next((f"The study: `{name}` among the artifacts." for name in study if name.endswith(".md")), ""))
    drawn = next((figure(name, "What the study found") for name in study if name.endswith(".png")), "")
    room = TAG_LIMIT - len(head) - len(page) - 2 * (len(image) + len(drawn)) - 10
    return "\n\n".join(part for part in (head, page, drawn, image, fitted(table, room) if table else "") if part)


def fitted(table: "Table", room: int, page: str = "report/report.md") -> str:
    """The table as Markdown in at most `room` characters: without footnotes, then with fewer rows, if need be.

    page: the artifact that has all of it.
    """
    from bench.report import Value, markdown

    whole = markdown(table).strip()
    if len(whole) <= room:
        return whole
    plain = tuple(tuple(Value(value.text, value.style) for value in row) for row in table.rows)
    for kept in range(len(plain), 0, -1):
        left_out = f"{len(plain) - kept} more methods and the footnotes" if kept < len(plain) else "The footnotes"
        caption = f"{table.caption} {left_out} are in `{page}` among the artifacts."
        text = markdown(dataclasses.replace(table, rows=plain[:kept], footnotes=(), caption=caption)).strip()
        if len(text) <= room:
            return text
    return f"The table is in `{page}` among the artifacts."[: max(room, 0)]


def tuning_note(table: "Table", has_figure: bool) -> str:
    """The figure over the budget, and the table."""
    from bench.report.render.safe_markdown import tame

    head = tame(f"**{table.title}**. Settings for `bench run --recipe FILE`: `tune/recipe.toml` among the artifacts.")
    image = figure("tune/budget.png", "Expected best held-out mAP over the number of trials") if has_figure else ""
    room = TAG_LIMIT - len(head) - 2 * len(image) - 10
    return "\n\n".join(part for part in (head, image, fitted(table, room, "tune/tune.md")) if part)


def chosen_note(method: str, search: str, choice: str, changed: str) -> str:
    """What was chosen for a method, what it changed, and where its trials are."""
    from bench.report.render.safe_markdown import fenced, tame

    about = tame(f"`{method}`: {choice}. Its trials are the runs with `tags.search = '{search}'`.")
    curve = "`expected_heldout_mAP` is the expected best held-out mAP of so many trials, which are its step."
    return "\n\n".join(part for part in (about, curve, fenced(changed.replace(", ", "\n")) if changed else "") if part)


def cell_note(row: Row) -> str:
    """What came out of a cell, and what to know before quoting it."""
    from bench.report.render.safe_markdown import tame

    if "mAP" not in row.metrics:
        level = row.metrics.get("heldout_mAP", math.nan)
        return f"No test split: held-out mAP **{level:.2f}** after {counted(row.epochs, 'epoch')}."
    sentences = [f"mAP **{row.mAP:.2f}** on test" + (f" after the last epoch ({row.epochs})." if row.epochs else ".")]
    best = row.test_best
    if row.epochs and "mAP" in best:
        sentences.append(f"Best on test: {best['mAP']:.2f} in epoch {best.get('epoch', '?')} (not the headline).")
    known = row.mask.get("known")
    if known is not None:
        sentences.append(f"{100 * known:.1f} % of the labels known, mask `{str(row.mask.get('sha256', ''))[:12]}`.")
    if "unknown" in row.data:
        sentences.append(
            f"Labels are unknown in the data itself; taken over {row.metrics['known_entries']:,} known entries."
        )
    if row.flags:
        sentences.append(f"Take care: {'; '.join(row.flags)}.")
    return tame(" ".join(sentences))


def failure_note(error: str) -> str:
    from bench.report.render.safe_markdown import fenced

    return fenced(error.strip()[-TAG_LIMIT + 200 :])


def summary_note(method: str, record: SweepRecord) -> str:
    """What the curve is, and where the method comes from."""
    from bench.report.render.safe_markdown import tame

    known = record.notes.get(method.partition(" [")[0], {})
    parts = [known.get("reference", ""), known.get("note", "")]
    about = [f"{text[0].upper()}{text[1:].rstrip('.')}." for text in parts if text]
    curve = "`mAP_by_ratio` is mAP of the last epoch, mean over seeds; its step is the percent of known labels."
    return tame("\n\n".join([*about, curve]))[:TAG_LIMIT]
