"""Live mode: what it shares with the cache, what it trains and what it leaves alone, and that it resumes exactly."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.toys import (
    Relabelled,
    assert_same_scores,
    assert_same_training,
    checkpoint,
    final_parameters,
    losses,
    make_cell,
    quiet,
    run,
    same_bits,
)

from bench.backbones.tiny_clip.model import load_tiny_clip
from bench.errors import DataError, UsageError
from bench.executors import Inline
from bench.executors.driver import run_cells
from bench.features import cached_features
from bench.features.feeds import asked_for
from bench.planning.plan import open_dataset, plan
from bench.planning.request import Request
from bench.records.rows import Row
from bench.records.store import Store
from bench.settings.config import build
from bench.training.live import LiveModel, TrainedParts
from bench.training.resources import Resources
from bench.training.weights import restored
from methods import METHODS, Features, Method
from protocols import PROTOCOLS
from protocols.splits import held_out

pytestmark = pytest.mark.usefixtures("toys")

SMALL = {"n_train": 24, "n_test": 12}
QUICK = {"epochs": 2, "batch_size": 12, "ema": 0.5, "schedule": "onecycle", "warmup": 1, "lr": 1e-3}


@pytest.fixture(scope="module")
def small(cache) -> Resources:
    """Resources on scenes so few that every step may encode them."""
    sweep = Request(methods=(), percents=(), overrides={"scenes": SMALL})
    return Resources(open_dataset(sweep, cache), torch.device("cpu"), cache, progress=quiet)


def live(resources: Resources, method: str = "toy_linear", fed: dict | None = None, **options):
    return make_cell(resources, method, feed="live", fed=fed, **{**QUICK, **options})


TRAINED = {"augment": "dualcoop", "train": "last", "lr_mult": 0.1}


@pytest.fixture(scope="module")
def straight_live(small, tmp_path_factory):
    """An uninterrupted training of three epochs for each share of the encoder that is trained."""
    known: dict[str, tuple] = {}

    def train(what: str) -> tuple:
        if what not in known:
            cell = live(small, fed={**TRAINED, "train": what}, epochs=3, holdout=20)
            folder = tmp_path_factory.mktemp(what)
            known[what] = cell, run(cell, small, folder), folder
        return known[what]

    return train


@pytest.mark.parametrize("what", ["none", "last"])
def test_the_kept_weights_give_the_scores_again(what, straight_live, small):
    """What is trained of an encoder is kept with the method; a frozen one is the backbone's, and is not."""
    cell, outcome, _ = straight_live(what)
    assert any(name.startswith("image_encoder.") for name in outcome.weights) == (what == "last")
    model = restored(cell, small.task(cell), outcome.weights, small.device, small.live(cell))
    images = torch.stack([small.backbone(cell.backbone).preprocess(image) for image in small.dataset.test.images])
    cached = small.features(cell, "test")
    features = Features(*(torch.from_numpy(np.array(part)).float() for part in (cached.dense, cached.pooled)))
    with torch.no_grad():
        logits = model.scorer()(features if what == "none" else images).float().numpy()
    np.testing.assert_array_equal(logits, outcome.logits)


def encoder_state(folder: Path) -> dict[str, torch.Tensor]:
    return {name: value for name, value in checkpoint(folder)["state_dict"].items() if "image_encoder" in name}


def test_without_augmentation_a_frozen_encoder_gives_the_caches_features(small, tmp_path, monkeypatch):
    """To the cache's half precision; and so the training is nearly the same."""
    seen: list[tuple[torch.Tensor, Features]] = []
    forward = Method.forward

    def spy(self, features, labels, rows, *rest, **more):
        seen.append((rows, Features(*features)))
        return forward(self, features, labels, rows, *rest, **more)

    monkeypatch.setattr(Method, "forward", spy)
    cell = live(small, "dualcoop")
    outcome = run(cell, small, tmp_path / "live")
    plain = make_cell(small, "dualcoop", **QUICK)
    cached = small.inputs(plain)[0].train
    for rows, features in seen:
        assert torch.allclose(features.pooled, torch.from_numpy(cached.pooled[rows]), atol=1e-5)
        assert torch.allclose(features.dense, torch.from_numpy(cached.dense[rows]).float(), atol=2e-3, rtol=2e-3)
        assert features.dense.dtype == torch.float32
        assert not features.dense.requires_grad
    expected = run(plain, small, tmp_path / "plain")
    assert outcome.logits == pytest.approx(expected.logits, abs=2e-2)
    assert outcome.trainable_parameters == expected.trainable_parameters
    for one, other in zip(losses(tmp_path / "live"), losses(tmp_path / "plain"), strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-2)
    assert not encoder_state(tmp_path / "live"), "frozen weights need no place in a checkpoint"


