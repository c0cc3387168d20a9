"""By which labels held-out images are judged, where a request leaves it open."""

import dataclasses

import pytest

from bench.api.request import request_of
from bench.errors import UsageError
from bench.planning.judged import resolved_judged


@pytest.mark.parametrize(
    ("words", "unknown", "judged"),
    [
        ({}, False, "full"),
        ({}, True, "observed"),
        ({"protocol": "native"}, True, "full"),  # it hides nothing: both are the same labels
        ({"protocol": "single_positive"}, False, "full"),
        ({"holdout_labels": "observed"}, False, "observed"),
        ({"holdout_labels": "full"}, True, "full"),
    ],
)
def test_auto_is_what_a_user_of_the_data_has(words, unknown, judged):
    request = request_of("asl", "0.1", "0", **{"holdout": 20, "protocol": "partial", **words})
    assert resolved_judged(request, unknown) == judged


@pytest.mark.parametrize(("protocol", "unknown"), [("partial", True), ("single_positive", False)])
def test_where_nothing_is_held_out_all_labels_count_whatever_a_request_says(protocol, unknown):
    request = request_of("asl", "0.1", "0", holdout=20, protocol=protocol, holdout_labels="observed")
    assert resolved_judged(dataclasses.replace(request, holdout=0), unknown) == "full"


@pytest.mark.parametrize(("words", "unknown"), [({"holdout_labels": "observed"}, False), ({}, True)])
def test_labels_that_rank_nothing_are_refused(words, unknown):
    request = request_of("asl", "0.1", "0", holdout=20, protocol="single_positive", **words)
    with pytest.raises(UsageError, match=r"no negative is known, .* use --holdout-labels full"):
        resolved_judged(request, unknown)


def test_negatives_that_an_option_of_the_protocol_leaves_known_rank_something():
    with_negatives = {"role": {"negatives": 20}}
    request = request_of("asl", "0.1", "0", holdout=20, protocol="role", holdout_labels="observed")
    with pytest.raises(UsageError, match="no negative is known"):
        resolved_judged(request, False)
    assert resolved_judged(dataclasses.replace(request, overrides=with_negatives), False) == "observed"


def test_another_word_is_refused():
    with pytest.raises(UsageError, match="--holdout-labels 'clean' is not allowed; give auto, observed or full"):
        request_of("asl", "0.1", "0", holdout_labels="clean")


@pytest.mark.parametrize("labels", ["observed", "full"])
def test_labels_of_held_out_images_where_none_are_held_out_are_refused(labels):
    with pytest.raises(UsageError, match=f"leaves no image that --holdout-labels {labels} could judge"):
        request_of("asl", "0.1", "0", holdout_labels=labels)
