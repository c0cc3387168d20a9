"""The findings of an ablation: levels, gains and effects, as tables and records, from the store alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.records.reader import StoreReader
from bench.report.image_intervals import image_interval
from bench.report.results import Results
from bench.report.tables.compared import (
    AVERAGE,
    Compared,
    ComparedLine,
    GainColumn,
    columns_of,
    compare_lines,
    gain_records,
    label_of,
)
from bench.report.tables.gains import gain_table, image_table, level_table, signed, span
from bench.report.tables.table import Table, Value
from bench.stats.effects import all_effects
from bench.stats.paired import Gain, Percent, gain
from bench.studies.pages import study_of

GAINS = {
    "leave-one-out": "Change from the whole method",
    "add-one-in": "Gain over the baseline without any part",
    "ladder": "Gain over the rung below",
}
TIMES = " × "


@dataclass(frozen=True)
class Ablation:
    """The findings.

    study: as the sweep's record has it (`bench.studies.ablation.plan.AblationStudy`). effects: of a factorial, by name.
    """

    results: Results
    study: Mapping[str, Any]
    compared: tuple[Compared, ...]
    effects: Mapping[str, Mapping[GainColumn, Gain]]

    @property
    def design(self) -> str:
        return self.study["design"]

    @property
    def title(self) -> str:
        return f"{self.study['method']}, {self.design}: {self.results.selection.title}"

    @property
    def columns(self) -> tuple[GainColumn, ...]:
        return columns_of(self.results)

    @property
    def has_images(self) -> bool:
        return any(line.images for line in self.compared)


def read_ablation(results: Results, store: StoreReader) -> Ablation:
    """The findings of an ablation's sweep."""
    study = study_of(results, "ablation")
    lines = [
        ComparedLine(arm["name"], f"{study['method']}: {arm['name']}", arm["against"], _refusal(arm["refused"]))
        for arm in study["arms"]
    ]
    # Every arm of a factorial but one is an intermediate result; what it is there for are the effects.
    images = None if study["design"] == "factorial" else image_interval(results, store)
    return Ablation(results, study, compare_lines(results, lines, images), _effects(results, study))


def _refusal(reason: str) -> str:
    return f"not run: {reason}" if reason else ""


def _effects(results: Results, study: Mapping[str, Any]) -> dict[str, dict[GainColumn, Gain]]:
    """Main effects and two-way interactions at each ratio and over ratios: gains over the seeds' own effects."""
    if study["design"] != "factorial":
        return {}
    on = {f"{study['method']}: {arm['name']}": frozenset(arm["on"]) for arm in study["arms"]}
    values: dict[tuple[Percent, int], dict[frozenset[str], float]] = {}
    columns = (results.frame[name].tolist() for name in ("method", "percent", "seed", "mAP"))
    for name, percent, seed, level in zip(*columns, strict=True):
        place = (None if pd.isna(percent) else int(percent), seed)
        values.setdefault(place, {})[on[name]] = level
    samples: dict[str, dict[Percent, dict[int, float]]] = {}
    for (percent, seed), block in values.items():
        for parts, effect in all_effects(block, study["parts"]).items():
            samples.setdefault(TIMES.join(parts), {}).setdefault(percent, {})[seed] = effect
    return {name: _gains(by_ratio, results.percents) for name, by_ratio in sorted(samples.items(), key=_main_first)}


def _main_first(item: tuple[str, Any]) -> bool:
    return TIMES in item[0]


def _gains(by_ratio: Mapping[Percent, Mapping[int, float]], percents: Sequence[Percent]) -> dict[GainColumn, Gain]:
    gains: dict[GainColumn, Gain] = {percent: gain([*seeds.values()]) for percent, seeds in by_ratio.items()}
    if len(percents) > 1 and by_ratio.keys() >= set(percents):
        seeds = set.intersection(*(set(by_ratio[percent]) for percent in percents))
        if seeds:
            gains[AVERAGE] = gain([sum(by_ratio[p][seed] for p in percents) / len(percents) for seed in sorted(seeds)])
    return gains


def ablation_tables(ablation: Ablation) -> list[Table]:
    """Levels, then gains with both kinds of interval, or a factorial's effects."""
    first = "rung" if ablation.design == "ladder" else "variant"
    tables = [level_table(ablation.compared, ablation.columns, f"mAP of {ablation.title}", first)]
    if ablation.design == "factorial":
        return [*tables, effect_table(ablation)]
    tables.append(gain_table(ablation.compared, ablation.columns, GAINS[ablation.design], first))
    if ablation.has_images:
        title = f"{GAINS[ablation.design]}, with intervals over test images"
        tables.append(image_table(ablation.compared, ablation.columns, title, first))
    return tables


def effect_table(ablation: Ablation) -> Table:
    """Main effects and interactions of a factorial."""

    def cell(effect: Gain | None) -> Value:
        if effect is None:
            return Value("-", "missing")
        inside = "" if effect.low != effect.low else f" {span(effect.low, effect.high)}"
        unsure = effect.not_significant
        return Value(signed(effect.mean) + inside + (" n.s." if unsure else ""), "aside" if unsure else "")

    rows = [
        (Value(name), *(cell(by.get(column)) for column in ablation.columns)) for name, by in ablation.effects.items()
    ]
    n = max((effect.n for by in ablation.effects.values() for effect in by.values()), default=0)
    return Table(
        "Effects of parts and pairs of parts",
        ("effect", *map(label_of, ablation.columns)),
        tuple(rows),
        "A part's effect is mAP with it minus mAP without it, averaged over all combinations of the other parts; that "
        "of a pair is half of how much more one brings with the other than without. Taken within each ratio and seed, "
        f"then over n = {n} seeds; in brackets the 95 % interval of Student's t (from 3 seeds on; the range of 2). "
        "n.s.: it holds 0. A pair of which one part needs the other has no effect of its own.",
    )


def parts_table(study: Mapping[str, Any]) -> Table:
    """The arms and the settings that make them."""

    def settings(arm: Mapping[str, Any]) -> str:
        return ", ".join(f"{name}={value}" for name, value in arm["overrides"].items()) or "as the method is"

    rows = [(Value(arm["name"]), Value(settings(arm)), Value(arm["against"] or "-")) for arm in study["arms"]]
    return Table("Variants", ("variant", "settings", "compared with"), tuple(rows))


def ablation_records(ablation: Ablation) -> list[dict[str, Any]]:
    """A record for each variant and column, in full precision."""
    return gain_records(ablation.compared, ablation.columns, "variant")