def test_each_image_has_another_view_in_each_epoch_whatever_the_batches(small, tmp_path):
    """And strong views beside them; two seeds see different ones."""

    def pixels(seed: int, epoch: int, batch_size: int) -> tuple[torch.Tensor, torch.Tensor]:
        cell = live(small, fed={"augment": "weak", "strong": "strong"}, seed=seed, batch_size=batch_size)
        from bench.training.cell import _training
        from bench.training.live import LiveBatches

        inputs = small.inputs(cell)[0]
        method = METHODS.get(cell.method.name)
        loader = _training(cell, build(method.Config, cell.method.options, owner="toy"), inputs, True)[
            "train_dataloader"
        ]
        assert isinstance(loader.dataset, LiveBatches)
        loader.sampler.set_epoch(epoch)
        loader.dataset.set_epoch(epoch)
        batches = list(loader)
        rows = torch.cat([b["rows"] for b in batches])
        assert sorted(rows.tolist()) == list(range(24))
        for batch in batches:
            assert torch.equal(batch["labels"], torch.from_numpy(inputs.observed)[batch["rows"]])
        back = rows.argsort()
        return torch.cat([b["images"] for b in batches])[back], torch.cat([b["strong"] for b in batches])[back]

    weak, strong = pixels(0, 0, 16)
    again, again_strong = pixels(0, 0, 7)
    assert torch.equal(weak, again)
    assert torch.equal(strong, again_strong)
    assert weak.shape == strong.shape == (24, 3, 64, 64)
    for other in (strong, pixels(0, 1, 16)[0], pixels(1, 0, 16)[0]):
        assert all(not torch.equal(a, b) for a, b in zip(weak, other, strict=True))


def test_a_method_gets_the_strong_view(small, tmp_path, monkeypatch):
    batches = []
    monkeypatch.setattr(
        Method, "loss", lambda self, batch: batches.append(batch) or {"loss": self.head.weight.sum() * 0}, raising=True
    )
    monkeypatch.delattr(METHODS.get("toy_linear"), "loss")
    for fed in ({"augment": "weak", "strong": "strong"}, {"augment": "weak"}):
        run(live(small, fed=fed, epochs=1), small, tmp_path / str(len(fed)))
    with_strong = [batch for batch in batches if batch.strong is not None]
    assert len(with_strong) == len(batches) / 2
    for batch in with_strong:
        assert batch.strong.dense.shape == batch.features.dense.shape
        assert not torch.equal(batch.strong.pooled, batch.features.pooled)


@pytest.mark.parametrize("train", ["none", "last", "all"])
def test_equal_cells_give_equal_bits(train, small, straight_live, tmp_path):
    cell, expected, folder = straight_live(train)
    torch.rand(17)
    assert_same_scores(run(cell, small, tmp_path).logits, expected.logits)
    assert_same_training(folder, tmp_path)


@pytest.mark.parametrize("epoch", [1, 2, 3])
@pytest.mark.parametrize("train", ["none", "last", "all"])
def test_cut_off_it_goes_on_to_the_same_bits(train, epoch, small, straight_live, tmp_path):
    """Encoder, its average, its optimiser state and the augmentation of the epochs to come."""

    class Killed(BaseException):
        pass

    def watch(now: int, record: dict) -> None:
        if now == epoch:
            raise Killed

    cell, expected, folder = straight_live(train)
    with pytest.raises(Killed):
        run(cell, small, tmp_path, watch)
    outcome = run(cell, small, tmp_path)
    assert_same_training(folder, tmp_path)
    assert_same_scores(outcome.logits, expected.logits)
    if epoch == 3:
        assert_same_scores(run(cell, small, tmp_path).logits, expected.logits)


