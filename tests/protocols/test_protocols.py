"""What every protocol must keep, whichever is registered: it is what it says of itself, for ever and everywhere."""

import functools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import masks
from helpers.elsewhere import facts, full_labels
from helpers.masks import named, opened
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.errors import BenchError, UsageError
from protocols import PROTOCOLS, UNNAMED, Images, Protocol, mask_facts

labels = arrays(np.int8, st.tuples(st.integers(1, 30), st.integers(1, 8)), elements=st.sampled_from([-1, 1]))
percents, seeds = st.integers(1, 100), st.integers(0, 50)
quick = settings(max_examples=40, deadline=None)


def those(**wanted: bool) -> pytest.MarkDecorator:
    """Once for every protocol that says so of itself."""
    names = [n for n in PROTOCOLS.names() if all(getattr(PROTOCOLS.get(n), fact) == v for fact, v in wanted.items())]
    return pytest.mark.parametrize("name", names)


everyone = those()


@pytest.fixture(scope="module")
def observe(tmp_path_factory):
    return functools.partial(masks.observe, tmp_path_factory.mktemp("files"))


def test_every_protocol_can_be_imported_and_says_where_it_comes_from():
    assert not PROTOCOLS.broken()
    assert all(PROTOCOLS.get(name).reference for name in PROTOCOLS.names())


@those(faithful=True)
@quick
@given(full=labels, percent=percents, seed=seeds)
def test_what_is_known_is_the_label_itself(observe, name, full, percent, seed):
    observed = observe(name, full, percent, seed)
    assert np.isin(observed[observed != full], 0).all()


@everyone
@quick
@given(full=labels, percent=percents, seed=seeds)
def test_the_full_labels_are_left_alone_and_not_shared(observe, name, full, percent, seed):
    before = full.copy()
    full.flags.writeable = False
    observed = observe(name, full, percent, seed)
    assert observed.shape == full.shape
    assert observed.dtype == np.int8
    assert np.isin(observed, (-1, 0, 1)).all()
    assert observed.flags.writeable
    observed[:] = 0
    assert np.array_equal(full, before)


@everyone
@quick
@given(full=labels, percent=percents, seed=seeds)
def test_asking_again_gives_the_same_whatever_was_drawn_in_between(observe, name, full, percent, seed):
    np.random.seed(0)
    first, left = observe(name, full, percent, seed), np.random.random()
    np.random.seed(percent)
    assert np.array_equal(observe(name, full, percent, seed), first)
    np.random.seed(0)
    assert np.random.random() == left, "the global generator was disturbed"


@those(has_percent=True, nested=True)
@quick
@given(full=labels, low=percents, high=percents, seed=seeds)
def test_a_nested_protocol_knows_the_same_and_more_at_a_larger_percent(observe, name, full, low, high, seed):
    few, many = (observe(name, full, p, seed) for p in sorted((low, high)))
    assert np.array_equal(many[few != 0], few[few != 0])


@those(blind=True)
@quick
@given(full=labels, percent=percents, seed=seeds)
def test_a_blind_protocol_does_not_look_at_the_labels(observe, name, full, percent, seed):
    """Which entries are known says nothing about what is there."""
    assert np.array_equal(observe(name, full, percent, seed) != 0, observe(name, -full, percent, seed) != 0)


@pytest.mark.parametrize("name", sorted({*PROTOCOLS.names()} - masks.OVER_ROWS_AS_THEY_STAND.keys()))
@quick
@given(full=labels, percent=percents, seed=seeds)
def test_leaving_out_images_without_a_label_changes_nothing_for_the_others(observe, name, full, percent, seed):
    """COCO's annotated images keep the mask that they have in the whole list."""
    kept = np.flatnonzero((full == 1).any(axis=1))
    protocol, whole = opened(name, full, percent, observe.args[0]), named(len(full))
    at = percent if protocol.has_percent else None
    part = Images(tuple(whole.ids[row] for row in kept), positions=kept, count=len(full))
    assert np.array_equal(protocol.observe(full[kept], at, seed, part), protocol.observe(full, at, seed, whole)[kept])


