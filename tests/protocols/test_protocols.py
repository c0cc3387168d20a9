"""What every protocol must keep, whichever is registered: it is what it says of itself, for ever and everywhere."""

import functools

import numpy as np
import pytest
from helpers import masks
from helpers.elsewhere import full_labels
from helpers.masks import named, opened
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.errors import BenchError, UsageError
from protocols import PROTOCOLS, Images, mask_facts

pytestmark = pytest.mark.slow

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
@given(full=arrays(np.int8, (9, 4), elements=st.sampled_from([-1, 0, 1])), percent=percents, seed=seeds)
def test_what_the_data_does_not_tell_stays_unknown(observe, name, full, percent, seed):
    assert not observe(name, full, percent, seed)[full == 0].any()


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
