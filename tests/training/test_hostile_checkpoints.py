"""A checkpoint that is another's or damaged: nothing in it is run, its cell begins anew, and a warning says so."""

import math
from pathlib import Path

import pytest
import torch
from helpers.comparisons import assert_same_scores, checkpoint, losses
from helpers.hostile import TORCH, Hostile
from helpers.trainings import QUICK, Recorder, make_cell, run

from bench.executors import Inline
from bench.executors.driver import run_cells
from bench.records.layout import CHECKPOINT_FILE
from bench.records.store import Store

pytestmark = pytest.mark.slow


@pytest.fixture
def cut_off(resources, toys, tmp_path):
    """A cell in a store, interrupted behind the checkpoint of its first epoch, and how to go on with it."""
    cell, store = make_cell(resources, "toy_linear", **QUICK), Store(tmp_path / "results")
    with pytest.raises(KeyboardInterrupt):
        run_cells([cell], store, Inline(resources, store), Recorder(interrupt=2))
    path = store.file(cell.key, CHECKPOINT_FILE)
    assert path.exists()

    def go_on() -> list[int]:
        observer = Recorder()
        run_cells([cell], store, Inline(resources, store), observer)
        assert [ending for _, ending in observer.endings] == ["done"]
        return observer.epochs

    return cell, store, path, go_on


def config_that_runs(path: Path, marker: Path) -> None:
    """MMEngine executes this when it resumes."""
    saved = torch.load(path, weights_only=True)
    saved["meta"]["config"] = f"made = __import__('os').mkdir({str(marker)!r})\n"
    torch.save(saved, path)


def without(part: str):
    def spoil(path: Path, marker: Path) -> None:
        saved = torch.load(path, weights_only=True)
        del saved[part]
        torch.save(saved, path)

    return spoil


def with_another(part: str, content):
    def spoil(path: Path, marker: Path) -> None:
        torch.save({**torch.load(path, weights_only=True), part: content}, path)

    return spoil


PARTS = ("meta", "state_dict", "message_hub", "optimizer", "param_schedulers", "random_state", "ema_state_dict")
USELESS = {
    **{f"hostile {form}": lambda path, marker, w=w: w(path, Hostile(marker)) for form, w in TORCH.items()},
    "hostile inside": lambda path, marker: with_another("extra", Hostile(marker))(path, marker),
    "empty": lambda path, marker: path.write_bytes(b""),
    "cut short": lambda path, marker: path.write_bytes(path.read_bytes()[:1000]),
    "a tensor": lambda path, marker: torch.save(torch.zeros(3), path),
    "another model's": with_another("state_dict", {"weight": torch.zeros(3)}),
    "another generator's": with_another("random_state", {"python": 1, "numpy": 2, "torch": 3, "cuda": []}),
    **{f"{seconds} seconds": with_another("seconds", seconds) for seconds in (math.nan, math.inf, -1.0, "x")},
    **{f"without {part}": without(part) for part in PARTS},
}


@pytest.mark.parametrize("spoil", USELESS.values(), ids=USELESS)
def test_the_cell_begins_anew_with_one_warning(spoil, cut_off, resources, tmp_path, caplog):
    cell, store, path, go_on = cut_off
    marker = tmp_path / "marker"
    spoil(path, marker)
    assert go_on()[-3:] == [1, 2, 3]
    assert not marker.exists(), "code from the checkpoint was run"
    [message] = [record.getMessage() for record in caplog.records if record.name == "bench.training.cell"]
    assert message.startswith(f"{path} is no checkpoint of this training (")
    assert message.endswith(f"{cell.title} starts again from its first epoch.")
    assert "\n" not in message
    assert "is no checkpoint of this training" in (store.folder(cell.key) / "log.txt").read_text()
    straight = run(cell, resources, tmp_path / "straight")
    assert_same_scores(store.scores(cell.key), straight.logits)
    assert losses(store.folder(cell.key)) == losses(tmp_path / "straight")


def test_a_configuration_in_a_checkpoint_is_not_run(cut_off, tmp_path, caplog):
    _, _, path, go_on = cut_off
    config_that_runs(path, tmp_path / "marker")
    assert go_on() == [1, 2, 3]
    assert caplog.records == []
    assert not (tmp_path / "marker").exists()


def test_a_checkpoint_of_the_old_kind_names_the_type_that_is_not_allowed(cut_off, caplog):
    """MMEngine's records are objects of its own."""
    from mmengine.logging import HistoryBuffer

    _, _, path, go_on = cut_off
    with_another("message_hub", {"log_scalars": {"loss": HistoryBuffer([1.0], [1])}})(path, path)
    go_on()
    assert "it holds mmengine.logging.history_buffer.HistoryBuffer, which" in caplog.text


def test_a_checkpoint_holds_plain_data_alone(cut_off):
    _, _, path, _ = cut_off
    assert checkpoint(path.parent.parent)["meta"]["epoch"] == 1
    with path.open("rb") as file:
        assert torch.serialization.get_unsafe_globals_in_checkpoint(file) == []
