"""Stores that look like those of real runs, made in milliseconds: no model, no images, no torch."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.records.cells import Cell
from bench.records.component import Component
from bench.records.reader import Targets
from bench.records.rows import Row
from bench.records.sealed import sealed
from bench.records.store import Store
from bench.records.sweeps import Place, SweepRecord
from bench.stats.metrics import average_precision, summary
from bench.system.files import write_json

CLASSES = ("person", "car", "dog", "potted plant", "chair", "train")
TEST_IMAGES = 120
LEVELS = {"trm_ml": 2.6, "dualcoop": 2.4, "asl": 1.5, "clip_zero_shot": 1.0, "oracle": 3.0}
FREE = {"clip_zero_shot": "none", "oracle": "full"}
FLAGS = dict.fromkeys(("trm_ml", "trm_ml_first"), ("reconstruction",))
COLOURS = {"dualcoop": "blue", "trm_ml": "vermillion", "asl": "green", "clip_zero_shot": "sky", "oracle": "black"}
BASELINES = {"dualcoop": "3", "asl": "2"}


@dataclass(frozen=True)
class Grid:
    """What a fabricated sweep asks for."""

    methods: tuple[str, ...] = ("trm_ml", "dualcoop", "asl")
    percents: tuple[int | None, ...] = (10, 50, 90)
    seeds: tuple[int, ...] = (0,)
    epochs: int = 20
    protocol: str = "partial"
    dataset: str = "scenes"
    skipped: Mapping[str, str] | None = None
    lr: float = 1e-3

    def cell(self, method: str, percent: int | None, seed: int) -> Cell:
        """As `bench.planning.plan` would resolve it: cells that do not depend on the ratio have none."""
        labels = FREE.get(method, "observed")
        options = {"epochs": 0 if labels == "none" else self.epochs, "lr": self.lr, "optimizer": "adamw"}
        return Cell(
            method=Component(method, options=options),
            dataset=Component(self.dataset, options={"n_train": 3000, "world": 0}, fingerprint="f" * 64),
            protocol=Component(self.protocol if labels == "observed" else "full"),
            backbone=Component("tiny_clip", fingerprint="b" * 64),
            percent=percent if labels == "observed" else None,
            seed=0 if labels == "none" else seed,
        )

    def places(self) -> Iterator[Place]:
        for seed in self.seeds:
            for percent in self.percents:
                for method in self.methods:
                    reason = (self.skipped or {}).get(method, "")
                    key = None if reason else self.cell(method, percent, seed).key
                    yield Place(method, percent, seed, key, reason)

    def cells(self) -> list[Cell]:
        wanted = (self.cell(place.method, place.percent, place.seed) for place in self.places() if place.key)
        return list({cell.key: cell for cell in wanted}.values())


def save_sweep(store: Store, grid: Grid, created: str = "2026-01-02T03:04:05+00:00") -> str:
    """Record the sweep, as `bench run` does before the first cell; its id."""
    places = tuple(grid.places())
    sweep_id = hashlib.sha256(json.dumps([place.to_json() for place in places]).encode()).hexdigest()[:12]
    record = SweepRecord(
        id=sweep_id,
        created=created,
        command=("bench", "run", "--methods", ",".join(grid.methods)),
        dataset=grid.dataset,
        protocol=grid.protocol,
        backbone="tiny_clip",
        methods=grid.methods,
        notes={m: _notes(m) for m in grid.methods},
        places=places,
    )
    store.save_sweep(record)
    return sweep_id


def _notes(method: str) -> dict[str, str]:
    """As `bench.planning.record.record` writes them."""
    declared = {"colour": COLOURS.get(method, ""), "baseline": BASELINES.get(method, "0")}
    return {"reference": f"The paper of {method}", "note": f"what to know about {method}", **declared}


def make_store(root: Path, grid: Grid = Grid(), created: str = "2026-01-02T03:04:05+00:00") -> tuple[Store, str]:
    """A store in which every cell of the sweep is done, and the sweep's id."""
    store = Store(root)
    sweep_id = save_sweep(store, grid, created)
    for cell in grid.cells():
        finish(store, cell)
    return store, sweep_id


def curve(cell: Cell, attempt: int = 0) -> list[dict]:
    """A saturating curve with a little noise, the same for the same cell and attempt."""
    rng = np.random.default_rng([int(cell.key, 16), attempt])
    top = 40 + 12 * np.log1p(LEVELS.get(cell.method.name, 2.0) + (cell.percent or 100) / 40)
    epochs = np.arange(1, cell.method.options["epochs"] + 1)
    values = top * (1 - 0.5 * np.exp(-epochs / 4)) + rng.normal(0, 0.3, len(epochs))
    return [
        {
            "epoch": int(epoch),
            "loss": float(2 / epoch),
            "loss_asl": float(1.5 / epoch),
            "lr": 1e-3 * (1 - epoch / (len(epochs) + 1)),
            "mAP": float(value),
            "heldout_mAP": float(value - 1),
            "seconds": 0.5,
        }
        for epoch, value in zip(epochs, values, strict=True)
    ]


