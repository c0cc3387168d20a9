"""A stranger's store: whatever it says, commands over it touch nothing outside."""

import json

import pytest
from helpers.store_factory import Grid, make_store
from helpers.strangers import contents, make_victim, rewrite_sweep, untouched
from typer.testing import CliRunner

from bench.cli import app
from bench.errors import DataError
from bench.records.store import Store
from bench.report import read_results, write_report
from bench.studies.pages import write_files
from bench.tracking import sync

pytestmark = pytest.mark.slow

GRID = Grid(methods=("trm_ml", "asl"), percents=(10,), epochs=2)


@pytest.fixture
def victim(tmp_path):
    return make_victim(tmp_path / "victim")


@pytest.fixture
def stranger(tmp_path) -> Store:
    return make_store(tmp_path / "results", GRID)[0]


def report(store: Store, *more: str):
    return CliRunner().invoke(app, ["report", "--results", str(store.root), *more])


@pytest.mark.parametrize("name", ["../../victim", "../victim", "/", "", "x/y", None, 7])
def test_a_sweeps_id_is_no_path(stranger, victim, name, caplog):
    rewrite_sweep(stranger, id=str(victim) if name == "/" else name)
    with untouched(victim, stranger.root):
        done = report(stranger)
    assert "There is no sweep" in str(done.exception)
    assert "is not a sweep's id" in caplog.text


def test_a_cells_key_is_no_path(stranger, victim):
    [path] = (stranger.root / "sweeps").glob("*.json")
    record = json.loads(path.read_text())
    own = stranger.folder(record["places"][0]["key"])
    for file in own.iterdir():
        (victim / file.name).write_bytes(file.read_bytes())
    record["places"][0]["key"] = "../../victim"
    path.write_text(json.dumps(record))
    with untouched(victim, stranger.root):
        assert "There is no sweep" in str(report(stranger).exception)
        with pytest.raises(DataError, match="is not a cell's key"):
            stranger.folder("../../victim")


@pytest.mark.parametrize("axis", ["dataset", "protocol", "backbone"])
def test_names_that_become_folders_are_no_paths(stranger, victim, axis):
    rewrite_sweep(stranger, **{axis: "/../../../victim"})
    with untouched(victim, stranger.root):
        assert "There is no sweep" in str(report(stranger, "--merge").exception)
    with untouched(victim):
        sync(stranger)


@pytest.mark.parametrize(
    "data", ["[]", "3", '{"id": "0123456789ab", "entries": [{}]}', '{"id": "0123456789ab", "study": 1}']
)
def test_what_is_no_record_is_left_out_and_named(stranger, data, caplog):
    known = stranger.sweeps()
    (stranger.root / "sweeps" / "0123456789ab.json").write_text(data)
    assert stranger.sweeps() == known
    [warning] = [record.getMessage() for record in caplog.records]
    assert "0123456789ab.json is no record of a sweep" in warning


def test_a_record_is_read_through_no_link(stranger, victim, caplog):
    [path] = (stranger.root / "sweeps").glob("*.json")
    path.rename(victim / path.name)
    path.symlink_to(victim / path.name)
    assert stranger.sweeps() == []
    assert "leads out of the folder" in caplog.text


@pytest.mark.parametrize("place", ["reports", "reports/{id}", "reports/{id}/cells", "reports/resampled"])
def test_a_report_is_written_through_no_link(stranger, victim, place):
    sweep = stranger.sweeps()[0].id
    link = stranger.root / place.format(id=sweep)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(victim)
    with untouched(victim):
        done = report(stranger)
    assert "leads out of the folder" in str(done.exception)


def test_a_cells_page_is_written_through_no_link(stranger, victim):
    sweep, key = stranger.sweeps()[0].id, stranger.keys()[0]
    pages = stranger.root / "reports" / sweep / "cells"
    pages.mkdir(parents=True)
    (pages / f"{key}.html").symlink_to(victim / "report.md")
    with untouched(victim):
        assert "leads out of the folder" in str(report(stranger).exception)


def test_a_cells_folder_is_no_link(stranger, victim):
    key = stranger.keys()[0]
    stranger.folder(key).rename(stranger.root / "aside")
    (stranger.root / "cells" / key).symlink_to(victim)
    with untouched(victim), pytest.raises(DataError, match="leads out"):
        stranger.clear_error(key)


def test_no_training_writes_through_a_link_in_its_cell(stranger, victim):
    cell = stranger.cell(stranger.keys()[0])
    (stranger.folder(cell.key) / "log.txt").symlink_to(victim / "report.md")
    with untouched(victim), pytest.raises(DataError, match="leads out"), stranger.claim(cell) as folder:
        (folder / "log.txt").write_text("an epoch")


@pytest.mark.parametrize("name", ["error.txt", "row.json", "curve.jsonl", "scores.npz", "cell.json", "lease.json"])
def test_nothing_is_read_through_a_link(stranger, victim, name):
    key = stranger.keys()[0]
    (stranger.folder(key) / name).unlink(missing_ok=True)
    (stranger.folder(key) / name).symlink_to(victim / "row.json")
    reading = {
        "error.txt": stranger.error, "row.json": stranger.row, "curve.jsonl": stranger.curve,
        "scores.npz": stranger.scores, "cell.json": stranger.cell, "lease.json": stranger.lease,
    }  # fmt: skip
    with pytest.raises(DataError, match="leads out"):
        reading[name](key)


def test_a_studys_settings_name_files_of_its_folder_only(tmp_path, victim):
    with untouched(victim), pytest.raises(DataError, match="leads out"):
        write_files(tmp_path / "reports" / "sensitivity-x", "digest", lambda: {"../../victim/report.md": "x"})


def test_an_honest_store_is_read_as_before(stranger, victim):
    with untouched(victim, stranger.root / "cells", stranger.root / "sweeps"):
        page = write_report(read_results(stranger), stranger)
    assert page.parent.parent == stranger.root / "reports"
    assert f"cells/{stranger.keys()[0]}.html" in contents(page.parent)


def test_the_doctor_finds_a_folder_that_leads_elsewhere(stranger, victim, monkeypatch):
    from bench.api import doctor

    monkeypatch.setattr(doctor, "_self_check", lambda: doctor.DoctorCheck("self-check", True, ""))
    findings = {finding.title: finding for finding in doctor.diagnose(stranger.root, stranger.root)}
    assert findings["links"].fine
    assert "docs/trust.md" in findings["trust"].detail
    (stranger.root / "searches").symlink_to(victim)
    findings = {finding.title: finding for finding in doctor.diagnose(stranger.root, stranger.root)}
    assert not findings["links"].fine
    assert str(stranger.root / "searches") in findings["links"].detail
