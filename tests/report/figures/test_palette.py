"""Colours and markers: methods keep theirs everywhere, variants of one report differ."""

from hypothesis import given
from hypothesis import strategies as st

from bench.report.figures.palette import COLOURS, FIXED, among, look, looks

variants = st.lists(st.integers(0, 10**6).map("asl [lr={}]".format), min_size=1, unique=True)


def test_the_methods_of_the_papers_have_looks_of_their_own():
    assert len({look(method) for method in FIXED}) == len(FIXED)


@given(variants.filter(lambda names: len(names) < len(COLOURS) - 1))
def test_variants_have_colours_of_their_own_while_there_are_any(names):
    found = looks([*names, "trm_ml", "dualcoop"])
    assert len({one.colour for one in found.values()}) == len(names) + 2
    assert (found["trm_ml"], found["dualcoop"]) == (look("trm_ml"), look("dualcoop"))


@given(st.integers(11, 60))
def test_many_variants_still_differ_in_colour_or_marker(count):
    names = [f"asl [lr={i}]" for i in range(count)]
    assert len(set(looks(names).values())) == count


def test_looks_hold_inside_one_report_only():
    names = [f"asl [lr={i}]" for i in range(9)]
    outside = [look(name) for name in names]
    assert len({one.colour for one in outside}) < len(names), "by name alone some share a colour"
    with among(names):
        assert {name: look(name) for name in names} == looks(names)
        assert look("trm_ml") == looks(["trm_ml"])["trm_ml"]
    assert [look(name) for name in names] == outside
