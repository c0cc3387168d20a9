"""Facts about methods in words: their needs are the methods' own."""

import sys

import pytest

from bench.cli import main
from bench.planning.catalogue import needs, protocols_of
from bench.planning.catalogue_lines import short_reference
from methods import METHODS
from protocols import PROTOCOLS


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("asl", ["tokens", "negatives"]),
        ("bce_an", ["tokens"]),
        ("oracle", ["tokens", "all labels"]),
        ("clip_zero_shot", ["text"]),
        ("prior", []),
    ],
)
def test_needs(method: str, expected: list[str]) -> None:
    assert needs(METHODS.get(method)) == expected


def test_protocols_without_negatives_are_left_out_where_they_are_needed() -> None:
    assert "single_positive" not in protocols_of(METHODS.get("bce_iu"))
    assert "partial" in protocols_of(METHODS.get("bce_iu"))
    assert protocols_of(METHODS.get("bce_an")) == PROTOCOLS.names() == protocols_of(METHODS.get("oracle"))


def test_a_short_reference_is_authors_and_place() -> None:
    assert short_reference("Sun et al., DualCoOp: Fast, and More, NeurIPS 2022") == "Sun et al., NeurIPS 2022"
    assert short_reference("none: a floor") == "none: a floor"
    assert (
        short_reference("AN of Cole et al., CVPR 2021; normalised as in X, ICCV 2023") == "AN of Cole et al., CVPR 2021"
    )


@pytest.fixture
def call(monkeypatch, capsys):
    """`call("ls", ...)`: the real entry point, on a terminal of 100 columns; its exit code and what it said."""
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bench", *arguments])
        with pytest.raises(SystemExit) as ending:
            main()
        captured = capsys.readouterr()
        return ending.value.code or 0, captured.out, captured.err

    return run


@pytest.mark.parametrize(("columns", "height"), [(100, 6), (80, 7)])
def test_the_list_of_methods_is_readable(columns, height, call, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    code, out, _ = call("ls", "methods")
    assert code == 0
    lines = out.splitlines()
    assert max(map(len, lines)) <= columns
    starts = [number for number, line in enumerate(lines) if line[:1].strip()]
    assert [lines[number].split()[0] for number in starts] == METHODS.names(), "names are never broken"
    ends = [*starts[1:], len(lines)]
    assert max(end - start for start, end in zip(starts, ends, strict=True)) <= height
    result = {
        lines[start].split()[0]: " ".join(" ".join(lines[start:end]).split())
        for start, end in zip(starts, ends, strict=True)
    }
    for name, text in result.items():
        method = METHODS.get(name)
        assert short_reference(method.reference) in text
        assert f"defaults: {method.defaults_from}" in text
        assert ("protocols: those with known negatives" in text) == ("negatives" in needs(method))
    assert "needs tokens, negatives; protocols:" in result["asl"]


def test_one_method_says_all_it_knows(call) -> None:
    code, out, _ = call("ls", "methods", "epr")
    assert code == 0
    epr, result = METHODS.get("epr"), " ".join(out.split())
    for text in (epr.reference, epr.equation, epr.defaults_from, epr.note, "single_positive", "expected_positives=2.9"):
        assert text in result
