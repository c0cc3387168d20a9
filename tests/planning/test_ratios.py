"""`--ratios` and `--seeds`: what people type, and one sentence for everything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import UsageError
from bench.planning.ratios import parse_ratios, parse_seeds

NINE = [10, 20, 30, 40, 50, 60, 70, 80, 90]


@pytest.mark.parametrize(
    "text", ["0.1-0.9", "10-90", "10%-90%", " 0.1 - 0.9 ", "0.1-0.5,0.6-0.9", ".1-.9", "0.10-0.90"]
)
def test_nine_cells_from_a_tenth_to_nine_tenths(text):
    assert parse_ratios(text) == NINE


@pytest.mark.parametrize(
    ("text", "percents"),
    [
        ("0.5", [50]),
        ("50", [50]),
        ("5%,50", [5, 50]),
        ("0.3,0.1,0.3,.30", [10, 30]),
        ("0.05-0.95", [5, 15, 25, 35, 45, 55, 65, 75, 85, 95]),
        ("0.07", [7]),
        ("0.29,0.57,0.58", [29, 57, 58]),  # 0.29 * 100 is 28.999... in floats
        ("1.0", [100]),
        ("100%", [100]),
        ("1%", [1]),
    ],
)
def test_shares_percents_lists_and_ranges(text, percents):
    assert parse_ratios(text) == percents


@given(st.integers(1, 99))
def test_every_whole_percent_reads_back_in_each_spelling(percent):
    assert parse_ratios(f"{percent}%") == parse_ratios(f"0.{percent:02d}") == [percent]
    assert percent == 1 or parse_ratios(str(percent)) == [percent]


NONSENSE = [
    "", ",", "0.1,", "0", "0.0", "-0.1", "0.1-", "-", "0.9-0.1", "0.1-0.15", "1.5", "101", "0.333", "abc",
    "0.1-0.9-0.5", "10%%", "1e-1", "nan", "inf", "0.1;0.5", "half", "0,1", "[0.1]", "10 20", "%",
]  # fmt: skip


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_gives_one_sentence_with_what_was_given_and_what_is_allowed(text):
    with pytest.raises(UsageError) as caught:
        parse_ratios(text)
    sentence = str(caught.value)
    assert repr(text) in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert "allowed are shares" in sentence or "smaller end first" in sentence or "list them instead" in sentence


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused_in_a_sentence(text):
    try:
        percents = parse_ratios(text)
    except UsageError:
        return
    assert percents == sorted(set(percents))
    assert all(isinstance(p, int) and 1 <= p <= 100 for p in percents)


@pytest.mark.parametrize("text", ["1,5,10", "10,0.5", "5%,0.5", "1,1%", "0.5-90", "1-91", "1.0,50", "0.1,50,5%"])
def test_shares_beside_percents_are_refused(text):
    with pytest.raises(UsageError, match=r" is a share \(\d+ %\) and \d+%? a percent; write all alike"):
        parse_ratios(text)


def test_one_alone_and_among_shares_is_all_labels():
    assert parse_ratios("1") == [100]
    assert parse_ratios("0.1,1") == [10, 100]
    assert parse_ratios("0.1-1") == list(range(10, 101, 10))


@pytest.mark.parametrize("text", ["\u0660.\u0661", "\uff15\uff10", "0.\u0665", "5\uff05", "1\u00b2"])
def test_digits_of_other_scripts_are_no_ratio(text):
    with pytest.raises(UsageError, match="is not a share of known labels"):
        parse_ratios(text)


@pytest.mark.parametrize("text", ["0.10000000000000000000000000000000001", "9" * 100_000, "0." + "0" * 100_000 + "1"])
def test_long_numbers_are_refused_in_a_short_sentence(text):
    with pytest.raises(UsageError) as caught:
        parse_ratios(text)
    assert len(str(caught.value)) < 600


def test_seeds_are_lists_and_ranges():
    assert parse_seeds("0") == [0]
    assert parse_seeds("0-2, 7,1") == [0, 1, 2, 7]


def test_seeds_are_bounded():
    assert parse_seeds("1-1000") == list(range(1, 1001))
    assert parse_seeds("4294967295") == [2**32 - 1]
    for text in ("0-1000", "0-999,5000", "0-4294967295"):
        with pytest.raises(UsageError, match="are more than 1,000, the most of one sweep; give fewer"):
            parse_seeds(text)
    with pytest.raises(UsageError, match="99999999999 is too large; allowed are seeds up to 4294967295"):
        parse_seeds("0-99999999999")


@pytest.mark.parametrize(
    "text", ["", "a", "1.5", "-1", "3-1", "0,", "0--2", "0-2-4", "\u0663", "\uff11-\uff12", "0-\u00b2", "9" * 50]
)
def test_nonsense_seeds_give_one_sentence(text):
    with pytest.raises(UsageError, match=r"^--seeds .*(allowed are|smaller end first).*\.$"):
        parse_seeds(text)
