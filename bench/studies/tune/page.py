"""The report of `bench tune`: how the table would look under smaller budgets."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.records.component import canonical_json
from bench.records.paths import inside
from bench.report.tables.table import Style, Table, Value, markdown, ranked
from bench.studies.pages import Files, write_files
from bench.studies.tune.budget import shown_budgets
from bench.studies.tune.figure import TestLevels, budget_figure
from bench.studies.tune.outcome import Tuning, heldout_sd
from bench.system.spreadsheet import csv_text

TUNE_RECORD, TUNE_RECIPE = "tune.json", "recipe.toml"
BUDGET_COLUMNS = ("method", "trials", "expected_heldout_mAP")


@dataclass(frozen=True)
class TunedField:
    """All methods under one budget.

    how: command, budget and the like, as the recipe file has them. left_out: why methods were not tuned, by method.
    tests: test mAP where settings were trained again on all training images.
    """

    tunings: tuple[Tuning, ...]
    how: Mapping[str, Any]
    left_out: Mapping[str, str]
    tests: TestLevels = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The same for the same searches and budget."""
        what = [self.how["trials"], *sorted(one.search for one in self.tunings)]
        return hashlib.sha256(canonical_json(what).encode()).hexdigest()[:10]

    @property
    def best_first(self) -> list[Tuning]:
        """By held-out mAP under the whole budget; methods without a number come last."""
        return sorted(self.tunings, key=lambda one: -(one.chosen.value or 0.0) if one.chosen else 1.0)


def tune_folder(store: Path, tuned: TunedField) -> Path:
    """The folder of the report."""
    return inside(store, "reports", f"tune-{tuned.id}")


def budget_table(tuned: TunedField) -> Table:
    """A line for each method; at each budget its expected held-out mAP and its place among the methods."""
    lines = tuned.best_first
    budgets = shown_budgets(tuned.how["trials"])
    levels = {budget: [one.at(budget) for one in lines] for budget in budgets}
    styles = {budget: ranked([_two(level) for level in levels[budget]]) for budget in budgets}
    tested = bool(tuned.tests)
    rows = []
    for i, one in enumerate(lines):
        columns = [_level(levels[budget], i, styles[budget][i]) for budget in budgets]
        sd = heldout_sd(one.chosen) if one.chosen else None
        tests = [Value("-" if x is None else f"{x:.2f}") for x in tuned.tests.get(one.method, (None, None))]
        rows.append((
            Value(one.method), Value(f"{one.finished} of {len(one.trials)}"), *columns,
            Value("-" if sd is None else f"{sd:.2f}"), *(tests if tested else ()),
        ))  # fmt: skip
    return Table(
        title="mAP over the tuning budget",
        columns=(
            "method",
            "finished",
            *(f"{b} trial{'s' if b > 1 else ''}" for b in budgets),
            "SD over seeds",
            *(("test, as they were", "test, tuned") if tested else ()),
        ),
        rows=tuple(rows),
        caption=_caption(tuned),
    )


def _level(levels: Sequence[float | None], i: int, style: Style) -> Value:
    """A level and its place among all levels of the column."""
    level = levels[i]
    if level is None:
        return Value("-", "missing")
    place = 1 + sum(_two(other) > _two(level) for other in levels if other is not None)
    return Value(f"{level:.2f} ({place})", style)


def _two(level: float | None) -> Any:
    """As it is printed, so that numbers which look equal share a place."""
    return None if level is None else round(level, 2)


def _caption(tuned: TunedField) -> str:
    how = tuned.how
    ratios = "" if not how["percents"] else f"{', '.join(map(str, how['percents']))} % known labels, "
    tests = (
        " Test: mAP of a training on all training images, mean over ratios and seeds; no setting was chosen by it. "
        "Held-out and test levels are of other images and labels: compare what tuning changed, not the levels."
        if tuned.tests
        else ""
    )
    return (
        f"Expected best held-out mAP of so many trials, and the place among these methods: {how['dataset']}, "
        f"{how['protocol']}, {ratios}{how['holdout']} % of the training images held out and judged by their "
        f"{how['judged']} labels, mean over ratios and seeds. One trial is the settings as they were; of the others "
        "any order is as likely, and a trial that failed has used up its place. The level of a chosen trial is "
        "optimistic, the more so the more were tried: the same images chose it. SD over seeds: of the chosen "
        f"trial.{tests}"
    )


def write_tuned(tuned: TunedField, store: Path, recipe_file: Path, recipe: str) -> Path:
    """`tune.md` with table and figure, `budget.csv` with a line for each method and budget, the recipe, a record."""
    folder = tune_folder(store, tuned)
    files = {
        **_files(tuned, recipe_file),
        TUNE_RECIPE: recipe,
        TUNE_RECORD: json.dumps(_record(tuned), indent=1) + "\n",
    }
    digest = hashlib.sha256(
        canonical_json({n: hashlib.sha256(_bytes(c)).hexdigest() for n, c in files.items()}).encode()
    )
    write_files(folder, digest.hexdigest(), lambda: files)
    return folder / "tune.md"


def _record(tuned: TunedField) -> dict[str, Any]:
    """What the trials in the store do not say."""
    methods = {
        one.method: {"search": one.search, "before": dict(one.before), "after": dict(one.after)}
        for one in tuned.tunings
    }
    return {"how": dict(tuned.how), "methods": methods, "left_out": dict(tuned.left_out), "tests": dict(tuned.tests)}


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _files(tuned: TunedField, recipe_file: Path) -> Files:
    images = budget_figure(tuned.best_first, tuned.tests, "mAP (%)")
    lines = [[one.method, k, one.at(k)] for one in tuned.tunings for k in range(1, len(one.trials) + 1)]
    return {
        "tune.md": "\n\n".join(_page(tuned, recipe_file, bool(images))) + "\n",
        "budget.csv": csv_text([BUDGET_COLUMNS, *lines]),
        **{f"budget.{suffix}": image for suffix, image in images.items()},
    }


def _page(tuned: TunedField, recipe_file: Path, drawn: bool) -> Iterator[str]:
    table = budget_table(tuned)
    yield f"# {table.title}"
    yield markdown(table).strip()
    if drawn:
        yield "![Expected best mAP over the number of trials, a panel for each method](budget.png)"
        yield "As vector graphics: [budget.svg](budget.svg). Every budget: [budget.csv](budget.csv)"
    failed = [one.method for one in tuned.tunings if one.chosen is None]
    if failed:
        yield f"No trial completed, so settings stay as they were: {', '.join(failed)}."
    if tuned.left_out:
        yield "Left out:"
        yield "\n".join(f"* {method}: {reason}" for method, reason in tuned.left_out.items())
    yield f"Settings: `{recipe_file}`, for `bench run --recipe FILE`. Made by `{tuned.how['command']}`."
