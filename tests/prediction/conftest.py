"""Tiny cells, trained once for these tests: with frozen features and held-out images, and with a trained encoder."""

from types import SimpleNamespace

import pytest

TINY = {"scenes": {"n_train": 120, "n_test": 60}}


@pytest.fixture(scope="package")
def cells(cache, tmp_path_factory):
    """Keys by name in one store."""
    import bench

    folder = tmp_path_factory.mktemp("predicted")
    words = {"results": folder, "cache": cache, "device": "cpu", "progress": False}
    keys = {}

    def train(name: str, method: str, **more) -> None:
        settings = {**TINY, **more.pop("settings", {})}
        before = set(bench.open_store(folder).keys())
        sweep = bench.run(method, 0.5, settings=settings, **words, **more)
        assert not sweep.failed
        (keys[name],) = set(sweep.store.keys()) - before

    train("texts", "dualcoop", settings={"dualcoop": {"epochs": 1, "n_ctx": 4}})
    train("heldout", "asl", holdout=30, settings={"asl": {"epochs": 3}})
    train("tuned", "bce_an", live=True, settings={"bce_an": {"epochs": 1}, "live": {"train": "last"}})
    train("zero", "clip_zero_shot")
    return SimpleNamespace(root=folder, cache=cache, store=bench.open_store(folder), **keys)