@pytest.mark.parametrize("train", ["none", "last", "all"])
def test_what_is_frozen_never_changes_and_what_is_trained_does(train, small, tmp_path):
    """The backbone that other cells share, statistics of normalisation, and all that was not asked for."""
    backbone = small.backbone(live(small).backbone)
    before = copy.deepcopy(backbone.model.state_dict())
    run(live(small, "dualcoop", fed={**TRAINED, "train": train, "lr_mult": 1.0}), small, tmp_path)
    after = backbone.model.state_dict()
    assert all(same_bits(before[name], after[name]) for name in before), "cells share this model"
    assert not any(p.requires_grad for p in backbone.model.parameters())
    released = load_tiny_clip().state_dict()
    saved = {n.split("image_encoder.", 1)[1]: v for n, v in encoder_state(tmp_path).items()}
    inside = {"last": ("visual.layer4.", "visual.attnpool."), "all": ("visual.",), "none": ()}[train]
    names = {n for n in released if n.startswith(inside)} if inside else set()
    place = {n: n.replace("visual.", "", 1) if train == "last" else f"all.{n}" for n in names}
    assert set(saved) == set(place.values())
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    fixed = {n for n in names if n.endswith(statistics)}
    assert all(same_bits(saved[place[n]], released[n]) for n in fixed if "num_batches" not in n)
    unread = {n for n in names if "attnpool" in n and any(part in n for part in ("q_proj", "k_proj", "positional"))}
    moved = {n for n in names - fixed if not torch.equal(saved[place[n]], released[n])}
    assert moved == names - fixed - unread, "dualcoop reads tokens: queries, keys and positions get no gradient"


def test_test_images_are_scored_by_the_trained_and_averaged_encoder(small, tmp_path):
    """Built and scored by hand from the checkpoint."""
    cell = live(small, fed=TRAINED)
    outcome = run(cell, small, tmp_path)
    inputs, _ = small.inputs(cell)
    assert inputs.test is None
    method = {"type": "toy_linear", "config": build(METHODS.get("toy_linear").Config, cell.method.options, owner="t")}
    model = LiveModel({**method, "task": inputs.task}, inputs.live, dense=True)
    untrained = model.eval().state_dict()["image_encoder.attnpool.c_proj.weight"].clone()
    model.load_state_dict(checkpoint(tmp_path)["state_dict"])  # the average stands there
    assert not torch.equal(model.state_dict()["image_encoder.attnpool.c_proj.weight"], untrained)
    backbone = small.backbone(cell.backbone)
    images = torch.stack([backbone.preprocess(small.dataset.test.images[i]) for i in range(12)])
    with torch.no_grad():
        assert_same_scores(outcome.logits, model.eval().scorer()(images).numpy())


def test_the_encoders_rate_is_the_methods_times_lr_mult(small, tmp_path):
    run(live(small, fed={**TRAINED, "lr_mult": 0.25}, schedule="constant", lr=4e-4), small, tmp_path)
    groups = checkpoint(tmp_path)["optimizer"]["param_groups"]
    assert sorted({round(group["lr"], 9) for group in groups}) == [1e-4, 4e-4]
    quarter = sum(len(group["params"]) for group in groups if group["lr"] == pytest.approx(1e-4))
    [layer4, pool] = small.backbone(live(small).backbone).encoder.last_stage().values()
    assert quarter == len([*layer4.parameters(), *pool.parameters()])


def test_only_the_last_epoch_is_scored_unless_each_is_asked_for(small, tmp_path):
    curves, logits = {}, {}
    for evaluate in ("last", "each"):
        cell = live(small, fed={**TRAINED, "evaluate": evaluate}, epochs=3, holdout=20)
        logits[evaluate] = run(cell, small, tmp_path / evaluate).logits
        curves[evaluate] = losses(tmp_path / evaluate)
    assert [("mAP" in record) for record in curves["last"]] == [False, False, True]
    assert [("mAP" in record) for record in curves["each"]] == [True, True, True]
    assert curves["last"][-1] == curves["each"][-1]
    assert_same_scores(logits["last"], logits["each"])


