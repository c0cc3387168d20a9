"""What ablations leave behind: tables that say how sure a gain is, figures with every line, pages and CSV."""

import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.store_factory import Grid, labels, make_store
from helpers.study_stores import study_store

from bench.errors import UsageError
from bench.planning.recipes import recipe_for
from bench.planning.request import Variant
from bench.records.store import Store
from bench.report import markdown, read_results
from bench.stats.metrics import summary
from bench.stats.paired import gain
from bench.studies.ablation import findings as ablation
from bench.studies.ablation.page import write_ablation
from bench.studies.ablation.plan import plan_ablation
from methods import METHODS

pytestmark = pytest.mark.slow

TRM = METHODS.get("trm_ml_first")
SETTINGS = recipe_for(TRM, "auto", "tiny_clip")
WORTH = {"regions": 12.0, "distillation": 0.02, "contrast": 1.5, "pseudo-labels": 0.5, "prototypes": -0.6}
PARTS = ["regions", "contrast"]
SWITCHED = {"regions": "regions", "kd": "distillation", "contrast": "contrast", "pseudo": "pseudo-labels"}


def level(variant: Variant, percent: int, seed: int) -> float:
    """Additive parts, seeds two points apart, and noise of a tenth of a point that belongs to the cell."""
    off = {SWITCHED[name] for name, value in variant.overrides.items() if name in SWITCHED and value in (False, "none")}
    off |= {"prototypes"} if variant.overrides.get("pseudo_score") == "logit" else set()
    noise = np.random.default_rng([percent, seed, len(variant.name)]).normal(0, 0.1)
    return 70 + percent / 10 + 2 * seed - sum(WORTH[part] for part in off) + noise


def ablated(root: Path, design: str, parts: list[str] | None = None, **options) -> tuple[ablation.Ablation, Store]:
    store = study_store(root, plan_ablation(TRM, design, SETTINGS, parts), options.pop("level", level), **options)
    return ablation.read_ablation(read_results(store), store), store


def number(text: str) -> float:
    return float(text.split()[0].replace("−", "-"))


def test_leaving_out_a_part_costs_what_it_is_worth(tmp_path) -> None:
    study, store = ablated(tmp_path, "leave-one-out")
    gains = {line.line.label: line.gains for line in study.compared}
    assert "whole" in gains
    assert not gains["whole"]
    for percent in (10, 50, 90, "average"):
        assert gains["- regions"][percent].mean == pytest.approx(-12, abs=0.3)
        assert gains["- pseudo-labels (and prototypes)"][percent].mean == pytest.approx(0.1, abs=0.3)
        assert gains["- regions"][percent].high < -11, "seeds are two points apart, and cancel in pairs"
    frame = read_results(store).frame.set_index(["method", "percent", "seed"])["mAP"]
    by_hand = [frame["trm_ml_first: - contrast", 10, s] - frame["trm_ml_first: whole", 10, s] for s in range(3)]
    assert gains["- contrast"][10] == pytest.approx(gain(by_hand))


def test_what_other_test_images_would_say_is_told_beside(tmp_path) -> None:
    """Intervals come from the stored scores: of a part that changes them, and of one that leaves them as they are."""

    def skill(variant: Variant) -> float:
        return 1.0 if variant.overrides.get("regions") is False else 2.0

    study = plan_ablation(TRM, "leave-one-out", SETTINGS)
    store = study_store(tmp_path, study, level, percents=(10, 50), skill=skill)
    result = ablation.read_ablation(read_results(store), store)
    images = {line.line.label: line.images for line in result.compared}
    frame = read_results(store).frame.set_index(["method", "percent", "seed"])["key"]
    measured = [
        summary(store.scores(frame["trm_ml_first: - regions", 10, seed]), labels())["mAP"]
        - summary(store.scores(frame["trm_ml_first: whole", 10, seed]), labels())["mAP"]
        for seed in range(3)
    ]
    assert images["- regions"][10].low < np.mean(measured) < images["- regions"][10].high < 0
    same = images["- contrast"][10]
    assert (same.low, same.high) == (0, 0), "equal scores differ on no image"
    assert set(images["- contrast"]) == {10, 50, "average"}
    table = ablation.ablation_tables(result)[2]
    assert f"paired bootstrap over test images (n = {len(labels())} images, 1,000 resamples)" in table.caption
    assert "(n = 3 seeds)" in table.caption
    assert "n.s." in next(row for row in table.rows if row[0].text == "- contrast")[1].text


def test_tables_mark_what_is_not_significant(tmp_path) -> None:
    study, _ = ablated(tmp_path, "leave-one-out")
    levels, gains, *_ = ablation.ablation_tables(study)
    rows = {row[0].text: row[1:] for row in gains.rows}
    assert all("n.s." not in value.text for value in rows["- regions"])
    assert "n.s." in rows["- distillation"][0].text
    assert "whole" not in rows
    assert "n = 3 seeds" in gains.caption
    assert levels.columns == ("variant", "10 %", "50 %", "90 %", "average")
    assert "±" in markdown(levels)


