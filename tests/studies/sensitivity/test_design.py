"""Which settings are varied over which values, and where those stand on an axis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import UsageError
from bench.planning.recipes import recipe_for
from bench.records.component import canonical_json
from bench.studies.sensitivity.design import DEFAULT, plan_sensitivity, scale_of
from methods import METHODS

TRM = METHODS.get("trm_ml")
SETTINGS = recipe_for(TRM, "auto", "tiny_clip")


def study(*over: str, **more: object):
    return plan_sensitivity(TRM, {**SETTINGS, **more}, over)


def test_values_are_typed_sorted_and_hold_the_default() -> None:
    (axis,) = study("contrast_temperature=0.5,0.05,1e-1").axes
    assert [point.value for point in axis.points] == [0.05, 0.1, 0.2, 0.5]
    assert axis.default == 0.2
    assert [point.line for point in axis.points if point.value == 0.2] == [f"trm_ml: {DEFAULT}"]


def test_one_setting_differs_from_the_default_in_every_line() -> None:
    result = study("contrast_temperature=0.1,0.5", "n_ctx=2,8", "query=text,embed")
    first, *others = result.variants
    assert first.overrides == {}
    assert len(others) == 6
    assert all(len(variant.overrides) == 1 for variant in others)
    assert len({variant.name for variant in result.variants}) == 7
    assert canonical_json(result.to_json())


def test_the_users_setting_is_the_default_of_the_study() -> None:
    (axis,) = study("contrast_temperature=0.1,0.5", contrast_temperature="0.5").axes
    assert axis.default == 0.5
    assert [point.value for point in axis.points] == [0.1, 0.5]


def test_words_and_switches_keep_their_order() -> None:
    categories, switch = study("kd=text,none", "contrast=no").axes
    assert [point.value for point in categories.points] == ["text", "none", "logits"]
    assert [point.value for point in switch.points] == [False, True]


@pytest.mark.parametrize("name", TRM.sensitivity)
def test_a_setting_without_values_takes_those_that_the_method_declares(name: str) -> None:
    result = study(name)
    (axis,) = result.axes
    values = {point.value for point in axis.points}
    left_out = {value for value in TRM.sensitivity[name] if any(f"{name}={value} is" in note for note in result.notes)}
    assert values == set(TRM.sensitivity[name]) - left_out | {axis.default}
    assert len(values) >= 3


@pytest.mark.parametrize(("over", "sentence"), [
    (("temperature=0.1",), "no option 'temperature'; did you mean kd_temperature or contrast_temperature"),
    (("contrast_wieght=0.1",), "no option 'contrast_wieght'; did you mean 'contrast_weight'"),
    (("contrast_temperature=0",), "contrast_temperature = '0' is not allowed; give a finite number above 0"),
    (("contrast_temperature=warm",), "contrast_temperature = 'warm' is not allowed"),
    (("query=pixel",), "query = 'pixel' is not allowed"),
    (("query_level=false",), "needs query_level=true"),
    (("contrast_temperature=0.2",), "no value but the default 0.2"),
    (("lr",), "declares no values for lr; write --over lr=VALUE,VALUE"),
    (("n_ctx=2", "n_ctx=8"), "--over n_ctx is given twice"),
    (("n_ctx=2,8,2",), "--over n_ctx has the value 2 twice"),
    ((f"n_ctx={','.join(map(str, range(1, 102)))}",), "--over n_ctx has 101 values; at most 100"),
    ((), "--over is missing.*contrast_temperature"),
])  # fmt: skip
def test_wrong_use_gets_one_sentence(over: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        study(*over)


@given(st.floats(1e-4, 10), st.floats(1.3, 10), st.integers(4, 8))
def test_geometric_values_get_a_logarithmic_axis(start: float, factor: float, count: int) -> None:
    values = [start * factor**i for i in range(count)]
    if values[-1] >= 5 * values[0]:
        assert scale_of(values) == "log"
        assert scale_of([0.0, *values]) == "symlog"


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.integers(3, 8))
def test_evenly_spaced_values_get_a_linear_axis(start: float, step: float, count: int) -> None:
    assert scale_of([start + step * i for i in range(count)]) == "linear"
    assert scale_of([-step, *(start + step * i for i in range(count))]) == "linear"


def test_switches_and_words_are_categories() -> None:
    assert scale_of([False, True]) == scale_of(["a", "b"]) == scale_of([None, 1]) == "category"