@those(has_percent=True)
@settings(max_examples=15, deadline=None)
@given(percent=percents, seed=seeds)
def test_the_share_that_is_known_is_the_percent(observe, name, percent, seed):
    """Within five standard deviations of a binomial: over all entries, or over images where those are known whole."""
    known = observe(name, full_labels(), percent, seed) != 0
    whole = (known.all(axis=1) | ~known.any(axis=1)).all()
    p, draws = percent / 100, len(known) if whole else known.size
    assert abs(known.mean() - p) <= 5 * np.sqrt(p * (1 - p) / draws) + 1e-9


@those(has_percent=True, faithful=True)
def test_one_hundred_percent_is_everything(observe, name):
    assert np.array_equal(observe(name, full_labels(), 100, 3), full_labels())


@those(negatives=False)
@quick
@given(full=labels, percent=percents, seed=seeds)
def test_a_protocol_of_positives_never_knows_a_negative(observe, name, full, percent, seed):
    assert not (observe(name, full, percent, seed) == -1).any()


@those(negatives=True)
def test_the_others_do_know_negatives(observe, name):
    assert (observe(name, full_labels(), 50, 0) == -1).any()


@those(faithful=False)
def test_a_protocol_that_says_it_is_wrong_is_wrong(observe, name):
    observed = observe(name, full_labels(), 50, 0)
    assert 0 < mask_facts(full_labels(), observed).known_wrong < 0.5
    assert (observed != full_labels())[observed != 0].any()


@those(seeded=True)
def test_another_seed_hides_other_labels(observe, name):
    assert len({observe(name, full_labels(), 10, seed).tobytes() for seed in range(4)}) == 4


@those(seeded=False)
def test_without_a_seed_all_seeds_are_one(observe, name):
    assert len({observe(name, full_labels(), 50, seed).tobytes() for seed in range(4)}) == 1


@those(by_name=True)
@quick
@given(full=labels, seed=seeds, shuffle=st.randoms(use_true_random=False))
def test_a_row_follows_its_images_name(name, full, seed, shuffle, tmp_path_factory):
    protocol, images = opened(name, full, 50, tmp_path_factory.mktemp("files")), named(len(full))
    order = list(range(len(full)))
    shuffle.shuffle(order)
    moved = type(images)(tuple(images.ids[i] for i in order))
    assert np.array_equal(
        protocol.observe(full[order], None, seed, moved), protocol.observe(full, None, seed, images)[order]
    )


@everyone
def test_a_wrong_percent_gives_one_sentence(name, tmp_path):
    protocol = opened(name, full_labels(), 50, tmp_path)
    for percent in (None, 0, 101, -5, 10.5) if protocol.has_percent else (10, 100):
        with pytest.raises(UsageError, match=rf"protocol '{name}' (needs a|cannot keep|takes no) ") as caught:
            protocol.observe(full_labels(), percent, 0, named(500))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [*masks.WITH_FILES])
def test_a_protocol_that_reads_files_asks_for_them(name):
    protocol = PROTOCOLS.get(name)
    for ask in (protocol.fingerprint, lambda options: protocol(options).observe(full_labels(), None, 0)):
        with pytest.raises(BenchError, match=rf"--set {name}\.|needs a percent"):
            ask(protocol.Options())


class Liar(Protocol):
    """Gives hidden labels away, negated."""

    name = "liar"
    has_percent = False

    def hide(self, labels, percent, seed, images):
        return -labels


def test_a_protocol_that_gives_another_value_is_stopped():
    with pytest.raises(AssertionError, match="not the label's"):
        Liar().observe(full_labels(), None, 0)


def test_a_protocol_that_shares_the_wrong_type_or_shape_is_stopped(monkeypatch):
    for wrong in (lambda self, labels, *rest: labels.astype(float), lambda self, labels, *rest: labels[1:]):
        monkeypatch.setattr(Liar, "hide", wrong)
        with pytest.raises(AssertionError, match="liar"):
            Liar().observe(full_labels(), None, 0, UNNAMED)


