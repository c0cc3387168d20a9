"""The embedded scenes: pure in (world, split, index), labelled without drawing, cached whole or not at all."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from helpers.scene_digests import digest, picture_digests

from bench.data import DATASETS
from bench.data.scenes import CLASS_NAMES, SIZE, Scenes, ScenesOptions
from bench.data.scenes.categories import INDEX
from bench.data.scenes.gallery import pictures
from bench.data.scenes.seeds import seed_of
from bench.data.scenes.source import Benchmark
from bench.data.scenes.worlds import CONTEXTS, benchmark_world
from bench.errors import UsageError

pytestmark = pytest.mark.slow

SMALL = ScenesOptions(n_train=40, n_test=30)


def labels(split: str, count: int, world: int = 0) -> np.ndarray:
    source = Benchmark(world, split)
    return np.stack([source.scene(i).labels() for i in range(count)])


@pytest.fixture(scope="module")
def train_labels() -> np.ndarray:
    return labels("train", 3000)


@pytest.fixture(scope="module")
def test_labels() -> np.ndarray:
    return labels("test", 2000)


def test_another_process_in_another_order_draws_the_same_pixels() -> None:
    source, here = Benchmark(3, "train"), [0, 7, 19]
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        there = pool.submit(picture_digests, source, here[::-1]).result()
    assert picture_digests(source, here) == there[::-1]


def test_labels_are_pinned(train_labels: np.ndarray, test_labels: np.ndarray) -> None:
    assert digest(train_labels) == "76bffd3857c59041"
    assert digest(test_labels) == "c7e0bd6b2848f0a3"


def test_pictures_are_pinned_in_the_mean() -> None:
    """Not to the bit: another version of PIL may round an edge differently."""
    brightness = [Benchmark(0, "train").picture(i).mean() for i in range(6)]
    assert brightness == pytest.approx([146.97, 121.84, 134.18, 99.01, 135.44, 118.83], abs=1.0)


def test_a_scene_does_not_depend_on_how_many_are_asked_for(tmp_path: Path) -> None:
    few, many = (Scenes(ScenesOptions(n_train=n, n_test=5), None, tmp_path) for n in (5, 12))
    assert few.train.ids == many.train.ids[:5]
    assert np.array_equal(few.train.labels, many.train.labels[:5])
    assert np.array_equal(np.asarray(few.train.images[4]), np.asarray(many.train.images[4]))


def test_splits_and_worlds_share_no_picture_and_no_id(tmp_path: Path) -> None:
    result = [
        d
        for world in (0, 1)
        for split in ("train", "test")
        for d in picture_digests(Benchmark(world, split), [*range(10)])
    ]
    assert len(set(result)) == len(result)
    sets = [Scenes(ScenesOptions(world=world, n_train=20, n_test=20), None, tmp_path) for world in (0, 1)]
    ids = [i for one in sets for split in (one.train, one.test) for i in split.ids]
    assert len(set(ids)) == len(ids)


def test_another_world_has_its_own_contexts_and_the_same_categories() -> None:
    base, other, again = benchmark_world(0), benchmark_world(7), benchmark_world(7)
    assert np.array_equal(other.weights, again.weights)
    assert other.tint == again.tint
    assert not np.allclose(base.weights, other.weights)
    assert not np.allclose(base.often, other.often)
    shares = [(labels("train", 400, world) == 1).mean(0) for world in (0, 7)]
    assert np.abs(shares[0] - shares[1]).max() > 0.05


def test_labels_say_what_was_composed() -> None:
    for i in range(50):
        scene = Benchmark(0, "train").scene(i)
        there = {CLASS_NAMES[placed.category] for placed in scene.objects}
        assert {CLASS_NAMES[c] for c in np.flatnonzero(scene.labels() == 1)} == there
        assert all(placed.inside >= 0.6 for placed in scene.objects)


def test_an_object_changes_the_picture_where_it_stands() -> None:
    from dataclasses import replace

    from bench.data.scenes.draw import render

    world, scene = benchmark_world(0), Benchmark(0, "train").scene(2)
    empty = replace(scene, objects=())
    with_objects, without = (render(s, world, np.random.default_rng(0)).astype(int) for s in (scene, empty))
    placed = scene.objects[-1]
    x, y = int(np.clip(placed.x, 3, SIZE - 4)), int(np.clip(placed.y, 3, SIZE - 4))
    near = np.s_[y - 3 : y + 4, x - 3 : x + 4]
    assert np.abs(with_objects[near] - without[near]).mean() > 5


def test_every_class_occurs_and_the_tail_is_long(train_labels: np.ndarray, test_labels: np.ndarray) -> None:
    for result in (train_labels, test_labels):
        share = (result == 1).mean(0)
        assert share.min() > 0.02
        assert share.max() / share.min() > 8
        assert CLASS_NAMES[int(share.argmax())] == "person"
        assert 1.8 < (result == 1).sum(1).mean() < 3.2


def test_contexts_make_categories_occur_together(train_labels: np.ndarray) -> None:
    there = train_labels == 1

    def lift(one: str, other: str) -> float:
        a, b = there[:, INDEX[one]], there[:, INDEX[other]]
        return float((a & b).mean() / (a.mean() * b.mean()))

    assert lift("chair", "table") > 2
    assert lift("cow", "sheep") > 1
    assert lift("sofa", "tv") > 2
    assert lift("cow", "tv") < 0.3
    assert lift("airplane", "sofa") < 0.3
    assert len(CONTEXTS) == 9


def test_the_dataset_keeps_the_contract(tmp_path: Path) -> None:
    data = DATASETS.get("scenes")(SMALL, None, tmp_path)
    assert data.class_names == CLASS_NAMES
    assert len(CLASS_NAMES) == 20
    for split, count in ((data.train, 40), (data.test, 30)):
        assert len(split) == count
        assert split.labels.dtype == np.int8
        assert not split.labels.flags.writeable
        assert set(np.unique(split.labels)) == {-1, 1}
    assert not list(tmp_path.rglob("*.npy")), "labels must not draw anything"
    picture = data.train.images[3]
    assert picture.mode == "RGB"
    assert picture.size == (SIZE, SIZE)
    assert np.array_equal(np.asarray(picture), Benchmark(0, "train").picture(3))
    assert data.train is data.train


def test_pictures_are_drawn_once_and_reused(tmp_path: Path) -> None:
    records: list[tuple[int, int]] = []
    file = tmp_path / "deep" / "pictures.npy"
    first = pictures(Benchmark(0, "train"), 6, file, on_progress=lambda done, of: records.append((done, of)))
    stamp = file.stat().st_mtime_ns
    second = pictures(Benchmark(0, "train"), 6, file, on_progress=lambda *_: pytest.fail("drawn twice"))
    assert records == [(6, 6)]
    assert file.stat().st_mtime_ns == stamp
    assert np.array_equal(first, second)
    assert isinstance(second, np.memmap)
    assert not second.flags.writeable


def test_a_broken_drawing_leaves_nothing_behind(tmp_path: Path) -> None:
    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pictures(Benchmark(0, "train"), 4, tmp_path / "p.npy", on_progress=stop)
    assert not list(tmp_path.iterdir())


def test_two_processes_draw_what_one_draws(tmp_path: Path) -> None:
    alone, together = (pictures(Benchmark(0, "test"), 510, tmp_path / f"{n}.npy", workers=n) for n in (1, 2))
    assert np.array_equal(alone, together)


def test_seeds_are_told_apart_by_every_axis() -> None:
    assert len({seed_of("a", 1), seed_of("a", "1"), seed_of("a/1"), seed_of("b", 1), seed_of("a", 1, 0)}) == 5


def test_wrong_options_are_refused_in_a_sentence() -> None:
    for wrong in ({"n_train": 0}, {"n_test": 1_000_001}, {"world": -1}):
        with pytest.raises(UsageError, match="n_train and n_test from 1 to 1,000,000, not ScenesOptions"):
            ScenesOptions(**wrong)


def test_sizes_are_told_without_composing(tmp_path, monkeypatch):
    dataset = Scenes(ScenesOptions(n_train=7, n_test=5), None, tmp_path)
    monkeypatch.setattr(Scenes, "_split", lambda *given: pytest.fail("composed"))
    assert dataset.sizes == {"train_images": 7, "test_images": 5}
