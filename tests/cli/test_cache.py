"""`bench cache`: what it lists, verifies and removes."""

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from bench.backbones.base import ImageFeatures
from bench.cli import main
from bench.data import Split
from bench.features import CacheEntry, FeatureSet, cached_features, entries
from bench.records.component import Component

pytestmark = pytest.mark.slow

COUNT = 70


class Grey:
    """A backbone that gives zeros: only what is kept of it matters here."""

    grid, dim, position, transform = (1, 1), 2, torch.zeros(1), {"size": 4}

    def preprocess(self, image: Image.Image) -> torch.Tensor:
        return torch.zeros(3, 4, 4)

    def encode_images(self, images: torch.Tensor) -> ImageFeatures:
        return ImageFeatures(torch.zeros(len(images), 1, 2), torch.zeros(len(images), 2))


@pytest.fixture
def store(tmp_path) -> Path:
    return tmp_path / "cache"


def fill(
    store: Path,
    dataset: str = "coco",
    backbone: str = "rn101",
    cut_at: int = COUNT,
    root: Path | None = None,
    **of: str,
) -> FeatureSet | None:
    """One entry of the cache; cut off behind `cut_at` images where that is fewer than all."""

    def progress(done: int, total: int) -> None:
        if cut_at <= done < total:
            raise KeyboardInterrupt

    images = [Image.new("RGB", (4, 4))] * COUNT
    try:
        return cached_features(
            part="train",
            split=Split(tuple(map(str, range(COUNT))), np.ones((COUNT, 1), np.int8), images),
            dataset=Component(dataset, options=of),
            backbone=Grey(),
            component=Component(backbone),
            cache=store,
            progress=progress,
            root=root,
        )
    except KeyboardInterrupt:
        return None


