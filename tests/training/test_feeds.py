"""The feed of a cell: it decides the key, and options that do not go together are refused."""

import pytest
from helpers.trainings import make_cell

from bench.errors import UsageError
from bench.features.feeds import requested_feed
from bench.planning.plan import plan
from bench.planning.request import Request

pytestmark = pytest.mark.usefixtures("toys")


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
        requested_feed(*arguments)


def test_what_the_command_line_says_becomes_the_feed():
    assert requested_feed(0, False, None, {"asl": {"lr": "1"}}) == ("plain", {"asl": {"lr": "1"}})
    assert requested_feed(3, False, "tai", {}) == ("views", {"views": {"augment": "tai", "count": 3}})
    assert requested_feed(0, True, None, {"live": {"train": "last"}}) == ("live", {"live": {"train": "last"}})


@pytest.mark.parametrize(
    ("fed", "sentence"),
    [
        ({"augment": "wek"}, "no augmentation 'wek'; did you mean 'weak'"),
        ({"train": "some"}, r"live\.train = 'some' is not allowed"),
        ({"lr_mult": "0"}, "a finite number above 0"),
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
