"""Every registered method has every property; a new one is tested by being registered."""

import pytest

from bench.conformance.methods import PROPERTIES
from bench.conformance.properties import Property
from methods import METHODS

pytestmark = pytest.mark.slow

SLOW = ("learns", "stays finite whatever is known")

ASKED = [
    pytest.param(name, known, id=f"{name}-{known.name}", marks=[pytest.mark.slow] if known.name in SLOW else [])
    for name in METHODS.names()
    for known in PROPERTIES
    if known.applies(METHODS.get(name))
]


def test_every_file_of_methods_can_be_imported() -> None:
    assert METHODS.broken() == {}
    assert {"asl", "clip_zero_shot", "dualcoop", "oracle"} <= set(METHODS.names())


@pytest.mark.parametrize(("name", "known"), ASKED)
def test_it_has_the_property(name: str, known: Property) -> None:
    known.check(METHODS.get(name))


def test_no_property_is_asked_of_nobody() -> None:
    requested = {param.values[1].name for param in ASKED}
    assert {known.name for known in PROPERTIES} - requested <= {"works on a GPU"}
    assert len({known.name for known in PROPERTIES}) == len(PROPERTIES)
