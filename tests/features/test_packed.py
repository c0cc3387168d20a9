"""A pack's features are unpacked once, chunk by chunk, and never where a byte is not the pack's."""

import dataclasses
import json

import numpy as np
import pytest
from helpers.packs import repacked, tiny_pack
from helpers.trainings import make_cell

from bench.api.datasets_at_hand import DatasetsAtHand
from bench.api.execution import Execution
from bench.api.search import plan_searches
from bench.api.search_options import SearchOptions
from bench.api.sharing import write_pack_of
from bench.data.pack import Pack
from bench.data.pack.check import examine_pack
from bench.errors import DataError, UsageError
from bench.features import entries, packed_features
from bench.features.writer import ChunkWriter
from bench.planning.plan import cells, open_dataset, plan
from bench.planning.request import Request
from bench.system.bundle import BundleError
from bench.system.disk import DiskError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def path(resources, tmp_path_factory):
    path = tmp_path_factory.mktemp("pack") / "pack.tar"
    tiny_pack(resources, path)
    return path


def silent(*progress) -> None: ...


def unpack(path, cache, part="train"):
    return packed_features(Pack(None, path, cache), part, cache, silent)


def test_what_is_unpacked_is_what_was_encoded(path, resources, tmp_path):
    original, unpacked = resources.images.features(make_cell(resources, "asl"), "test"), unpack(path, tmp_path, "test")
    assert np.array_equal(unpacked.dense, original.dense)
    assert np.array_equal(unpacked.pooled, original.pooled)
    assert unpack(path, tmp_path, "test").hold is not None
    assert len(entries(tmp_path)) == 1


