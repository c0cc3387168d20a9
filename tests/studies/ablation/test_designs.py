"""The designs of an ablation: pure functions from parts to variants, and what a method's study is made of."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import UsageError
from bench.settings.conversion import build, values
from bench.studies.ablation.designs import (
    FACTORIAL_LIMIT,
    WHOLE,
    Arm,
    add_one_in,
    build_ladder,
    factorial,
    leave_one_out,
)
from bench.studies.ablation.parts import supported, switched_on, with_needs
from methods import METHODS
from methods.parts import Part

pytestmark = pytest.mark.slow

TRM = METHODS.get("trm_ml")
TABLES = {"leave-one-out": leave_one_out, "add-one-in": add_one_in, "factorial": factorial, "ladder": build_ladder}


@st.composite
def some_parts(draw: st.DrawFn, most: int = 6) -> dict[str, Part]:
    """Parts of a made-up method; each has a switch and may need earlier ones. Off, it takes its dependents along."""
    names = [f"p{i}" for i in range(draw(st.integers(1, most)))]
    needs = {
        name: tuple(draw(st.lists(st.sampled_from(names[:i]), max_size=2, unique=True))) if i else ()
        for i, name in enumerate(names)
    }

    def dependents(name: str) -> set[str]:
        direct = {other for other in names if name in needs[other]}
        return direct.union(*map(dependents, direct))

    return {
        name: Part({f"use_{other}": False for other in (name, *sorted(dependents(name)))}, needs[name])
        for name in names
    }


def on_of(parts: dict[str, Part], arm: Arm) -> set[str]:
    """The parts that the arm's settings leave on, read from the settings alone."""
    return {name for name in parts if arm.overrides.get(f"use_{name}", True)}


@given(some_parts())
@pytest.mark.parametrize("design", TABLES)
def test_settings_do_what_the_arm_says(design: str, parts: dict[str, Part]) -> None:
    for arm in TABLES[design](parts):
        assert on_of(parts, arm) == set(arm.on)
        assert supported(parts, arm.on) == arm.on, "no part without what it needs"


@given(some_parts())
@pytest.mark.parametrize("design", TABLES)
def test_arms_are_named_apart_and_compared_with_one_that_is_there(design: str, parts: dict[str, Part]) -> None:
    arms = TABLES[design](parts)
    names = [arm.name for arm in arms]
    assert len(set(names)) == len(names)
    assert [arm.name for arm in arms if not arm.against] == [names[0]], "just one reference, and it stands first"
    assert all(arm.against in names[: names.index(arm.name)] for arm in arms[1:])


@given(some_parts())
def test_leaving_one_out_differs_in_one_part_and_what_needs_it(parts: dict[str, Part]) -> None:
    whole, *others = leave_one_out(parts)
    assert len(others) == len(parts)
    assert whole.overrides == {}
    assert [arm.changed[0] for arm in others] == list(parts)
    for part, arm in zip(parts, others, strict=True):
        assert set(whole.on) - set(arm.on) == set(arm.changed)
        assert all(part == gone or part in with_needs(parts, gone) for gone in arm.changed)


@given(some_parts())
def test_adding_one_in_differs_in_one_part_and_what_it_needs(parts: dict[str, Part]) -> None:
    bare, *others = add_one_in(parts)
    assert bare.on == ()
    for part, arm in zip(parts, others[: len(parts)], strict=True):
        assert set(arm.on) == set(with_needs(parts, part)) == set(arm.changed)
    assert [arm.name for arm in others[len(parts) :]] == ([WHOLE] if len(parts) > 1 else [])


@given(some_parts())
def test_a_factorial_has_every_combination_that_can_be_and_no_other(parts: dict[str, Part]) -> None:
    combinations = {frozenset(arm.on) for arm in factorial(parts)}
    everything = itertools.chain.from_iterable(itertools.combinations(parts, n) for n in range(len(parts) + 1))
    able = {frozenset(on) for on in everything if all(set(parts[name].needs) <= set(on) for name in on)}
    assert combinations == able
    assert len(factorial(parts)) == len(able)
    if not any(part.needs for part in parts.values()):
        assert len(able) == 2 ** len(parts)


@given(some_parts())
def test_a_ladder_adds_one_part_a_rung(parts: dict[str, Part]) -> None:
    steps = build_ladder(parts)
    assert [set(above.on) - set(below.on) for below, above in itertools.pairwise(steps)] == [{name} for name in parts]
    assert all(above.against == below.name for below, above in itertools.pairwise(steps))
    assert steps[-1].overrides == {}


def test_a_ladder_in_an_impossible_order_is_refused() -> None:
    parts = {"b": Part({"b": 0}, needs=("a",)), "a": Part({"a": 0, "b": 0})}
    with pytest.raises(UsageError, match="part 'b' needs 'a'; name that one before it"):
        build_ladder(parts)


def test_too_large_a_factorial_is_refused_at_once() -> None:
    parts = {f"p{i}": Part({f"p{i}": False}) for i in range(40)}
    with pytest.raises(UsageError, match=rf"2\^40 .* at most {FACTORIAL_LIMIT} are run.*--parts"):
        factorial(parts)
    chain = {f"p{i}": Part({f"p{i}": False}, needs=(f"p{i - 1}",) if i else ()) for i in range(10)}
    assert len(factorial(chain)) == 11, "what counts are the combinations that can be"


def test_what_is_on_is_read_from_complete_settings() -> None:
    assert switched_on(TRM.switches, values(TRM.Config())) == tuple(TRM.switches)
    off = values(build(TRM.Config, {"pseudo": False}, owner="trm_ml"))
    assert "pseudo-labels" not in switched_on(TRM.switches, off)
    assert "prototypes" not in switched_on(TRM.switches, off), "it does nothing without pseudo-labels"