@pytest.mark.parametrize("train", ["none", "last"])
@pytest.mark.parametrize("feed", ["live", "views"])
def test_hidden_labels_change_nothing(feed, train, small, tmp_path):
    """The leak proof, as in cached mode."""
    if feed == "views" and train == "last":
        pytest.skip("cached views are of a frozen encoder")
    full = small.dataset.train.labels
    hidden = PROTOCOLS.get("partial")().observe(full, 50, seed=0) == 0
    hidden[held_out(len(full), 20, seed=0)[1]] = True
    other = Resources(
        Relabelled(small.dataset, np.where(hidden, -full, full)), torch.device("cpu"), small.cache, progress=quiet
    )
    fed = {"augment": "tai"} | ({"train": train} if feed == "live" else {"count": 2})
    for world, name in ((small, "one"), (other, "other")):
        cell = make_cell(world, "asl", feed=feed, fed=fed, holdout=20, **QUICK)
        outcome = run(cell, world, tmp_path / name)
        assert all(record["loss"] > 0 for record in losses(tmp_path / name))
    assert_same_training(tmp_path / "one", tmp_path / "other")
    assert outcome.logits.shape == (12, 20)


def test_a_leak_in_live_batches_is_caught(small, tmp_path, monkeypatch):
    """The proof can fail: one hidden label let through."""
    full = small.dataset.train.labels
    hidden = PROTOCOLS.get("partial")().observe(full, 50, seed=0) == 0
    flipped = Relabelled(small.dataset, np.where(hidden, -full, full))
    from bench.training import live as module

    honest = module.LiveBatches.__init__

    def leaking(self, given, observed, seed):
        honest(self, given, observed, seed)
        column = int(np.flatnonzero(hidden[0])[0])
        self.labels[0, column] = int(Relabelled.newest.train.labels[0, column])

    monkeypatch.setattr(module.LiveBatches, "__init__", leaking)
    for labels, name in ((full, "one"), (flipped.train.labels, "other")):
        world = Resources(Relabelled(small.dataset, labels), torch.device("cpu"), small.cache, progress=quiet)
        run(make_cell(world, "asl", feed="live", **QUICK), world, tmp_path / name)
    with pytest.raises(AssertionError, match="these parameters differ"):
        assert_same_training(tmp_path / "one", tmp_path / "other")


@pytest.mark.parametrize("method", [name for name in METHODS.names() if METHODS.get(name).labels != "none"])
def test_every_method_trains_with_a_trainable_encoder(method, small, tmp_path):
    """None of them knows; none keeps a step's graph for the next one."""
    cell = live(small, method, fed={**TRAINED, "strong": "strong"}, epochs=1, batch_size=8)
    outcome = run(cell, small, tmp_path)
    assert np.isfinite(outcome.logits).all()
    assert all(np.isfinite(record["loss"]) for record in losses(tmp_path))


def test_gradients_reach_the_encoder_only_where_it_is_trained(small):
    encoder = small.backbone(live(small).backbone).encoder
    images = torch.randn(2, 3, 64, 64)
    for train, wanted in (("none", False), ("last", True), ("all", True)):
        parts = TrainedParts(encoder, train).train()
        assert parts(images).dense.requires_grad == wanted
        assert bool(list(parts.parameters())) == wanted
        assert not any(module.training for module in parts.modules())
        twin = copy.deepcopy(parts)
        assert (twin._held.encoder is parts._held.encoder) == (train == "none"), "averages copy what is trained"
        if wanted:
            for parameter in twin.parameters():
                parameter.data.zero_()
            assert not twin(images).pooled.any()
            assert parts(images).pooled.any()


def test_rows_say_that_the_encoder_was_trained(small, tmp_path):
    store = Store(tmp_path)
    cells = [live(small, fed=TRAINED, epochs=1), live(small, epochs=1)]
    run_cells(cells, store, Inline(small, store), _Silent())
    trained, frozen = (store.row(cell.key) for cell in cells)
    assert trained.flags == ("image encoder trained: last",)
    assert frozen.flags == ()
    assert trained.trainable_parameters > frozen.trainable_parameters
    assert Row.from_json(trained.to_json()).cell == cells[0]


class _Silent:
    def cell_started(self, cell): ...

    def epoch_ended(self, cell, epoch, epochs, record): ...

    def cell_ended(self, cell, ending, message):
        assert ending == "done", message


