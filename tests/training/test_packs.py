"""Cells on a feature pack are those of the dataset it was made from: same keys, masks and scores, to the bit."""

import pytest
from helpers.packs import tiny_pack
from helpers.trainings import QUICK, make_cell, run

from bench.backbones import BACKBONES
from bench.data.pack import Pack
from bench.data.pack.check import examine_pack
from bench.errors import DataError, UsageError
from bench.features import entries
from bench.planning.packed import text_sentence
from bench.planning.plan import open_dataset, plan
from bench.planning.request import Request
from bench.training.resources import Resources

pytestmark = pytest.mark.slow

VIEWS = {"count": 2, "augment": "weak", "strong": "strong"}


@pytest.fixture(scope="module")
def path(resources, tmp_path_factory):
    path = tmp_path_factory.mktemp("pack") / "pack.tar"
    tiny_pack(resources, path)
    return path


@pytest.fixture(scope="module")
def packed(path, make_resources, tmp_path_factory) -> Resources:
    """Resources on the pack, with a cache that is empty at first."""
    opened = make_resources(open_dataset(Request((), (), dataset="pack", root=path), tmp_path_factory.mktemp("empty")))
    opened.images.cache = opened.dataset.cache
    return opened


@pytest.fixture
def no_weights(monkeypatch):
    def refused(options):
        raise DataError("the weights are nowhere; give a file.")

    monkeypatch.setattr(BACKBONES.get("tiny_clip"), "fingerprint", refused)


@pytest.mark.parametrize("method", ["asl", "trm_ml", "clip_zero_shot"])
def test_a_cell_has_the_same_key_mask_and_scores(resources, packed, method, tmp_path):
    options = {**QUICK, "epochs": 1}
    original, cell = (make_cell(bench, method, seed=1, holdout=20, **options) for bench in (resources, packed))
    assert cell == original
    assert str(packed.inputs(cell)[1]) == str(resources.inputs(original)[1])  # NaN is NaN
    scores = [run(cell, bench, tmp_path / name).logits for bench, name in ((resources, "a"), (packed, "b"))]
    assert scores[0].tobytes() == scores[1].tobytes()
    assert packed.first_mismatch(cell) is None
    assert packed.targets.class_names == resources.targets.class_names
    assert packed.targets.ids == resources.targets.ids


@pytest.fixture(scope="module")
def with_views(resources, make_resources, tmp_path_factory) -> Resources:
    """Resources on a pack that was exported after a cell on two views and two strong ones."""
    resources.images.prepare(make_cell(resources, "scpnet", feed="views", fed=VIEWS))
    path = tmp_path_factory.mktemp("views") / "pack.tar"
    written = tiny_pack(resources, path, views=True).views
    assert min(written["weak"], written["strong"]) >= VIEWS["count"]  # other tests may have made more
    opened = make_resources(open_dataset(Request((), (), dataset="pack", root=path), tmp_path_factory.mktemp("none")))
    opened.images.cache = opened.dataset.cache
    return opened


@pytest.mark.parametrize("method", ["asl", "scpnet"])
def test_a_cell_on_views_has_the_same_key_and_scores(resources, with_views, method, tmp_path):
    options = {**QUICK, "epochs": 1, "feed": "views", "fed": VIEWS if method == "scpnet" else {**VIEWS, "strong": ""}}
    original, cell = (make_cell(bench, method, seed=1, **options) for bench in (resources, with_views))
    assert cell == original
    scores = [run(cell, bench, tmp_path / name).logits for bench, name in ((resources, "a"), (with_views, "b"))]
    assert scores[0].tobytes() == scores[1].tobytes()


def test_more_views_than_a_pack_holds_are_one_sentence(with_views):
    with pytest.raises(UsageError, match=r"--views 99 with weak needs 99 views, and .* holds \d of them"):
        make_cell(with_views, "asl", feed="views", fed={**VIEWS, "count": 99})
    assert examine_pack(with_views.dataset, lambda *progress: None).fine


def test_features_lie_under_a_key_of_their_own(resources, packed):
    """A stranger's features are never taken for those that were encoded here."""
    for part in ("train", "test"):
        packed.images.features(make_cell(packed, "asl"), part)
    own = {entry.key for entry in entries(resources.cache)}
    theirs = entries(packed.cache)
    assert len(theirs) == 2
    assert own.isdisjoint(entry.key for entry in theirs)
    assert not (packed.cache / "scenes").exists()  # nothing was drawn


def test_rows_say_which_pack(packed):
    assert packed.dataset.facts["pack"]["by"] == "a test"
    assert packed.dataset.facts["pack"]["sha256"] == packed.dataset.bundle.digest
    assert packed.dataset.facts["train_images"] == 120


def test_without_the_weights_methods_without_text_run(path, no_weights, tmp_path, make_resources):
    request = Request(("asl", "trm_ml"), (50,), dataset="pack", root=path, overrides={"asl": {"epochs": 1}})
    dataset = open_dataset(request, tmp_path)
    able, unable = plan(request, dataset)
    assert unable.cell is None
    assert unable.skipped.startswith("needs the text tower of tiny_clip, which is not at hand: the weights are nowhere")
    sentence = text_sentence(dataset, unable.skipped)
    assert sentence.startswith("the text tower of tiny_clip is not at hand (the weights are nowhere; give a file)")
    assert "(mend that to run them)" in sentence
    assert "(asl, " in sentence
    bench = make_resources(dataset)
    bench.images.cache = tmp_path
    assert run(able.cell, bench, tmp_path / "cell").logits.shape == (60, 20)
    with pytest.raises(DataError, match="tiny_clip is not at hand: the weights are nowhere"):
        _ = bench.images.backbone(able.cell.backbone).text


def test_other_weights_are_not_taken_for_the_packs(path, monkeypatch, tmp_path):
    monkeypatch.setattr(BACKBONES.get("tiny_clip"), "fingerprint", lambda options: "f" * 64)
    request = Request(("trm_ml",), (50,), dataset="pack", root=path)
    [place] = plan(request, open_dataset(request, tmp_path))
    assert "the weights here are others than those of the pack" in place.skipped


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"backbone": "RN101"}, "holds features of tiny_clip; leave --backbone RN101 out"),
        (
            {"feed": "views", "overrides": {"views": {"augment": "flip"}}},
            "--views 2 with flip needs 2 views, and .* holds 0 of them; ask its maker",
        ),
        ({"feed": "live"}, "--live reads images"),
        ({"dataset": "coco", "backbone": "tiny_clip"}, "is a feature pack of scenes; give --dataset pack"),
        ({"dataset": "scenes", "overrides": {"scenes": {"n_train": "7"}}}, "was made with scenes.n_train=120; leave"),
    ],
)
def test_what_a_pack_cannot_do_is_one_sentence(path, words, message, tmp_path):
    request = Request(("asl",), (50,), **{"dataset": "pack", "root": path, **words})
    with pytest.raises(UsageError, match=message):
        plan(request, open_dataset(request, tmp_path))


def test_images_of_a_pack_are_one_sentence(packed):
    assert len(packed.dataset.test.images) == 60
    with pytest.raises(DataError, match="holds no images; give the folder"):
        _ = packed.dataset.test.images[0]


def test_a_blind_search_sees_no_test_split_of_a_pack(path, tmp_path, resources):
    from bench.data.blind import NoTestSplitError, blind

    dataset = blind(Pack(None, path, tmp_path))
    assert dataset.component == resources.dataset.component
    with pytest.raises(NoTestSplitError):
        _ = dataset.test
