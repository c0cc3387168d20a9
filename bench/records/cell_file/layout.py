"""Layout of a file of cells: which members it has, and how large they may be."""

import re

from bench.records.layout import CURVE_FILE, SCORES_FILE

CELLS_KIND, CELLS_FORMAT = "file of cells", 1
REQUIRED, OPTIONAL = ("cell.json", "row.json", SCORES_FILE), (CURVE_FILE,)
LARGEST_RECORD, LARGEST_SCORES = 2**26, 2**31

LARGEST_ARRAYS = 2**32
"""Bytes of test labels and names once they are unpacked."""

MEMBER = re.compile(rf"cells/([0-9a-f]{{16}})/({'|'.join(map(re.escape, (*REQUIRED, *OPTIONAL)))})")
TARGETS_MEMBER = re.compile(r"targets/([0-9a-f]{1,64})\.npz")
SWEEP_MEMBER = re.compile(r"sweeps/([0-9a-f]{12})\.json")
