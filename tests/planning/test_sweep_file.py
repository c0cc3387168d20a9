"""A sweep as YAML: what a file may say, what YAML would make of it, and that writing and reading agree."""

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bench.planning.sweep_file import SweepFile, merged, parse_sweep_file, render_sweep_file
from bench.settings.plain_yaml import dump, load

pytestmark = pytest.mark.slow

FLAGS = ("methods", "ratios", "seeds", "holdout", "live", "tracking-uri", "dataset")
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=8)
names = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
scalars = st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), words)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4), ("1E5", 1e5), ("5.e-3", 5e-3), (".5", 0.5), ("-2", -2), ("010", 10), ("true", True), ("", None),
        ("0.1-0.9", "0.1-0.9"), ("10:30", "10:30"), ("on", "on"), ("off", "off"), ("no", "no"), ("y", "y"),
        ("10%", "10%"),
        ("0x1F", "0x1F"), ("1_000", "1_000"), ("2026-01-02", "2026-01-02"), ("=", "="), ("'1e-4'", "1e-4"),
    ],
)  # fmt: skip
def test_words_and_numbers_are_what_they_look_like(text, value):
    assert load(f"x: {text}", "f") == {"x": value}
    assert type(load(f"x: {text}", "f")["x"]) is type(value)


def test_why_pyyaml_alone_will_not_do():
    """If this fails, PyYAML reads YAML 1.2, and `bench.settings.plain_yaml` can go."""
    assert yaml.safe_load("[1e-4, 10:30, on]") == ["1e-4", 630, True]


@given(st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3)))
def test_what_is_dumped_is_read_back(data):
    assert load(dump({"x": data}), "f") == {"x": data}


def test_a_number_that_is_none():
    assert math.isnan(load(dump({"x": math.nan}), "f")["x"])


FULL = """
methods: [trm_ml, asl]
ratios: [0.1, 50, 5%]
seeds: 0-2
holdout: 10
live: true
tracking_uri: http://127.0.0.1:5000
set:
  asl: {lr: 1e-3, pool: mean}
grid:
  trm_ml: {lr: [1e-4, 2e-4]}
"""


def test_a_file_says_what_flags_say():
    sweep = parse_sweep_file(FULL, "sweep.yaml", FLAGS)
    assert sweep.flags == {
        "methods": "trm_ml,asl",
        "ratios": "0.1,50,5%",
        "seeds": "0-2",
        "holdout": "10",
        "live": True,
        "tracking-uri": "http://127.0.0.1:5000",
    }
    assert sweep.settings == {"asl": {"lr": 1e-3, "pool": "mean"}}
    assert sweep.grid == {"trm_ml": {"lr": [1e-4, 2e-4]}}


texts = st.one_of(words.filter(str.strip), st.integers().map(str), st.floats(allow_nan=False).map(str))
tables = st.dictionaries(names, st.dictionaries(names, scalars, min_size=1, max_size=3), max_size=3)
axes = st.dictionaries(
    names, st.dictionaries(names, st.lists(scalars, min_size=1, max_size=3), min_size=1, max_size=3), max_size=3
)


@given(st.dictionaries(st.sampled_from(FLAGS), texts | st.booleans(), min_size=1), tables, axes)
def test_what_is_written_is_read_back(flags, settings, grid):
    written = render_sweep_file(SweepFile(flags, settings, grid), heading="Written by:\nsomebody")
    again = parse_sweep_file(written, "f", FLAGS)
    # "true" as a flag's text is a switch that is on: the command line has no other meaning for it
    assert {flag: str(value).lower() for flag, value in again.flags.items()} == {
        flag: str(value).lower() for flag, value in flags.items()
    }
    assert _as_text(again.settings) == _as_text(settings)
    assert _as_text(again.grid) == _as_text(grid)


def _as_text(value):
    """Values as `bench.settings.conversion.build` takes them: the number 3 and the text "3" are the same setting."""
    if isinstance(value, dict):
        return {name: _as_text(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_text(inner) for inner in value]
    return {"True": "true", "False": "false"}.get(str(value), str(value))


def test_a_run_of_some_of_the_methods_leaves_out_what_is_said_of_the_others():
    sweep = parse_sweep_file(FULL, "f", FLAGS)
    assert sweep.of(["asl"]).grid == {}
    assert sweep.of(["asl"]).settings == sweep.settings
    assert sweep.of(["trm_ml"]).settings == {}
    assert sweep.of(["asl", "trm_ml"]) == sweep


def test_later_options_are_stronger_one_by_one():
    assert merged({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}, "b": {"z": 4}}) == {"a": {"x": 1, "y": 3}, "b": {"z": 4}}