@pytest.fixture
def call(store, monkeypatch, capsys):
    """`call("ls")`: `bench cache ls --cache ...` through the real entry point, in this process."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("BENCH_CACHE", str(store))

    def run(*arguments: str) -> SimpleNamespace:
        monkeypatch.setattr(sys, "argv", ["bench", "cache", *arguments])
        with pytest.raises(SystemExit) as ending:
            main()
        captured = capsys.readouterr()
        return SimpleNamespace(code=ending.value.code or 0, out=captured.out, err=captured.err)

    return run


def entry_of(store: Path, dataset: str) -> CacheEntry:
    return next(entry for entry in entries(store) if entry.about["dataset"] == dataset)


def test_ls_says_what_there_is(call, store):
    held = fill(store)
    fill(store, "voc", "rn50", cut_at=64)
    rows = {row["dataset"]: row for row in json.loads(call("ls", "--json").out)}
    whole, part = rows["coco"], rows["voc"]
    assert (whole["backbone"], whole["part"], whole["images"], whole["precision"]) == (
        "rn101",
        "train",
        COUNT,
        "float32",
    )
    assert (whole["complete"], whole["state"]) == (True, "complete, in use")
    assert whole["bytes"] >= COUNT * (2 * 2 + 2 * 4)
    assert (part["complete"], part["state"]) == (False, "cut off, 64 of 70 images; the next run resumes")
    del held
    result = call("ls", "--dataset", "coco")
    assert whole["key"] in result.out
    assert part["key"] not in result.out
    assert "in use" not in result.out
    assert "1 entry" in result.out


def test_ls_tells_own_datasets_apart_by_folder_and_list(call, store, tmp_path):
    for folder in ("cats", "dogs"):
        fill(store, "listfile", root=tmp_path / folder, train=f"{folder}.txt")
    result = call("ls").out
    assert all(f"{tmp_path / folder}, {folder}.txt" in result for folder in ("cats", "dogs"))
    rows = json.loads(call("ls", "--json").out)
    assert {row["root"] for row in rows} == {str(tmp_path / "cats"), str(tmp_path / "dogs")}


def test_the_same_images_in_another_folder_go_on_with_a_cut_off_encoding(store, tmp_path):
    fill(store, root=tmp_path / "a", cut_at=64)
    [entry] = entries(store)
    assert entry.images_done == 64
    fill(store, root=tmp_path / "b")
    assert json.loads((entry.folder / "features.json").read_text())["images"] == COUNT - 64


def test_an_empty_cache_is_no_error(call):
    assert "0 entries" in call("ls").out
    assert call("verify").code == 0


def test_last_used_is_when_it_was_last_opened(call, store):
    import os

    fill(store)
    [entry] = entries(store)
    for path in (entry.folder, *entry.folder.iterdir()):
        os.utime(path, (10**9, 10**9))
    assert json.loads(call("ls", "--json").out)[0]["last_used"].startswith("2001")
    fill(store)
    assert not json.loads(call("ls", "--json").out)[0]["last_used"].startswith("2001")


def test_verify_ends_with_two_and_what_to_do_when_a_byte_has_flipped(call, store):
    fill(store)
    fill(store, "voc")
    assert call("verify").code == 0
    path = entry_of(store, "coco").folder / "pooled.npy"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    result = call("verify")
    key = path.parent.name
    assert result.code == 2
    assert f"bench cache rm {key}" in result.err
    assert "images 64 to 69" in result.out
    verdicts = {row["key"]: row["verdict"] for row in json.loads(call("verify", "--json").out)}
    assert verdicts == {key: "damaged", entry_of(store, "voc").key: "sound"}
    assert call("verify", "--dataset", "voc").code == 0
    assert call("rm", key, "--yes").code == 0
    assert call("verify").code == 0


def test_an_unreadable_description_is_damage_too(call, store):
    fill(store)
    [entry] = entries(store)
    (entry.folder / "about.json").write_text("{")
    result = call("verify")
    assert result.code == 2
    assert f"bench cache rm {entry.key}" in result.err
    assert call("rm", entry.key, "--yes").code == 0
    assert not entries(store)


def test_entries_of_another_version_are_said_to_be_useless_and_can_go(call, store):
    old = store / "features" / "0123456789abcdef"
    old.mkdir(parents=True)
    (old / "features.json").write_text(json.dumps({"dataset": "scenes", "backbone": "b", "images": 3, "format": 1}))
    assert json.loads(call("ls", "--json").out)[0]["state"] == "of another version, never used again"
    assert call("verify").code == 0
    assert call("rm", "--dataset", "scenes", "--yes").code == 0
    assert not old.exists()


@pytest.mark.parametrize(
    ("choice", "left"),
    [(["--dataset", "coco"], {"voc"}), (["--backbone", "rn50"], {"coco"}), (["--all"], set())],
)
def test_rm_removes_what_was_chosen_and_nothing_else(call, store, choice, left):
    fill(store, "coco", "rn101")
    fill(store, "voc", "rn50")
    result = call("rm", *choice, "--yes")
    assert result.code == 0
    assert "removed" in result.out
    assert {entry.about["dataset"] for entry in entries(store)} == left


def test_rm_by_the_beginning_of_a_key_and_never_by_an_ambiguous_or_unknown_one(call, store):
    fill(store)
    [entry] = entries(store)
    twin = entry.folder.with_name(entry.key[:6] + "0" * 10)
    twin.mkdir()
    assert "2 keys begin with" in call("rm", entry.key[:6], "--yes").err
    assert "no key 'zzz'" in call("rm", "zzz", "--yes").err
    assert len(entries(store)) == 2
    shutil.rmtree(twin)
    assert json.loads(call("rm", entry.key[:6], "--yes", "--json").out) == {"removed": [entry.key], "refused": []}
    assert not entries(store)


def test_rm_asks_first(call, store, monkeypatch):
    fill(store)
    result = call("rm", "--all")
    assert (result.code, "--yes" in result.err) == (2, True)  # nobody is there to be asked
    monkeypatch.setattr("bench.cli.cache.sys.stdin", SimpleNamespace(isatty=lambda: True))
    for answer, left in (("n", 1), ("y", 0)):
        monkeypatch.setattr("typer.confirm", lambda text, answer=answer, **more: _confirmed(text, answer))
        call("rm", "--all")
        assert len(entries(store)) == left


def _confirmed(text: str, answer: str) -> bool:
    import typer

    assert "1 entry" in text
    if answer != "y":
        raise typer.Abort
    return True


def test_rm_never_removes_what_is_in_use(call, store):
    held = fill(store)
    fill(store, "voc")
    result = call("rm", "--all", "--yes")
    assert result.code == 2
    assert "in use" in result.err
    assert [entry.about["dataset"] for entry in entries(store)] == ["coco"]
    assert len(held) == COUNT


@pytest.mark.parametrize("arguments", [(), ("--all", "--dataset", "coco"), ("--all", "abc")])
def test_rm_must_be_told_what(call, store, arguments):
    fill(store)
    assert call("rm", *arguments, "--yes").code == 2
    assert len(entries(store)) == 1
