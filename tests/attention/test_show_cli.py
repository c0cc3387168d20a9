"""`bench show` through the real command line, from training to the figure on the cell's page."""

import json
from pathlib import Path

import pytest
from helpers.disks import read_only
from PIL import Image

from bench.records.store import Store

pytestmark = pytest.mark.slow

TINY = ("--set", "scenes.n_train=120", "--set", "scenes.n_test=60")
REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "coco256"


def trained(call, methods="trm_ml", *more: str) -> dict[str, str]:
    """A run of one epoch; the cells' keys by method."""
    epochs = [f"--set={name}.epochs=1" for name in methods.split(",") if name not in ("clip_zero_shot", "prior")]
    result = call("run", "--methods", methods, "--ratios", "0.5", *epochs, *TINY, *more)
    assert result.code == 0, result.err
    store = Store(Path("results"))
    keys = store.keys()
    return {store.cell(key).method.name: key for key in keys}


def test_from_training_to_the_figure_on_the_cells_page(call, rendering):
    key = trained(call)["trm_ml"]
    with rendering.of():
        result = call("show", key[:10], "--images", "3")
    assert result.code == 0, result.err
    folder = Path("results") / "cells" / key
    paths = [Path(row.split()[-1]) for row in result.out.splitlines() if row.startswith(("svg", "pdf", "png"))]
    assert sorted(path.name for path in paths) == ["attention.pdf", "attention.png", "attention.svg"]
    assert all(path.parent == folder and path.stat().st_size > 5000 for path in paths)
    assert "pointing game" in result.out
    assert "mean over classes" in result.out
    assert "reconstruction" in (folder / "attention.svg").read_text()
    assert result.err == "", "the restored scores are the stored ones: no warning"

    record = json.loads((folder / "attention.json").read_text())
    assert [image["id"] for image in record["images"]] == [f"scenes-v1/w0/test/{i:06d}" for i in range(3)]
    assert record["pointing"]["images"] == 60
    store = Store(Path("results"))
    targets = store.targets(store.cell(key).dataset.fingerprint)
    for i, image in enumerate(record["images"]):
        there = {name for name, label in zip(targets.class_names, targets.labels[i], strict=True) if label == 1}
        assert there == {c["name"] for c in image["classes"] if c["mark"] in ("true positive", "missed")}
        for one in image["classes"]:
            stored = store.scores(key)[i, targets.class_names.index(one["name"])]
            assert one["score"] == pytest.approx(float(stored), abs=1e-3)

    assert call("report").code == 0
    (page,) = Path("results/reports").glob(f"*/cells/{key}.html")
    html = page.read_text()
    link = html.split('<img src="')[1].split('"')[0]
    assert (page.parent / link).resolve() == (folder / "attention.svg").resolve()
    assert "kept, " in html


def test_the_page_says_what_is_kept_and_changes_when_a_figure_comes(call):
    keys = trained(call, "asl", "--no-weights")
    assert call("report").code == 0
    (page,) = Path("results/reports").glob(f"*/cells/{keys['asl']}.html")
    assert "not kept" in page.read_text()
    result = call("show", keys["asl"])
    assert result.code == 2
    assert "keeps no weights; delete the folder" in result.err
    assert "train it again without --no-weights: bench run" in result.err
    assert "--no-weights --" not in result.err


def test_asked_for_classes_split_seed_and_folder(call, rendering, tmp_path):
    key = trained(call, "dualcoop")["dualcoop"]
    out = tmp_path / "out"
    arguments = ("--images", "2", "--classes", "dog,person", "--split", "train", "--seed", "3", "--out", str(out))
    with rendering.of():
        result = call("show", key, *arguments, "--json")
    assert result.code == 0, result.err
    shown = json.loads(result.out)
    assert [[one["name"] for one in image["classes"]] for image in shown["images"]] == [["dog", "person"]] * 2
    assert all("/train/" in image["id"] for image in shown["images"])
    assert sorted(path.name for path in out.iterdir()) == [
        f"attention-train-seed3-dog-person.{suffix}" for suffix in ("json", "pdf", "png", "svg")
    ]
    assert Image.open(shown["files"]["png"]).width > 300


def test_a_colleagues_store_is_looked_at_and_not_written(call, rendering, tmp_path):
    key = trained(call, "asl")["asl"]
    before = {path: path.stat().st_mtime_ns for path in Path("results").rglob("*")}
    with read_only(tmp_path / "results"), rendering.of("png"):
        result = call("show", key, "--images", "2")
        beside = call("show", key, "--images", "2", "--out", str(tmp_path / "own"), "--json")
    assert {path: path.stat().st_mtime_ns for path in Path("results").rglob("*")} == before
    assert result.code == 0, result.err
    assert "mean over classes" in result.out
    assert "attention.png" not in result.out
    assert f"warning: the figure was not written, since {Path('results') / 'cells' / key} may not be" in result.err
    assert "give --out" in result.err
    assert len(result.err.strip().splitlines()) == 1
    assert beside.code == 0, beside.err
    files = json.loads(beside.out)["files"].values()
    assert all(Path(file).parent == tmp_path / "own" and Path(file).stat().st_size > 5000 for file in files)