def append_curve(folder: Path, records: Sequence[Mapping]) -> None:
    with (folder / "curve.jsonl").open("a") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


def scores(cell: Cell) -> np.ndarray:
    """Logits (N, C) that are the better, the better the method and the more labels it saw."""
    rng = np.random.default_rng(int(cell.key, 16))
    level = LEVELS.get(cell.method.name, 2.0) * (0.3 + (cell.percent or 100) / 200)
    return (rng.normal(size=labels().shape) + level * (labels() == 1)).astype(np.float32)


def labels() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.where(rng.random((TEST_IMAGES, len(CLASSES))) < 0.3, 1, -1).astype(np.int8)


def row(cell: Cell, attempt: int = 0) -> Row:
    """A finished cell's row with metrics of its fabricated scores."""
    logits, truth, epochs = scores(cell), labels(), cell.method.options["epochs"]
    metrics, records = summary(logits, truth), curve(cell, attempt)
    best = max(records, key=lambda r: r["mAP"], default={"mAP": metrics["mAP"], "epoch": 0})
    ap = dict(zip(CLASSES, average_precision(logits, truth).tolist(), strict=True))
    share = (cell.percent or 100) / 100
    return Row(
        cell=cell,
        metrics=metrics,
        test_best={"mAP": metrics["mAP"] + 0.5, "epoch": best["epoch"]},
        heldout_best={"mAP": metrics["mAP"] + 0.2, "epoch": best["epoch"]} if epochs else None,
        class_ap={**ap, "train": None},
        epochs=epochs,
        mask={
            "sha256": hashlib.sha256(f"{cell.protocol.name} {cell.percent} {cell.seed}".encode()).hexdigest(),
            "known": share + 0.001,
            "known_positives": share + 0.002,
            "known_negatives": share - 0.001,
            "images_without_labels": 3,
            "classes_without_positives": 0,
        },
        trainable_parameters=12_345 if epochs else 0,
        timings={"train": 0.5 * epochs, "total": 0.5 * epochs + 1},
        peak_memory={"process": 900.0},
        environment={
            "versions": {"python": "3.11.7", "torch": "2.15.0"},
            "commit": "0123456789abcdef",
            "device": "cpu",
            "threads": 2,
            "deterministic": True,
            "weights": "b" * 64,
        },
        code="c" * 16,
        flags=FLAGS.get(cell.method.name, ()),
        finished="2026-01-02T03:05:06+00:00",
    )


def finish(store: Store, cell: Cell, attempt: int = 0, weights: bytes | None = None, **changes) -> Row:
    """Run the cell to its end."""
    with store.claim(cell) as folder:
        (folder / "curve.jsonl").unlink(missing_ok=True)
        append_curve(folder, curve(cell, attempt))
        done = replace(row(cell, attempt), **changes)
        store.finish(done, scores(cell), weights)
    store.save_targets(cell.dataset.fingerprint, Targets(tuple(map(str, range(TEST_IMAGES))), labels(), CLASSES))
    return done


def relabel(store: Store, truth: np.ndarray) -> None:
    """Give the dataset of every cell other test labels (N, C); scores and rows stay as they are."""
    content = Grid().cell("asl", 10, 0).dataset.fingerprint
    store.targets_file(content).unlink()
    store.save_targets(content, Targets(tuple(map(str, range(TEST_IMAGES))), truth, CLASSES))


def rewrite_row(store: Store, key: str, **changes) -> None:
    """Change a finished cell's row as if it had been written so."""
    write_json(store.folder(key) / "row.json", sealed(replace(store.row(key), **changes).to_json()))


def fail(store: Store, cell: Cell, epochs: int = 3, message: str = "the loss became nan in epoch 4") -> None:
    """Run some epochs, then fail."""
    with store.claim(cell) as folder:
        append_curve(folder, curve(cell)[:epochs])
        try:
            raise RuntimeError(message)
        except RuntimeError as error:
            store.fail(cell.key, error)


@contextmanager
def running(store: Store, cell: Cell, epochs: int = 2) -> Iterator[Path]:
    """A cell that this process is running; its folder."""
    with store.claim(cell) as folder:
        append_curve(folder, curve(cell)[:epochs])
        yield folder
