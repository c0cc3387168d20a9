"""The findings of a sensitivity study: each value of a setting is paired with the default."""

import re

import numpy as np
import pandas as pd
import pytest
from helpers.study_stores import study_store

from bench.planning.recipes import recipe_for
from bench.planning.request import Variant
from bench.report import read_results
from bench.studies.sensitivity import findings as sensitivity
from bench.studies.sensitivity.design import plan_sensitivity
from bench.studies.sensitivity.page import write_sensitivity
from methods import METHODS

pytestmark = pytest.mark.slow

TRM = METHODS.get("trm_ml_first")
SETTINGS = recipe_for(TRM, "auto", "tiny_clip")


def peaked(variant: Variant, percent: int, seed: int) -> float:
    """Best at a temperature of 0.1, where 0.2 is the default."""
    value = variant.overrides.get("contrast_temperature", 0.2)
    return 70 + percent / 10 + 2 * seed - abs(np.log(value / 0.1)) + 0.01 * seed * (value != 0.2)


@pytest.mark.usefixtures("sketched")
def test_a_curve_is_paired_with_the_default(tmp_path) -> None:
    study = plan_sensitivity(TRM, SETTINGS, ["contrast_temperature=0.05,0.1,0.5", "query=text,embed"])
    store = study_store(tmp_path, study, peaked)
    result = sensitivity.read_sensitivity(read_results(store))
    temperature, query = result.curves
    assert temperature.values == (0.05, 0.1, 0.2, 0.5)
    at = temperature.compared[1].gains[10]
    assert at.mean == pytest.approx(np.log(2) + 0.01)
    assert at.high - at.low < 0.1, "two points between seeds cancel"
    assert not temperature.compared[2].gains, "the default is the reference"
    table = sensitivity.sensitivity_tables(result)[0]
    assert [row[0].text for row in table.rows] == ["0.05", "0.1", "0.2 (default)", "0.5"]
    page = write_sensitivity(result, store)
    svg = (page.parent / "contrast_temperature.svg").read_text()
    assert all(f">{text}</text>" in svg for text in ("0.05", "0.1", "0.2", "0.5", "10 %", "contrast_temperature"))
    assert ">text+embed</text>" in (page.parent / "query.svg").read_text()
    linked = set(re.findall(r"\]\(([^)#]+)\)", page.read_text()))
    assert all((page.parent / name).exists() for name in linked)
    frame = pd.read_csv(page.parent / "sensitivity.csv")
    assert len(frame) == (4 + 3) * 4
    assert query.default == "text+embed"
