"""Cells brought back with the places of their files."""

import dataclasses

import pytest
from helpers.store_factory import Grid

from bench.errors import UsageError
from bench.records.component import Component
from bench.trained.cell import with_files


def a_cell():
    backbone = Component("RN101", options={"image_size": 448}, fingerprint="a" * 64)
    return dataclasses.replace(Grid(methods=("asl",)).cells()[0], backbone=backbone)


def test_a_file_that_moved_is_given_again_and_changes_no_identity():
    cell = a_cell()
    placed = with_files(cell, {"RN101": {"weights": "elsewhere/RN101.pt"}})
    assert placed.backbone.paths == {"weights": "elsewhere/RN101.pt"}
    assert (placed, placed.key) == (cell, cell.key)
    assert (placed.method.paths, placed.protocol.paths) == ({}, {})


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"RN50": {"weights": "x"}}, "RN50...: this cell reads no files but those of asl, partial, RN101."),
        ({"RN101": {"image_size": "224"}}, "RN101.image_size: a finished cell keeps its settings"),
    ],
)
def test_what_is_not_a_file_of_the_cell_is_refused(files, message):
    with pytest.raises(UsageError, match=message.replace(".", r"\.")):
        with_files(a_cell(), files)
