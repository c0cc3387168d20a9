"""Colours and markers: methods keep theirs everywhere, and those of one report differ."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.report.figures.palette import COLOURS, PALETTE, method_styles
from methods import METHODS

names = st.lists(st.text("abcdefghij_", min_size=1, max_size=8), min_size=1, max_size=60, unique=True)
few = names.filter(lambda listed: len(listed) <= len(COLOURS))

SIGHT = {
    "normal": np.eye(3),
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
"""Machado, Oliveira and Fernandes (2009): what is left of linear RGB without one kind of cones."""


@given(names)
def test_no_two_methods_of_a_report_are_drawn_alike(methods):
    assert len(set(method_styles(methods).values())) == len(methods)


@given(few)
def test_as_many_methods_as_there_are_colours_have_one_each(methods):
    assert len({style.colour for style in method_styles(methods).values()}) == len(methods)


@given(few, st.randoms())
def test_the_order_of_the_methods_changes_nothing(methods, random):
    shuffled = random.sample(methods, len(methods))
    assert method_styles(shuffled) == method_styles(methods)


@given(few)
def test_a_declared_colour_is_kept_in_any_company(methods):
    styles = method_styles([*methods, "the first", "the second"], {"the first": "wine", "the second": "sky"})
    assert (styles["the first"].colour, styles["the second"].colour) == (PALETTE["wine"], PALETTE["sky"])


@given(few)
def test_a_variant_takes_no_colour_from_a_method(methods):
    alone = method_styles(methods)
    variants = [f"{name} [lr={place}]" for place, name in enumerate(methods)]
    together = method_styles([*variants, *methods])
    assert {name: together[name] for name in methods} == alone


def test_a_colour_that_is_none_is_passed_over():
    assert method_styles(["a"], {"a": "javascript"}) == method_styles(["a"])


def test_methods_declare_colours_of_the_palette_and_no_colour_twice():
    declared = [vars(METHODS.get(name)).get("colour", "") for name in METHODS.names()]
    colours = [colour for colour in declared if colour]
    assert len(colours) > 5
    assert set(colours) <= set(PALETTE)
    assert len(set(colours)) == len(colours)


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_are_told_apart_with_any_colour_vision(sight):
    visible = [_lab(np.array(SIGHT[sight]) @ _linear(colour)) for colour in COLOURS]
    distances = [np.linalg.norm(a - b) for i, a in enumerate(visible) for b in visible[:i]]
    assert min(distances) > 12, "about 2 is the least that an eye tells apart"


def _linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _lab(linear: np.ndarray) -> np.ndarray:
    """CIE 1976 L*a*b* of linear sRGB, white at D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = to_xyz @ np.clip(linear, 0, 1) / np.array([0.9505, 1.0, 1.089])
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])