PINNED = {
    "dualcoop": ["f97d19ffb6588c87", "1e2163315b9fa6c6", "f97d19ffb6588c87"],
    "fixed_per_class": ["8401b687377a9dbe", "8401b687377a9dbe", "2814c0abba4a89b7"],
    "frequency_biased": ["b508ee2252746dd8", "6e56607552e48934", "71bf363016e845f1"],
    "full": ["1bbb1cc4789553cd", "1bbb1cc4789553cd", "1bbb1cc4789553cd"],
    "hcp": ["5daefb3be8ead2b4", "d8cd7ad42c1be565", "08953100b565b473"],
    "image_level": ["b6a318e6399aa696", "57dec614ac00b96f", "2049fbf710bfa0d8"],
    "label_list": ["3f107996582dede3", "3f107996582dede3", "3f107996582dede3"],
    "noisy_negatives": ["ce6aa043ef9d10f8", "7d433a7b4c6efb4e", "0309c1ce25f5cd99"],
    "partial": ["19bc3a21e56ec7f3", "e6c894d7774127a0", "731f637d3f6d0346"],
    "random_per_sample": ["bc6f8ee30afd010a", "7cc5d034747260da", "f15a20ed25461a29"],
    "role": ["d14b80895f413342", "d14b80895f413342", "d0116ed158949d9b"],
    "single_positive": ["0fd366b8cd7ce6cc", "0fd366b8cd7ce6cc", "faac3bf46a1602ab"],
}
"""The masks of every published number: changing one needs a new protocol version."""


@pytest.mark.parametrize("name", PINNED)
def test_masks_are_pinned(name, here):
    assert here[name] == PINNED[name]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    return masks.digests(tmp_path_factory.mktemp("here"))


def test_the_names_of_older_pins_give_the_same_masks(here):
    """The digests that results of earlier versions carry."""
    assert facts()["masks"] == {
        "partial 10 0": "19bc3a21e56ec7f3",
        "partial 10 1": "731f637d3f6d0346",
        "partial 90 0": "e6c894d7774127a0",
        "partial 90 1": "fa4b7c7890f5ba9e",
        "single_positive None 0": "0fd366b8cd7ce6cc",
        "single_positive None 1": "faac3bf46a1602ab",
        "full None 0": "1bbb1cc4789553cd",
        "full None 1": "1bbb1cc4789553cd",
    }


def test_another_process_with_another_hash_seed_draws_the_same(here, environment, tmp_path):
    script = Path(masks.__file__)
    told = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        env={**environment, "PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
    )
    assert json.loads(told.stdout) == here


def test_mask_facts_count_what_a_naive_loop_counts(observe):
    full = full_labels(40, 6)
    observed = observe("partial", full, 30, 0)
    observed[3] = 0
    observed[:, 2] = np.where(observed[:, 2] == 1, 0, observed[:, 2])
    known = {sign: [bool(o) for o, y in zip(observed.flat, full.flat, strict=True) if y == sign] for sign in (1, -1)}
    found = mask_facts(full, observed)
    assert found.known_positives == pytest.approx(sum(known[1]) / len(known[1]))
    assert found.known_negatives == pytest.approx(sum(known[-1]) / len(known[-1]))
    assert found.known == pytest.approx(np.count_nonzero(observed) / observed.size)
    assert found.known_wrong == 0
    assert found.images_without_labels == sum(not any(row) for row in observed)
    assert found.classes_without_positives == sum(1 not in column for column in observed.T)
    changed = observed.copy()
    changed[0, 0] += 1
    assert mask_facts(full, changed).sha256 != found.sha256
    changed = -observed
    assert mask_facts(full, changed).known_wrong == 1
    assert np.isnan(mask_facts(full, np.zeros_like(full)).known_wrong)
