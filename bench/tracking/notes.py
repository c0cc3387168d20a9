"""Runs' descriptions in Markdown, which MLflow shows at the top of a run's page: each is understandable by itself."""

import math
import urllib.parse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.records.rows import Row
from bench.records.sweeps import SweepRecord
from bench.system.wording import counted
from bench.tracking.spec import RUN, TAG_LIMIT

if TYPE_CHECKING:
    from bench.report import Table

SEARCHES = "/search"
"""How the names of experiments end that hold searches."""

HOW_TO_READ = """\
One run a sweep, its cells under it, and one summary run a method.

* **Views > mAP over ratios** (top right): the newest sweep's methods; as a chart, `mAP_by_ratio` over the percent of
  known labels is the paper's figure; as a table, the tags `mAP 0.10`, ... are the report's numbers.
* **Views > Cells**: every training run; all have the same metric names, and the step of `curve/...` is the epoch.
* The run named `sweep ...` has the report, its figures and the whole table among its artifacts, under `report/`. A
  study's run is named after it (`ablation (ladder) ...`) and has the study's page and figures too, under `ablation/`,
  `sensitivity/` or `variance/`.
"""

HOW_TO_READ_SEARCHES = """\
One run a search, its trials under it. Every number is of held-out *training* images, but for those that are named
`test_mAP...`; no trial was scored on the test split.

* **Views > Tuned methods** (top right), after `bench tune`: the methods of the newest tuning; as a chart,
  `expected_heldout_mAP` over the number of trials is the figure over the budget.
* **Views > Trials**: every trial of every search, the best first.
* The run named `tune-...` has the table, the figure and the recipe file among its artifacts, under `tune/`. Under it
  stands a run a method: the chosen settings are params, the tag `changed` says what differs from the settings before,
  and `tags.search` which trials they are of. `test_mAP_as_they_were` and `test_mAP_tuned` are of trainings on all
  training images.
* The run named `search ...`: `best_objective` is the best trial's held-out mAP so far, its step the trial. Among its
  artifacts are `plots/`, every trial (`trials.json`), and the best settings as a file for `bench run` (`best.yaml`).
* The runs named `... trial 7`: settings are params; `objective` is the mean over the trial's cells,
  `heldout_mAP/10_percent/seed_0` one cell, and `heldout_mAP` the first cell's over epochs, its step the epoch. A trial
  that was pruned shows as killed.
* Settings that were trained again on all training images are a sweep of the experiment without `/search`, where they
  stand among numbers of the test split.
"""


def how_to_read(experiment: str) -> str:
    """The description of an experiment, by its name."""
    return HOW_TO_READ_SEARCHES if experiment.endswith(SEARCHES) else HOW_TO_READ


def is_ours(note: str) -> bool:
    """Whether a description of an experiment is one of these, of this version or another: not a person's."""
    return note.startswith(("One run a sweep, its cells under it", "One run a search, its trials under it"))


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
    import dataclasses

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
