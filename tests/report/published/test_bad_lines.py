"""Bad lines in files of published numbers."""

from pathlib import Path

import pytest

from bench.errors import DataError
from bench.report.published.reading import folder, read_published

LINE = (
    "coco,partial,10,DualCoOp,dualcoop,,78.7,clip-rn101,CLIP RN101,448,frozen,dualcoop,annotated,mAP_asl,"
    "best_on_test,code,NeurIPS,2022,dualcoop,"
)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("78.7", "178.7"), "mAP = '178.7'"),
        (("78.7", "nan"), "mAP = 'nan'"),
        (("coco,", "Cocoa,"), "dataset = 'Cocoa'"),
        (("partial,10", "partial,0"), "percent = '0'"),
        (("partial,10", "partial,half"), "percent = 'half'"),
        (("partial,10", "partial,"), "percent if its setting is `partial`"),
        (("mAP_asl", "mAP_11pt"), "metric = 'mAP_11pt'"),
        (("clip-rn101", "clip-rn1o1"), "did you mean 'clip-rn101'"),
        ((",dualcoop,\n", ",somewhere,\n"), "source 'somewhere' is not in sources.csv"),
        (("DualCoOp,dual", ",dual"), "method = ''"),
        ((",dualcoop,\n", ",dualcoop,a,b\n"), "more or fewer fields"),
    ],
)
def test_a_bad_line_is_named(tmp_path, change, problem):
    with pytest.raises(DataError, match=problem) as caught:
        read_published(_copy(tmp_path, (LINE + "\n").replace(*change)))
    assert "line 2" in str(caught.value)
    assert len(read_published(_copy(tmp_path, LINE + "\n")).numbers) == 1


def test_the_same_number_twice_is_refused(tmp_path):
    with pytest.raises(DataError, match="line 3: the same number as in line 2"):
        read_published(_copy(tmp_path, f"{LINE}\n{LINE.replace('78.7', '78.9')}\n"))


def _copy(root: Path, lines: str) -> Path:
    for name in ("camps.csv", "sources.csv"):
        (root / name).write_text((folder() / name).read_text())
    header = (folder() / "numbers.csv").read_text().splitlines()[0]
    (root / "numbers.csv").write_text(f"{header}\n{lines}")
    return root
