"""A store of cells beside published numbers."""

import pytest
from helpers.published_cells import filled, published_cell

from bench.records.store import Store
from bench.report.published.ours import RATIOS


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """DualCoOp on VOC 2007 at all ratios and two seeds, with RN101 at 448 pixels and HCP's masks."""
    cells = [published_cell(percent, seed) for percent in RATIOS for seed in (0, 1)]
    return filled(Store(tmp_path_factory.mktemp("store")), cells)
