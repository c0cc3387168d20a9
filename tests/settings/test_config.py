"""Settings as they are declared: bounds, help texts, and search ranges that are inherited with their settings."""

import dataclasses
from dataclasses import dataclass

import pytest

from bench.settings.config import choice, integer, log_float, search_ranges, setting, uniform
from methods import METHODS


def test_an_unknown_bound_is_a_defect_of_the_caller():
    with pytest.raises(TypeError, match="unknown bounds"):
        setting(1, "x", at_least=0)


@pytest.mark.parametrize("name", METHODS.names())
def test_every_field_of_a_method_says_what_it_is(name):
    assert all(f.metadata.get("help") for f in dataclasses.fields(METHODS.get(name).Config))


@pytest.mark.parametrize("search", [uniform(-1, 1), uniform(0, 2), choice(0.5, 3.0)])
def test_a_setting_refuses_a_range_beyond_its_bounds(search):
    with pytest.raises(ValueError, match="its bound"):
        setting(0.5, "a share", search=search, ge=0, le=1)


@dataclass(frozen=True, kw_only=True)
class Base:
    lr: float = setting(1e-3, "rate", gt=0, search=log_float(1e-4, 1e-1))
    decay: float = setting(0.0, "decay", ge=0, search=uniform(0, 1))
    plain: int = setting(1, "not searched")


@dataclass(frozen=True, kw_only=True)
class Heir(Base):
    lr: float = setting(5e-3, "another default", gt=0)
    decay: float = setting(0.0, "decay", ge=0, search=None)
    depth: int = setting(2, "layers", ge=1, search=integer(1, 4))


def test_a_range_is_inherited_with_its_setting_unless_said_otherwise():
    assert search_ranges(Base) == {"lr": log_float(1e-4, 1e-1), "decay": uniform(0, 1)}
    assert search_ranges(Heir) == {"lr": log_float(1e-4, 1e-1), "depth": integer(1, 4)}
