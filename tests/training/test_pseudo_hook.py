"""The hook that judges pseudo-labels: in a whole training, out of every method's reach."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.comparisons import assert_same_scores, assert_same_training, checkpoint, final_parameters, losses
from helpers.toys import Linear
from helpers.trainings import QUICK, Relabelled, make_cell, run

from bench.records.cells import Cell
from bench.training import run_cell
from bench.training.hooks.pseudo_labels import PseudoHook, _method
from bench.training.live_model import LiveModel
from bench.training.pseudo_quality import JUDGED, pseudo_quality
from bench.training.resources import Resources
from methods import METHODS, Batch
from protocols import PROTOCOLS
from protocols.splits import held_out

pytestmark = pytest.mark.slow

SIGNS = np.array([[1, -1, 0, 0], [1, 1, -1, -1]], np.int8)
HIDDEN = np.array([[1, 1, 1, 0], [-1, 1, -1, 0]], np.int8)


class Guessing(Linear):
    """Takes unknown labels for positives and negatives by a rule of rows and classes, which a test can apply too."""

    name = "toy_guessing"

    @staticmethod
    def guess(rows: np.ndarray, classes: int, epoch: int) -> np.ndarray:
        return (7 * rows[:, None] + np.arange(classes) + epoch) % 3 - 1

    def start_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def loss(self, batch: Batch) -> dict[str, torch.Tensor]:
        signs = torch.from_numpy(self.guess(batch.rows.numpy(), batch.labels.shape[1], self.epoch))
        if self.epoch:
            self.record(batch, positive=signs > 0, negative=signs < 0)
        return super().loss(batch)


@pytest.fixture
def guessing(toys: None, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(METHODS._entries, Guessing.name, Guessing)
    return Guessing.name


def hidden_from_training(resources: Resources, percent: int = 50, holdout: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """What the mask hides of the images trained on, bool (N, C), and all full labels; found without the resources."""
    full = resources.dataset.train.labels
    hidden = PROTOCOLS.get("partial")().observe(full, percent, seed=0) == 0
    hidden[held_out(len(full), holdout, seed=0)[1]] = False
    return hidden, full


def pseudo(record: dict) -> dict[str, float]:
    return {name: value for name, value in record.items() if name.startswith("pseudo_")}


def test_a_training_tells_how_right_unknown_training_labels_were_taken(resources, guessing, tmp_path: Path) -> None:
    run(make_cell(resources, guessing, holdout=20, **QUICK), resources, tmp_path)
    hidden, full = hidden_from_training(resources)
    curve = losses(tmp_path)
    assert pseudo(curve[0]) == {}, "nothing was noted in the first epoch"
    for epoch in (1, 2):
        signs = np.where(hidden, Guessing.guess(np.arange(len(full)), full.shape[1], epoch), 0)
        wrong = (signs == -1) & (full == 1)
        right = (signs == 1) & (full == 1)
        quality = pseudo(curve[epoch])
        assert len(quality) == 7
        assert quality["pseudo_positives"] == (signs == 1).sum()
        assert quality["pseudo_positive_precision"] == pytest.approx(100 * right.sum() / (signs == 1).sum())
        assert quality["pseudo_positive_recall"] == pytest.approx(100 * right.sum() / (hidden & (full == 1)).sum())
        assert quality["pseudo_negatives"] == (signs == -1).sum()
        assert quality["pseudo_positives_lost"] == pytest.approx(100 * wrong.sum() / (hidden & (full == 1)).sum())


def test_only_the_judgement_follows_the_truth(resources, make_resources, guessing, tmp_path: Path) -> None:
    """Every hidden label flipped: weights, scores and counts are the same, and their recorded quality turns around."""
    hidden, full = hidden_from_training(resources)
    flipped = make_resources(Relabelled(resources.dataset, np.where(hidden, -full, full)))
    outcomes = [
        run(make_cell(world, guessing, holdout=20, **QUICK), world, tmp_path / name)
        for world, name in ((resources, "one"), (flipped, "other"))
    ]
    assert_same_training(tmp_path / "one", tmp_path / "other", same_truth=False)
    assert_same_scores(*(outcome.logits for outcome in outcomes))
    one, other = (pseudo(losses(tmp_path / name)[-1]) for name in ("one", "other"))
    assert one["pseudo_positives"] == other["pseudo_positives"]
    assert one["pseudo_positive_precision"] == pytest.approx(100 - other["pseudo_positive_precision"])
    assert one["pseudo_negative_recall"] == pytest.approx(other["pseudo_positives_lost"])
    with pytest.raises(AssertionError):
        assert_same_training(tmp_path / "one", tmp_path / "other")


@pytest.mark.parametrize("method", ["trm_ml", "curriculum", "ll_cp"])
def test_nobody_listening_trains_the_same(method: str, straight, resources, tmp_path: Path) -> None:
    """To the bit, through the whole runner, averaged weights and all."""
    recorded = straight(method)
    (tmp_path / "checkpoint").mkdir()
    deaf = dataclasses.replace(resources.inputs(recorded.cell)[0], hidden_labels=None)
    outcome = run_cell(recorded.cell, deaf, tmp_path, lambda epoch, record: None)
    assert_same_scores(outcome.logits, recorded.outcome.logits)
    ours, theirs = final_parameters(recorded.folder), final_parameters(tmp_path)
    assert ours.keys() == theirs.keys()
    assert all(ours[name].numpy().tobytes() == theirs[name].numpy().tobytes() for name in ours)
    result = pseudo(losses(recorded.folder)[-1])
    assert {"pseudo_positives", "pseudo_positive_recall"} <= result.keys()
    assert set(JUDGED).isdisjoint(losses(tmp_path)[-1])


def test_a_checkpoint_knows_nothing_of_it(straight) -> None:
    saved = checkpoint(straight("trm_ml").folder)
    assert not [name for name in saved["state_dict"] if "recorder" in name]
    assert not [name for name in JUDGED if name in str(saved["message_hub"])]


def searched(resources: Resources, method: str) -> Cell:
    return dataclasses.replace(make_cell(resources, method, holdout=30, **QUICK), judged="observed", test=False)


def test_a_search_cannot_look_at_it(resources, guessing, tmp_path: Path) -> None:
    """The record of an epoch that a pruner, a sampler or a watcher gets holds no number that hidden labels made."""
    cell, records = searched(resources, guessing), []
    assert resources.inputs(cell)[0].hidden_labels is None
    run(cell, resources, tmp_path, lambda epoch, record: records.append(record))
    assert len(records) == 3
    assert all("heldout_mAP" in record and not pseudo(record) for record in records)


def test_the_truth_is_that_of_hidden_training_labels_alone(resources) -> None:
    inputs, _ = resources.inputs(make_cell(resources, "bce_iu", holdout=20))
    hidden, full = hidden_from_training(resources)
    np.testing.assert_array_equal(inputs.hidden_labels[:], np.where(hidden, full, 0))
    everything, _ = resources.inputs(make_cell(resources, "bce_iu", percent=100))
    assert not everything.hidden_labels[:].any()


def test_a_live_model_is_listened_to_through_its_encoder() -> None:
    class Runner:
        model = LiveModel.__new__(LiveModel)

    torch.nn.Module.__init__(Runner.model)
    Runner.model.method = method = torch.nn.Linear(1, 1)
    method.recorder = None
    hook = PseudoHook(HIDDEN)
    hook.before_train_epoch(Runner)
    assert _method(Runner) is method
    method.recorder.note(torch.tensor([0, 1]), torch.zeros(2, 4, dtype=torch.int8), torch.from_numpy(SIGNS > 0), None)
    hook.after_train_epoch(Runner)
    assert method.recorder is None, "taken away before evaluation"
    metrics = {"mAP": 1.0}
    hook.after_val_epoch(Runner, metrics)
    assert metrics == {"mAP": 1.0, **pseudo_quality(SIGNS, HIDDEN, ["positive"])}
