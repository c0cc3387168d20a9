"""The pace shown while images are encoded."""

from types import SimpleNamespace

import pytest

from bench.api import pace
from bench.api.display import PlainObserver


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    now = SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(pace.time, "perf_counter", lambda: now.seconds)
    return now


def test_the_pace_counts_from_the_first_number_heard(clock):
    pace_of_images = pace.Pace()
    assert pace_of_images.of("train", 5000, 10_000) == ""  # kept from an earlier run: says nothing of the speed
    clock.seconds += 10
    assert pace_of_images.of("train", 5500, 10_000) == "50 images/s  ~1:30 left"
    assert pace_of_images.of("train", 10_000, 10_000) == "500 images/s"
    assert pace_of_images.of("test", 0, 7000) == ""
    clock.seconds += 10
    assert pace_of_images.of("test", 10, 7210) == "1.0 images/s  ~2:00:00 left"


def test_a_log_hears_of_a_long_encoding_now_and_then(clock, capsys):
    observer = PlainObserver([])
    for done in range(0, 1001, 10):
        observer.encoding("encoding coco train", done, 1000)
        clock.seconds += 1
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "encoding coco train: 300 of 1,000 images 10 images/s  ~1:10 left",
        "encoding coco train: 600 of 1,000 images 10 images/s  ~0:40 left",
        "encoding coco train: 900 of 1,000 images 10 images/s  ~0:10 left",
        "encoding coco train: 1,000 images 10 images/s",
    ]
