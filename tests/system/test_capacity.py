"""Room for workers: GPUs in turn, memory of the machine or of a container, cores."""

from pathlib import Path

import psutil
import pytest
import torch

from bench.executors.worker_process import worker_device
from bench.system import capacity as room

GIB = 2**30


def test_workers_take_the_gpus_in_turn(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(room, "available_memory", lambda: 64 * GIB)
    requested = torch.device("cuda")
    assert [worker_device(requested, number) for number in range(3)] == ["cuda:0", "cuda:1", "cuda:0"]
    assert worker_device(torch.device("cuda:1"), 0) == "cuda:1", "a named one is taken as named"
    assert worker_device(torch.device("cpu"), 1) == "cpu"
    assert room.worker_count(0, 10, requested) == 2
    assert room.worker_count(4, 10, requested) == 4, "several on a GPU if asked for"


def test_memory_limits_the_number_of_workers(monkeypatch):
    monkeypatch.setattr(room, "available_memory", lambda: 4 * GIB)
    assert room.worker_count(8, 10, torch.device("cpu")) == 2
    monkeypatch.setattr(room, "available_memory", lambda: 0)
    assert room.worker_count(8, 10, torch.device("cpu")) == 1, "one is always tried"


def test_threads_divide_the_cores(monkeypatch):
    monkeypatch.setattr(room, "available_memory", lambda: 64 * GIB)
    monkeypatch.setattr(room, "cores", lambda: 8)
    assert [room.worker_count(0, None, torch.device("cpu"), threads) for threads in (1, 3, 16)] == [8, 2, 1]


@pytest.fixture
def job(tmp_path) -> tuple[Path, Path]:
    """The control group of a job with 1 GiB in a container with 3 GiB: folder of the groups, own membership."""
    groups = tmp_path / "cgroup"
    for folder, limit, used, inactive in (("", "max", 9, 0), ("box", 3 * GIB, 2 * GIB, 0), ("box/job", GIB, 700, 200)):
        (groups / folder).mkdir()
        (groups / folder / "memory.max").write_text(f"{limit}\n")
        (groups / folder / "memory.current").write_text(f"{used}\n")
        (groups / folder / "memory.stat").write_text(f"anon 5\ninactive_file {inactive}\n")
    membership = tmp_path / "membership"
    membership.write_text("1:cpu:/old\n0::/box/job\n")
    return groups, membership


def test_a_container_has_less_memory_than_its_machine(job, tmp_path, monkeypatch):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 64 * GIB}))
    groups, membership = job
    assert room.available_memory(groups, membership) == GIB - 700 + 200
    (groups / "box" / "memory.current").write_text(str(3 * GIB - 5))
    assert room.available_memory(groups, membership) == 5, "the outer limit counts as well"
    (groups / "box" / "memory.current").write_text(str(4 * GIB))
    assert room.available_memory(groups, membership) == 0
    assert room.available_memory(groups, tmp_path / "nowhere") == 64 * GIB