def test_a_cut_off_unpacking_goes_on_and_only_behind_the_packs_own_chunks(path, tmp_path, monkeypatch):
    append, calls = ChunkWriter.append, []

    def cut_off(writer, rows, expected=None):
        calls.append(writer.done)
        if len(calls) == 2:
            raise KeyboardInterrupt
        append(writer, rows, expected)

    monkeypatch.setattr(ChunkWriter, "append", cut_off)
    with pytest.raises(KeyboardInterrupt):
        unpack(path, tmp_path)
    [entry] = entries(tmp_path)
    assert not entry.complete
    unpack(path, tmp_path)
    assert calls == [0, 64, 64]
    # The same chunk with other bytes, and a journal that fits them: written by nobody who read this pack.
    (entry.folder / "features.json").unlink()
    other = entry.digests
    with (entry.folder / "dense.npy").open("r+b") as file:
        file.seek(200)
        file.write(b"other")
    other[0]["dense"] = entry.shape.arrays(entry.folder)["dense"].digest(0, 64)
    (entry.folder / "chunks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in other))
    unpack(path, tmp_path)
    assert calls == [0, 64, 64, 0, 64]


def test_a_flipped_byte_of_the_features_is_refused_and_leaves_nothing_that_counts(path, tmp_path):
    changed = tmp_path / "changed.tar"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    with pytest.raises(
        BundleError, match=r"train/dense\.npy is not what was written, from image \d+ on; fetch it again"
    ):
        unpack(changed, tmp_path)
    [entry] = entries(tmp_path)
    assert not entry.complete
    [finding] = [one for one in examine_pack(Pack(None, changed, tmp_path), silent).findings if one.level == "error"]
    assert "train/dense.npy is not what was written" in finding.detail


def test_two_packs_of_the_same_images_have_two_entries(path, tmp_path):
    other = repacked(path, tmp_path / "other.tar", lambda record: record["made"].update(by="somebody else"))
    unpack(path, tmp_path, "test")
    unpack(other, tmp_path, "test")
    assert len(entries(tmp_path)) == 2


def test_a_full_disk_is_one_sentence(path, tmp_path, monkeypatch):
    monkeypatch.setattr("bench.features.writer.shutil.disk_usage", lambda place: type("Disk", (), {"free": 2**20}))
    with pytest.raises(DiskError, match="the features need"):
        unpack(path, tmp_path)


def use(path, cache) -> None:
    """As a run does."""
    dataset = Pack(None, path, cache)
    dataset.check()
    packed_features(dataset, "train", cache, silent)


CHANGES = {
    "fingerprint": (lambda r: r["dataset"].update(fingerprint="0" * 64), {}, "its labels are not those of the scenes"),
    "version": (lambda r: r["dataset"].update(version="1"), {}, "its manifest is wrong at dataset"),
    "place": (lambda r: r["dataset"].update(paths={"a": "/b"}), {}, "its manifest is wrong at dataset"),
    "name": (lambda r: r["dataset"].update(name="../../x"), {}, "its manifest is wrong"),
    "more": (lambda r: r.update(run="rm"), {}, "its manifest is wrong at run"),
    "less": (lambda r: r.pop("encoder"), {}, "its manifest is wrong at encoder"),
    "huge": (lambda r: r["train"].update(images=10**9), {}, "bytes instead of"),
    "many": (lambda r: r["encoder"].update(dim=10**9), {}, "bytes instead of"),
    "negative": (lambda r: r["test"].update(images=-1), {}, "its manifest is wrong at test"),
    "missing": (lambda r: None, {"test/labels.npy": None}, "its members are not those of a feature pack"),
    "foreign": (lambda r: None, {"evil.py": b"import os"}, r"its members are not those .* \(evil\.py\)"),
    "ids": (lambda r: None, {"test/ids.json": b"[1, 2]"}, "test/ids.json is no list of names"),
    "fewer": (lambda r: None, {"test/ids.json": b'["a"]'}, "its test split is wrong"),
    "chunks": (lambda r: None, {"train/chunks.jsonl": b'{"dense": 1}\n'}, "does not list 2 chunks"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_sound_file_that_says_other_things_is_refused(path, tmp_path, change):
    record, members, message = CHANGES[change]
    other = repacked(path, tmp_path / "other.tar", record, members)
    with pytest.raises(BundleError, match=message) as caught:
        use(other, tmp_path)
    assert "\n" not in str(caught.value)
    assert not [entry for entry in entries(tmp_path) if entry.complete]


def test_labels_of_another_value_or_a_pickle_are_refused(path, tmp_path):
    dataset = Pack(None, path, tmp_path)
    labels = dataset.bundle.content("test/labels.npy", 10**6)
    for content in (labels[:-1] + b"\x07", b"\x93NUMPY\x01\x00" + labels[8:].replace(b"|i1", b"|O8")):
        other = Pack(None, repacked(path, tmp_path / "other.tar", members={"test/labels.npy": content}), tmp_path)
        with pytest.raises(BundleError):
            _ = other.test


def test_flipped_labels_are_no_scenes(path, tmp_path):
    labels = bytearray(Pack(None, path, tmp_path).bundle.content("train/labels.npy", 10**6))
    labels[-1] = 255 if labels[-1] == 1 else 1
    other = Pack(None, repacked(path, tmp_path / "other.tar", members={"train/labels.npy": bytes(labels)}), tmp_path)
    with pytest.raises(BundleError, match="its labels are not those of the scenes that it names"):
        other.check()


def test_flipped_labels_choose_no_settings_and_judge_no_imported_cell(path, tmp_path):
    """Both trust a fingerprint, and without a look at both splits a pack's is what a stranger says."""
    labels = bytearray(Pack(None, path, tmp_path).bundle.content("test/labels.npy", 10**6))
    labels[-1] = 255 if labels[-1] == 1 else 1
    other = repacked(path, tmp_path / "other.tar", members={"test/labels.npy": bytes(labels)})
    request = Request(("asl",), (50,), dataset="pack", root=other, holdout=20)
    with pytest.raises(BundleError, match="its labels are not those of the scenes that it names"):
        plan_searches(request, SearchOptions(), Execution(cache=tmp_path))
    honest = dataclasses.replace(request, root=path)
    cell = next(cells(plan(honest, open_dataset(honest, tmp_path))))
    targets = [DatasetsAtHand(tmp_path, root).targets(cell).labels for root in (path, other)]
    np.testing.assert_array_equal(*targets)  # of the second one they are drawn here


def test_what_cannot_be_exported_is_one_sentence(path, resources, tmp_path):
    unpack(path, tmp_path)
    [entry] = entries(tmp_path)
    with pytest.raises(UsageError, match="were unpacked from"):
        write_pack_of(entry, tmp_path / "again.tar", tmp_path)
    with pytest.raises(UsageError, match="is there already"):
        write_pack_of(entry, path, tmp_path)
    (entry.folder / "features.json").unlink()
    with pytest.raises(UsageError, match="are not complete"):
        write_pack_of(entry, tmp_path / "again.tar", tmp_path)


def test_a_file_that_is_none_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match="is no file; --root must be the feature pack"):
        Pack(None, tmp_path, tmp_path)