def test_an_image_that_cannot_be_read_is_reported_as_it_is(small, tmp_path, monkeypatch):
    class Broken(type(small.dataset.train.images)):
        def __getitem__(self, i):
            raise DataError("the image 7 is missing; complete the folder.")

    cell = live(small)
    small.inputs(cell)
    monkeypatch.setattr(small.dataset.train.images, "__class__", Broken)
    with pytest.raises(DataError, match="the image 7 is missing"):
        run(cell, small, tmp_path)


# --- cached views ---------------------------------------------------------------------------------------------------


def views(resources: Resources, method: str = "toy_linear", count: int = 3, seed: int = 0, **fed):
    given = {"augment": "tai", "count": count, **fed}
    return make_cell(resources, method, feed="views", fed=given, seed=seed, **QUICK)


def test_an_image_takes_one_of_its_cached_views_new_in_each_epoch_and_seed(small, tmp_path):
    from bench.training.batches import ViewBatches

    def features(seed: int, epoch: int) -> np.ndarray:
        inputs = small.inputs(views(small, seed=seed))[0]
        assert inputs.train is None
        batches = ViewBatches(inputs.views, inputs.strong_views, inputs.observed, seed)
        batches.set_epoch(epoch)
        rows = np.random.default_rng(0).permutation(24)
        batch = batches[rows]
        assert batch["strong"] is None
        assert torch.equal(batch["rows"], torch.from_numpy(rows))
        assert torch.equal(batch["labels"], torch.from_numpy(inputs.observed[rows]))
        cached = np.stack([view.pooled[rows] for view in inputs.views])
        same = (cached == batch["features"].pooled.numpy()).all(axis=2)
        assert (same.sum(axis=0) == 1).all(), "each image's features are those of one of its own views"
        chosen = same.argmax(axis=0)
        dense = np.stack([inputs.views[k].dense[row] for k, row in zip(chosen, rows, strict=True)])
        assert np.array_equal(batch["features"].dense.numpy(), dense.astype(np.float32))
        return chosen

    one = features(0, 0)
    assert np.array_equal(one, features(0, 0))
    assert set(one) == {0, 1, 2}
    assert not np.array_equal(one, features(0, 1))
    assert not np.array_equal(one, features(1, 0))


def test_views_are_encoded_once_for_all_seeds_and_are_not_the_plain_image(small, monkeypatch):
    inputs = small.inputs(views(small, strong="strong"))[0]
    plain = small.inputs(make_cell(small, "toy_linear"))[0].train
    every = [plain, *inputs.views, *inputs.strong_views]
    assert len(every) == 7
    pooled = np.stack([features.pooled for features in every])
    for i in range(len(every)):
        for j in range(i):
            assert (pooled[i] != pooled[j]).any(axis=1).mean() > 0.9

    def encoded_again(*args, **kwargs):
        raise AssertionError("these views were cached")

    fresh = Resources(small.dataset, small.device, small.cache, progress=quiet)
    monkeypatch.setattr(type(small.backbone(views(small).backbone)), "encode_images", encoded_again)
    again = fresh.inputs(views(fresh, seed=5, strong="strong"))[0]
    assert np.array_equal(again.views[1].pooled, inputs.views[1].pooled)


def test_a_cached_view_is_the_augmented_image_encoded(small):
    from bench.features.augmentation import AUGMENTATIONS
    from bench.system.seeding import numpy_stream
    from bench.training.live import augmented

    cell = views(small)
    backbone = small.backbone(cell.backbone)
    rng = numpy_stream("augment", "cached", "tai", 1, 6)
    image = augmented(small.dataset.train.images[6], AUGMENTATIONS.get("tai")(), rng, backbone.resize)
    expected = backbone.encode_images(backbone.preprocess(image)[None]).pooled[0].numpy()
    assert small.inputs(cell)[0].views[1].pooled[6] == pytest.approx(expected, abs=1e-5)


def test_views_train_the_same_bits_twice_and_resume(small, tmp_path):
    class Killed(BaseException):
        pass

    def watch(now: int, record: dict) -> None:
        if now == 2:
            raise Killed

    cell = views(small, strong="strong")
    expected = run(cell, small, tmp_path / "straight")
    with pytest.raises(Killed):
        run(cell, small, tmp_path / "resumed", watch)
    outcome = run(cell, small, tmp_path / "resumed")
    assert_same_training(tmp_path / "straight", tmp_path / "resumed")
    assert_same_scores(outcome.logits, expected.logits)
    run(make_cell(small, "toy_linear", **QUICK), small, tmp_path / "plain")
    assert not all(
        same_bits(a, b)
        for a, b in zip(
            final_parameters(tmp_path / "plain").values(), final_parameters(tmp_path / "straight").values(), strict=True
        )
    )


