"""Overrides on the command line: NAME.OPTION=VALUE, each given once."""

import pytest

from bench.errors import UsageError
from bench.settings.overrides import parse_overrides


def test_overrides_are_split_by_owner():
    assert parse_overrides(["scenes.world=7", "scenes.n_train = 500", "asl.lr=1=2"]) == {
        "scenes": {"world": "7", "n_train": "500"},
        "asl": {"lr": "1=2"},
    }


@pytest.mark.parametrize("text", ["", "scenes", "scenes.world", "world=7", ".world=7", "scenes.=7", "="])
def test_a_malformed_override_shows_the_form(text):
    with pytest.raises(UsageError, match=r"write NAME\.OPTION=VALUE"):
        parse_overrides([text])


def test_setting_an_option_twice_is_refused():
    with pytest.raises(UsageError, match=r"scenes\.world is set twice"):
        parse_overrides(["scenes.world=1", "scenes.world=2"])
