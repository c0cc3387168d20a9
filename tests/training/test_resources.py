"""Resources encode an image once: a second run encodes nothing, and one after damage says so."""

import torch

from bench.planning.plan import cells, open_dataset, plan
from bench.planning.request import Request
from bench.training.resources import Resources


def test_a_second_run_encodes_nothing(tmp_path):
    """Through the real resources, with the embedded dataset and backbone; and a third one after damage says so."""
    sweep = Request(methods=("asl",), percents=(50,), overrides={"scenes": {"n_train": 70, "n_test": 20}})

    def encoded() -> list[str]:
        calls: list[str] = []
        dataset = open_dataset(sweep, tmp_path)
        resources = Resources(
            dataset, torch.device("cpu"), tmp_path, progress=lambda title, done, total: calls.append(f"{title} {done}")
        )
        [cell] = cells(plan(sweep, dataset))
        resources.images.prepare(cell)
        return [line for line in calls if line.startswith("encoding")]

    first = encoded()
    assert first == [f"encoding scenes {step}" for step in ("train 0", "train 64", "train 70", "test 0", "test 20")]
    assert encoded() == []