def test_what_cannot_be_shown_is_said_in_one_sentence(call):
    keys = trained(call, "asl,clip_zero_shot,prior", "--set", "clip_zero_shot.pool=pooled")
    for arguments, sentence in (
        (("show", "zzz"), "There is no cell 'zzz' in results; give the beginning of a key of `bench status`."),
        (("show", ""), "an argument is empty; give a value"),
        (("show", keys["clip_zero_shot"]), "has no attention to show"),
        (("show", keys["prior"]), "has no attention to show"),
        (("show", keys["asl"], "--classes", "dgo"), "there is no class 'dgo'; did you mean 'dog'?"),
        (("show", keys["asl"], "--classes", ","), "--classes is empty"),
    ):
        result = call(*arguments)
        assert result.code == 2
        assert sentence in result.err
        assert len(result.err.strip().splitlines()) == 1


def test_an_ambiguous_a_failed_and_an_unfinished_cell(call, toys):
    trained(call, "asl")
    call("run", "--methods", "toy_refusing", "--ratios", "0.1-0.9", *TINY)
    store = Store(Path("results"))
    keys = store.keys()
    first = next(key[0] for key in keys if sum(other[0] == key[0] for other in keys) > 1)
    result = call("show", first)
    assert result.code == 2
    assert f"cells begin with '{first}'" in result.err
    failed = next(key for key in keys if store.state(key) == "failed")
    result = call("show", failed)
    assert result.code == 2
    assert "failed (RuntimeError: the toy refuses [/on purpose])" in result.err
    store.clear_error(failed)
    assert "is planned; it can be used when it is done" in call("show", failed).err


def test_changed_code_and_other_scores_are_told(call, monkeypatch):
    import numpy as np
    from helpers.store_factory import rewrite_row

    from bench.records.damage import file_digest
    from bench.system.files import write_arrays

    key = trained(call, "asl")["asl"]
    store = Store(Path("results"))
    path = store.file(key, "scores.npz")
    write_arrays(path, logits=store.scores(key) + np.float32(3))
    result = call("show", key, "--images", "1")
    assert result.code == 2
    assert f"{path} is damaged: it is not what was written" in result.err
    rewrite_row(store, key, files={**store.row(key).files, "scores.npz": file_digest(path)})
    monkeypatch.setattr("bench.system.environment.source_hash", lambda method: "another")
    result = call("show", key, "--images", "1")
    assert result.code == 0
    assert "the method's source code has changed since the cell was trained" in result.err
    assert "these scores differ from the stored ones by up to 3" in result.err


def test_two_cells_look_at_the_same_images_and_classes(call, rendering):
    keys = trained(call, "dualcoop,asl")
    with rendering.of("svg"):
        result = call("show", keys["dualcoop"], keys["asl"], "--images", "3")
    assert result.code == 0, result.err
    assert "peak in a box: dualcoop" in " ".join(result.out.split())
    assert "peak in a box: asl" in " ".join(result.out.split())
    folder = Path("results/cells") / keys["dualcoop"]
    record = json.loads((folder / f"attention-with-{keys['asl']}.json").read_text())
    assert [cell["cell"] for cell in record["cells"]] == [keys["dualcoop"], keys["asl"]]
    first, second = (cell["images"] for cell in record["cells"])
    store = Store(Path("results"))
    for mine, theirs in zip(first, second, strict=True):
        assert mine["id"] == theirs["id"]
        assert [c["name"] for c in mine["classes"]] == [c["name"] for c in theirs["classes"]]
    names = store.targets(store.cell(keys["asl"]).dataset.fingerprint).class_names
    for key, images in ((keys["dualcoop"], first), (keys["asl"], second)):
        for i, image in enumerate(images):
            for one in image["classes"]:
                assert one["score"] == pytest.approx(float(store.scores(key)[i, names.index(one["name"])]), abs=1e-3)
    alone = call("show", keys["asl"], "--images", "3", "--json")
    assert json.loads(alone.out)["pointing"] == record["cells"][1]["pointing"]
    svg = (folder / f"attention-with-{keys['asl']}.svg").read_text()
    assert svg.count(">dualcoop<") == svg.count(">asl<") == 3

    result = call("show", keys["asl"], keys["asl"][:12])
    assert result.code == 2
    assert "both keys name cell" in result.err
    assert call("run", "--methods", "asl", "--ratios", "0.5", "--set", "asl.epochs=1", "--set", "scenes.n_test=50",
                "--set", "scenes.n_train=120").code == 0  # fmt: skip
    (other,) = set(store.keys()) - set(keys.values())
    result = call("show", keys["asl"], other)
    assert result.code == 2
    assert "is of other images or labels than" in result.err


@pytest.mark.skipif(not REAL.exists(), reason="the 256 COCO photos of ../shared/data are not here")
def test_real_photos_with_random_weights_are_marked_as_such(call, rendering, cache):
    options = ("--dataset", "coco", "--root", str(REAL), "--backbone", "RN50")
    small = ("--set", "RN50.weights=random", "--set", "RN50.image_size=64")
    result = call(
        "run", "--methods", "clip_zero_shot", "--ratios", "0.5", "--set", "clip_zero_shot.pool=dense", *options, *small
    )
    assert result.code == 0, result.err
    (key,) = Store(Path("results")).keys()
    with rendering.of("svg"):
        result = call("show", key, "--images", "2", "--root", str(REAL))
    assert result.code == 0, result.err
    assert "random" in (Path("results/cells") / key / "attention.svg").read_text()
    assert "the maps mean nothing" in result.err
    assert json.loads((Path("results/cells") / key / "attention.json").read_text())["pointing"]["images"] == 128
    assert "is read from your disk" in call("show", key).err
