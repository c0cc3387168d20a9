"""The tables in a real document: LaTeX sets them without an error, on the page, with every name readable."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bench.report import Table, Value
from bench.report.render.latex import latex, standalone
from bench.report.tables.compared import AVERAGE, Compared, ComparedLine, label_of
from bench.report.tables.gains import gain_table, image_table
from bench.stats import Difference
from bench.stats.paired import gain

ENGINE = next((name for name in ("pdflatex", "tectonic") if shutil.which(name)), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(ENGINE is None, reason="no LaTeX engine (pdflatex or tectonic) on this machine"),
]
COLUMNS = (*range(10, 100, 10), AVERAGE)
ODD = "a_b & 100 % #1 {x} ~ ^ \\ <y> [z] | ± − × ≥ μ $5"


def compiled(folder: Path, tables: dict[str, Table]) -> str:
    """The engine's log; it fails on the first error."""
    for name, table in tables.items():
        (folder / f"{name}.tex").write_text(latex(table, name))
    (folder / "tables.tex").write_text(standalone(list(tables)))
    strict = ["-interaction=nonstopmode", "-halt-on-error"] if ENGINE == "pdflatex" else ["--keep-logs"]
    done = subprocess.run(
        [str(ENGINE), *strict, "tables.tex"], cwd=folder, capture_output=True, check=False, timeout=120
    )
    log = (folder / "tables.log").read_text(errors="replace")
    assert done.returncode == 0, log[-2000:]
    assert (folder / "tables.pdf").stat().st_size > 5000
    return log


def table_of_levels(names: list[str], rng: np.random.Generator) -> Table:
    """As the main table: best and second marked, a method that is missing, footnotes."""
    styles = {0: "best", 1: "second", 2: "aside"}
    rows = [
        (
            Value(name, marks=(1 + place % 3,)),
            *(
                Value(f"{rng.uniform(60, 90):.1f} ± {rng.uniform(0, 1):.1f}", styles.get(place, ""))
                for _ in COLUMNS[1:]
            ),
            Value("-", "missing", (2,)),
        )
        for place, name in enumerate(names)
    ]
    notes = ("reconstruction from public descriptions", "no average: a ratio is missing", "`code_of` another 100 %")
    return Table("mAP", ("method", *map(label_of, COLUMNS)), tuple(rows), "Mean over 3 seeds.", notes)


@pytest.fixture(scope="module")
def made() -> dict[str, Table]:
    """A paper's tables of ten columns and of more methods than a page has lines for."""
    rng, names = np.random.default_rng(0), [f"method_{place}_of_many" for place in range(56)]
    compared = [
        Compared(
            ComparedLine(name, name, "dualcoop"),
            gains={column: gain(rng.normal(place - 9, 1, 3).tolist()) for column in COLUMNS},
            images={column: Difference(place - 9, place - 10.5, place - 7.5, 0.01, 2000, 1000) for column in COLUMNS},
        )
        for place, name in enumerate(names[:26])
    ]
    return {
        "ratios": table_of_levels(names, rng),
        "gain": gain_table(compared, COLUMNS, "Gain over dualcoop: over seeds", "method"),
        "gain_images": image_table(compared, COLUMNS, "Gain over dualcoop: over test images", "method"),
        "odd": Table(
            ODD, ("method", ODD), ((Value(ODD, "best", (1,)), Value(ODD, "second")), (Value("    ours"), Value("1.0"))),
            f"`code_of --sweep` {ODD}", (ODD,),
        ),
    }  # fmt: skip


def test_the_tables_compile_and_stay_on_the_page(made, tmp_path):
    log = compiled(tmp_path, made)
    assert "Float too large" not in log
    overfull = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\)", log)]
    assert max(overfull, default=0.0) < 2.0
    assert "undefined" not in log


def test_every_name_and_number_can_be_read_in_the_pdf(made, tmp_path):
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext (poppler-utils) is not on this machine")
    compiled(tmp_path, made)
    subprocess.run(["pdftotext", "-layout", "tables.pdf"], cwd=tmp_path, check=True, timeout=60)
    text = re.sub(r"\s+", " ", (tmp_path / "tables.txt").read_text())
    for row in made["ratios"].rows:
        assert row[0].text in text
        for value in row[1:]:
            mean, _, deviation = value.text.partition(" ± ")
            assert value.style == "missing" or (mean in text and deviation in text)
    for row in made["gain_images"].rows[:5]:
        for value in row[1:]:
            assert value.text.split(" ", 1)[1].removesuffix(" n.s.") in text
    assert "(continued)" in text
