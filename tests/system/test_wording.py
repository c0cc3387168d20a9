"""Values, lists and counts in sentences."""

from hypothesis import given
from hypothesis import strategies as st

from bench.system.wording import SHOWN_LIMIT, counted, nearest, shown, some


def test_lists_name_each_once():
    assert some(["thing0", "thing1", "thing2"]) == "thing0, thing1, thing2"
    assert some(["a", "b", "c", "d"]) == "a, b, c, d"
    assert some(["a", "b", "c", "d", "e"]) == "a, b, c, ..., e"
    assert some(["a"]) == "a"
    assert some([]) == ""


def test_nearest_lists_what_is_allowed_when_nothing_is_near():
    assert nearest("zzz", ["b", "a"]) == "allowed: a, b."
    assert nearest("zzz", []) == "allowed: none."


def test_counts_have_their_plural():
    assert [counted(n, "class", "classes") for n in (0, 1, 2, 1000)] == [
        "0 classes",
        "1 class",
        "2 classes",
        "1,000 classes",
    ]
    assert counted(1, "cell") == "1 cell"
    assert counted(3, "cell") == "3 cells"


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


@given(st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_value_is_told_in_a_line(value):
    assert len(shown(value)) <= SHOWN_LIMIT
    assert "\n" not in shown(value)


def test_short_values_are_told_as_they_are():
    for value in ("asl", 3, 1e-3, [1, "a"], {"asl": 1}, None, "x" * 100):
        assert shown(value) == repr(value)


def test_values_that_cannot_be_written_out():
    assert shown(10**5000) == "a whole number of 16610 bits"
    laughs = ["x"] * 10
    for _ in range(20):
        laughs = [laughs] * 10
    assert len(shown(laughs)) <= SHOWN_LIMIT
