"""Sizes of images from some of their headers, and the sentence where an encoder enlarges them."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from bench.data.image_sizes import SAMPLED, enlarged_sentence, sampled_sizes
from bench.records.component import Component


def sizes_of(folder: Path, sizes: list[tuple[int, int]]) -> dict:
    for i, size in enumerate(sizes):
        Image.new("L", size).save(folder / f"{i}.png")
    return sampled_sizes([f"{i}.png" for i in range(len(sizes))], lambda ids: [folder / name for name in ids])


def backbone(side: object) -> Component:
    return Component("tiny", 1, {} if side is None else {"image_size": side}, fingerprint="f")


def test_the_smallest_and_the_largest_by_area(tmp_path):
    assert sizes_of(tmp_path, [(9, 4), (20, 3), (5, 6)]) == {
        "image_sizes": {"smallest": [5, 6], "median": [9, 4], "largest": [20, 3], "sampled": 3}
    }


def test_so_many_are_opened_and_no_more_from_the_first_to_near_the_last():
    opened: list[str] = []

    def files(ids: Sequence[str]) -> list[Path]:
        opened.extend(ids)
        return [Path("nowhere")] * len(ids)

    assert sampled_sizes([str(i) for i in range(1000)], files) == {}
    assert len(set(opened)) == SAMPLED
    assert (opened[0], opened[-1]) == ("0", "984")


def test_damaged_and_missing_files_are_passed_over(tmp_path):
    (tmp_path / "no.png").write_bytes(b"no image")
    Image.new("L", (7, 5)).save(tmp_path / "yes.png")
    os.mkfifo(tmp_path / "pipe.png")  # opening it would wait for a writer
    facts = sampled_sizes(["no.png", "gone.png", "pipe.png", "yes.png"], lambda ids: [tmp_path / name for name in ids])
    assert facts["image_sizes"] == {"smallest": [7, 5], "median": [7, 5], "largest": [7, 5], "sampled": 1}
    assert sampled_sizes([], lambda ids: []) == {}


@pytest.mark.parametrize(
    ("sizes", "side", "expected"),
    [
        (
            [(8, 8)],
            9,
            "the images have 8 x 8 pixels (1 of them looked at); tiny takes 9 x 9, to which they are enlarged",
        ),
        (
            [(8, 5), (8, 8)],
            9,
            "have 8 x 5 to 8 x 8 pixels (2 of them looked at); tiny takes 9 x 9, to which they are enl",
        ),
        (
            [(8, 8), (8, 7), (90, 90)],
            9,
            "have 8 x 7 to 90 x 90 pixels (3 of them looked at); tiny takes 9 x 9, to which most",
        ),
        ([(9, 5)], 9, ""),
        ([(5, 5), (9, 9)], 9, ""),
        ([(8, 8)], None, ""),
        ([(8, 8)], "9", ""),
    ],
)
def test_it_is_told_where_the_median_is_smaller_than_the_square(sizes, side, expected, tmp_path):
    sentence = enlarged_sentence(sizes_of(tmp_path, sizes), backbone(side))
    assert expected in sentence
    assert bool(expected) == bool(sentence)


@pytest.mark.parametrize(
    "fact", [None, 5, {"smallest": [1]}, {"smallest": "ab", "median": [1, 2], "largest": [1, 2], "sampled": 1}]
)
def test_facts_of_another_form_say_nothing(fact):
    assert enlarged_sentence({"image_sizes": fact}, backbone(9)) == ""