# --- the plan -------------------------------------------------------------------------------------------------------


def test_the_feed_decides_the_key_with_every_option(small):
    cells = [
        make_cell(small, "asl"),
        make_cell(small, "asl", feed="views", fed={"augment": "tai"}),
        make_cell(small, "asl", feed="views", fed={"augment": "tai", "count": 3}),
        make_cell(small, "asl", feed="views", fed={"augment": "weak"}),
        make_cell(small, "asl", feed="views", fed={"augment": "weak", "strong": "strong"}),
        make_cell(small, "asl", feed="live"),
        make_cell(small, "asl", feed="live", fed={"augment": "weak"}),
        make_cell(small, "asl", feed="live", fed={"train": "last"}),
        make_cell(small, "asl", feed="live", fed={"train": "last", "lr_mult": 0.1}),
    ]
    assert len({cell.key for cell in cells}) == len(cells)
    assert make_cell(small, "clip_zero_shot", feed="live") == make_cell(small, "clip_zero_shot")
    assert cells[4].feed.fingerprint == "weak v1, strong v1"


def test_a_new_version_of_an_augmentation_is_another_cell(small, monkeypatch):
    from bench.features.augmentation import AUGMENTATIONS

    before = make_cell(small, "asl", feed="live", fed={"augment": "tai"})
    monkeypatch.setattr(AUGMENTATIONS.get("tai"), "version", 2)
    assert make_cell(small, "asl", feed="live", fed={"augment": "tai"}).key != before.key


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((2, True, "tai", {}), "--views and --live were both given"),
        ((0, False, "tai", {}), "--augment tai needs --views K"),
        ((2, False, None, {}), "--views 2 needs --augment NAME"),
        ((0, True, "tai", {"live": {"augment": "weak"}}), "live.augment is set twice"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments, sentence):
    with pytest.raises(UsageError, match=sentence):
        asked_for(*arguments)


def test_what_the_command_line_says_becomes_the_feed():
    assert asked_for(0, False, None, {"asl": {"lr": "1"}}) == ("plain", {"asl": {"lr": "1"}})
    assert asked_for(3, False, "tai", {}) == ("views", {"views": {"augment": "tai", "count": 3}})
    assert asked_for(0, True, None, {"live": {"train": "last"}}) == ("live", {"live": {"train": "last"}})


@pytest.mark.parametrize(
    ("fed", "sentence"),
    [
        ({"augment": "wek"}, "no augmentation 'wek'; did you mean 'weak'"),
        ({"train": "some"}, r"live\.train = 'some' is not allowed"),
        ({"lr_mult": "0"}, "greater than 0"),
        ({"trane": "all"}, "live has no option 'trane'; did you mean 'train'"),
    ],
)
def test_wrong_options_are_refused_with_the_plan(fed, sentence, small):
    with pytest.raises(UsageError, match=sentence):
        make_cell(small, "asl", feed="live", fed=fed)


def test_options_of_a_feed_that_is_not_used_are_refused(small):
    sweep = Request(("asl",), (50,), overrides={"live": {"train": "last"}})
    with pytest.raises(UsageError, match="options for 'live' were given, but this run uses only"):
        plan(sweep, small.dataset)


def test_the_cache_is_asked_for_a_variant(small, tmp_path):
    """The agreed call: another variant is another entry, and `prepare` sees every image with its number."""
    heard = []

    def prepare(image, index):
        heard.append(index)
        return image.rotate(180)

    cell = make_cell(small, "asl")
    split, backbone = small.dataset.test, small.backbone(cell.backbone)
    upside = cached_features(
        part="test", split=split, dataset=cell.dataset, backbone=backbone, component=cell.backbone, cache=tmp_path,
        progress=lambda done, total: None, variant={"turned": 180}, prepare=prepare,
    )  # fmt: skip
    assert sorted(heard) == list(range(12))
    expected = backbone.encode_images(backbone.preprocess(split.images[4].rotate(180))[None]).pooled[0].numpy()
    assert upside.pooled[4] == pytest.approx(expected, abs=1e-5)