@pytest.mark.parametrize(("seeds", "caption"), [((0,), "n = 1 seed)"), ((0, 1), "in brackets the range")])
def test_few_seeds_give_no_interval_and_no_verdict(tmp_path, seeds, caption) -> None:
    study, _ = ablated(tmp_path, "leave-one-out", seeds=seeds)
    gains = ablation.ablation_tables(study)[1]
    assert caption in gains.caption
    assert all("n.s." not in value.text for row in gains.rows for value in row)


@pytest.mark.usefixtures("sketched")
def test_a_ladder_compares_each_rung_with_the_one_below(tmp_path) -> None:
    study, store = ablated(tmp_path, "ladder", seeds=(0, 1, 2))
    gains = [line.gains["average"].mean for line in study.compared if line.gains]
    assert gains == pytest.approx([12, 0.02, 1.5, -0.1], abs=0.3)
    page = write_ablation(study, store)
    assert page == tmp_path / "reports" / "ablation-555555555555" / "ablation.md"
    svg = (page.parent / "waterfall.svg").read_text()
    for text in ("text-pixel", "+ regions", "10 % of the labels known", "mAP (%)"):
        assert f">{text}</text>" in svg
    assert svg.count("→") == 3, "every panel ends at the whole method's level"


def test_a_factorial_has_effects_and_interactions(tmp_path) -> None:
    study, store = ablated(tmp_path, "factorial", ["regions", "contrast", "pseudo-labels", "prototypes"])
    assert set(study.effects) > {"regions", "contrast", "pseudo-labels", "prototypes"}
    for part in study.study["parts"]:
        assert study.effects[part]["average"].mean == pytest.approx(WORTH[part], abs=0.1)
    assert study.effects["regions × contrast"]["average"].mean == pytest.approx(0, abs=0.1)
    assert "pseudo-labels × prototypes" not in study.effects
    page = write_ablation(study, store)
    frame = pd.read_csv(page.parent / "effects.csv")
    assert set(frame["effect"]) == set(study.effects)
    assert {f"{name}.png" for name in ("effects", "interactions")} <= {path.name for path in page.parent.iterdir()}


@pytest.mark.parametrize(("design", "figure"), [
    ("leave-one-out", "parts"), ("add-one-in", "parts"), ("ladder", "waterfall"), ("factorial", "effects"),
])  # fmt: skip
def test_every_link_of_the_page_leads_somewhere(tmp_path, design, figure) -> None:
    study, store = ablated(tmp_path, design, PARTS if design == "factorial" else None, percents=(10, 90))
    page = write_ablation(study, store)
    text = page.read_text()
    linked = set(re.findall(r"\]\(([^)#]+)\)", text))
    assert {f"{figure}.png", f"{figure}.svg", "ablation.csv", "results.csv"} <= linked
    assert all((page.parent / name).exists() for name in linked)
    assert "reconstruction" in text
    frame = pd.read_csv(page.parent / "ablation.csv")
    assert len(frame) == len(study.compared) * 3
    assert set(frame["percent"]) == {"10", "90", "average"}


def test_what_was_not_run_is_a_gap_and_not_a_crash(tmp_path) -> None:
    """A rung without cells, and one that lacks a seed: no number is made up."""

    def some(variant: Variant, percent: int, seed: int) -> float | None:
        if "contrast" in variant.name or ("distillation" in variant.name and seed == 2):
            return None
        return level(variant, percent, seed)

    study, store = ablated(tmp_path, "ladder", level=some)
    by_label = {line.line.label: line for line in study.compared}
    assert not by_label["+ contrast"].gains
    assert by_label["+ distillation"].gains[10].n == 2
    page = write_ablation(study, store)
    assert "trm_ml_first: + contrast" in page.read_text().split("## What is missing")[1]
    empty, emptied = ablated(tmp_path / "none", "ladder", level=lambda *_: None)
    assert write_ablation(empty, emptied).exists()


def test_a_refused_variant_stands_in_the_table_with_its_reason(tmp_path) -> None:
    study = plan_ablation(TRM, "leave-one-out", SETTINGS)
    store = study_store(tmp_path, study, level)
    record = store.sweeps()[-1]
    record.study["arms"][1]["refused"] = "it does not fit"
    store.save_sweep(record)
    table = ablation.ablation_tables(ablation.read_ablation(read_results(store), store))[0]
    assert table.footnotes == ("not run: it does not fit",)
    assert table.rows[1][0].marks == (1,)


def test_equal_findings_are_not_drawn_again_and_new_ones_are(tmp_path) -> None:
    study, store = ablated(tmp_path, "ladder", percents=(10,))
    page = write_ablation(study, store)
    os.utime(page, ns=(0, 0))
    assert write_ablation(study, store).stat().st_mtime_ns == 0
    study_store(tmp_path, plan_ablation(TRM, "ladder", SETTINGS), lambda *a: level(*a) + 1, percents=(10,))
    assert write_ablation(ablation.read_ablation(read_results(store), store), store).stat().st_mtime_ns > 0


def test_an_ordinary_sweep_is_no_ablation(tmp_path) -> None:
    store, _ = make_store(tmp_path / "results", Grid(methods=("asl", "dualcoop"), percents=(10,), epochs=2))
    with pytest.raises(UsageError, match="not of the kind 'ablation'"):
        ablation.read_ablation(read_results(store), store)
