"""The feature cache under real processes: killed in the middle, two at once, and how much memory they take."""

import json
import multiprocessing
import os
import signal
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from bench.backbones.base import ImageFeatures
from bench.data import Split
from bench.features import ENCODE_BATCH, CacheEntry, cached_features, entries, verify
from bench.records.component import Component
from bench.system.peak_memory import PeakMemory

COUNT, SIDE = 6 * ENCODE_BATCH + 10, 28

pytestmark = [
    pytest.mark.skipif(
        "fork" not in multiprocessing.get_all_start_methods(), reason="needs processes that start at once"
    ),
    pytest.mark.slow,
]


class Images:
    """Drawn when asked for, each another."""

    def __init__(self, count: int):
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, i: int) -> Image.Image:
        return Image.new("RGB", (SIDE, SIDE), (i % 256, i // 256, 7))


class Network:
    """A convolution over patches: results depend on the batch's arithmetic, as a real encoder's do."""

    grid, dim, position, transform = (7, 7), 256, torch.zeros(1), {"side": SIDE}

    def __init__(self, pause: float):
        self.encoded, self.pause = 0, pause
        self.kernel = torch.randn(256, 3, 4, 4, generator=torch.Generator().manual_seed(0))

    def preprocess(self, image: Image.Image) -> torch.Tensor:
        return torch.from_numpy(np.asarray(image, np.float32) / 255).permute(2, 0, 1)

    def encode_images(self, images: torch.Tensor) -> ImageFeatures:
        time.sleep(self.pause)
        self.encoded += len(images)
        tokens = torch.nn.functional.conv2d(images, self.kernel, stride=4).flatten(2).transpose(1, 2)
        return ImageFeatures(tokens, tokens.mean(1))


def _encode(cache: Path, count: int, pause: float, answer: Path) -> None:
    split = Split(tuple(map(str, range(count))), np.ones((count, 1), np.int8), Images(count))
    network, calls = Network(pause), []
    with PeakMemory(torch.device("cpu")) as memory:
        cached = cached_features(
            part="train",
            split=split,
            dataset=Component("toy"),
            backbone=network,
            component=Component("network"),
            cache=cache,
            progress=lambda done, total: calls.append(done),
        )
    assert len(cached) == count
    answer.write_text(json.dumps({"encoded": network.encoded, "recorded": calls, "peak": memory.peak["process"]}))


def start(cache: Path, count: int = COUNT, pause: float = 0.0) -> tuple[BaseProcess, Path]:
    """A process that encodes, and the file that it leaves its answer in."""
    cache.mkdir(exist_ok=True)
    answer = cache / f"answer-{len(list(cache.iterdir()))}.json"
    answer.touch()
    process = multiprocessing.get_context("fork").Process(target=_encode, args=(cache, count, pause, answer))
    process.start()
    return process, answer


def result_of(started: tuple[BaseProcess, Path]) -> dict[str, Any]:
    """images encoded, the numbers heard as progress, peak MiB"""
    process, answer = started
    process.join(600)
    assert process.exitcode == 0
    return json.loads(answer.read_text())


def only_entry(cache: Path) -> CacheEntry:
    [entry] = entries(cache)
    return entry


def wait_for_images(cache: Path, started: tuple[BaseProcess, Path], count: int) -> None:
    deadline = time.monotonic() + 600
    while not (entries(cache) and only_entry(cache).images_done >= count):
        assert started[0].is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def same_bytes(one: Path, other: Path) -> bool:
    names = ("dense.npy", "pooled.npy", "chunks.jsonl")
    return all((only_entry(one).folder / n).read_bytes() == (only_entry(other).folder / n).read_bytes() for n in names)


def test_a_killed_encoding_goes_on_where_it_was_and_ends_bit_equal(tmp_path):
    """Killed while one process encodes and another waits: the waiting one does the rest, and nothing twice."""
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    assert result_of(start(straight))["encoded"] == COUNT
    first = start(killed, pause=0.3)
    wait_for_images(killed, first, ENCODE_BATCH)
    second = start(killed)
    wait_for_images(killed, first, 2 * ENCODE_BATCH)
    os.kill(first[0].pid, signal.SIGKILL)
    first[0].join()
    answer = result_of(second)
    kept = COUNT - answer["encoded"]
    assert 2 * ENCODE_BATCH <= kept < COUNT
    assert kept in answer["recorded"]
    assert same_bytes(straight, killed)
    assert verify(only_entry(killed)) == ("sound", [])


def test_two_processes_at_once_encode_once_and_both_hear_how_it_goes(tmp_path):
    answers = [result_of(started) for started in [start(tmp_path, pause=0.1), start(tmp_path, pause=0.1)]]
    assert sorted(answer["encoded"] for answer in answers) == [0, COUNT]
    for answer in answers:
        assert answer["recorded"] == sorted(answer["recorded"])
        assert answer["recorded"][-1] == COUNT
        assert len(set(answer["recorded"])) > 2


def test_memory_does_not_grow_with_the_number_of_images(tmp_path):
    """2,000 images leave 49 MiB of features (7 x 7 tokens of 256 dims), 200 leave 5: neither may stay in memory."""
    few, many = (result_of(start(tmp_path / str(count), count))["peak"] for count in (200, 2000))
    entry = only_entry(tmp_path / "2000")
    stored = entry.shape.bytes / 2**20
    assert stored > 45
    assert many - few < stored / 4, (few, many)
    # Plain .npy files, which anybody's numpy reads without this package.
    assert np.load(entry.folder / "dense.npy").shape == (2000, 49, 256)
    assert np.load(entry.folder / "pooled.npy").dtype == np.float32
