"""The parts that methods declare, in the designs of an ablation."""

import dataclasses

import pytest

from bench.errors import UsageError
from bench.planning.recipes import recipe_for
from bench.records.component import canonical_json
from bench.settings.config import setting
from bench.studies.ablation.designs import (
    BARE,
    DESIGNS,
    rungs,
)
from bench.studies.ablation.parts import overrides
from bench.studies.ablation.plan import plan_ablation
from methods import METHODS, Method, MethodConfig
from methods.parts import Part

pytestmark = pytest.mark.slow


TRM = METHODS.get("trm_ml")


def settings(**more: object) -> dict:
    return {**recipe_for(TRM, "auto", "tiny_clip"), **more}


@pytest.mark.parametrize("design", DESIGNS)
def test_trm_ml_has_its_study_of_each_design(design: str) -> None:
    study = plan_ablation(TRM, design, settings())
    assert not any(arm.refused for arm in study.arms)
    assert len(study.variants) == {"leave-one-out": 8, "add-one-in": 9, "factorial": 36, "ladder": 6}[design]
    assert all(variant.name.startswith("trm_ml: ") for variant in study.variants)


def test_the_designs_share_the_cells_that_they_share() -> None:
    """Without a part means the same settings in every design, so that no cell is run twice."""

    def keys(design: str) -> set[str]:
        arms = plan_ablation(TRM, design, settings()).arms
        return {canonical_json(dict(sorted(arm.overrides.items()))) for arm in arms}

    assert keys("leave-one-out") | keys("add-one-in") | keys("ladder") <= keys("factorial")


def test_the_declared_ladder_of_trm_ml_is_the_patents() -> None:
    names = [arm.name for arm in plan_ablation(TRM, "ladder", settings()).arms]
    assert names == [
        "text-pixel baseline", "+ region level", "+ query level", "+ distillation", "+ contrast with memory",
        "+ pseudo-labels",
    ]  # fmt: skip
    own = plan_ablation(TRM, "ladder", settings(), chosen=["pseudo-labels", "distillation"])
    assert [arm.name for arm in own.arms] == [BARE, "+ pseudo-labels", "+ distillation"]
    assert own.arms[0].overrides == {"kd": "none", "pseudo": False, "pseudo_score": "logit"}, (
        "parts that are not named stay on"
    )


def test_parts_are_found_by_loose_names_and_unknown_ones_refused() -> None:
    study = plan_ablation(TRM, "leave-one-out", settings(), chosen=["Pseudo Labels", "regions"])
    assert study.parts == ("pseudo-labels", "regions")
    with pytest.raises(UsageError, match="no part 'region'; did you mean 'regions'"):
        plan_ablation(TRM, "leave-one-out", settings(), chosen=["region"])


def test_a_part_that_is_off_already_is_left_out_or_refused() -> None:
    study = plan_ablation(TRM, "leave-one-out", settings(kd="none"))
    assert "distillation" not in study.parts
    assert "distillation (kd=none)" in study.notes[0]
    with pytest.raises(UsageError, match="'distillation' of trm_ml is off already"):
        plan_ablation(TRM, "leave-one-out", settings(kd="none"), chosen=["distillation"])
    ladder = plan_ablation(TRM, "ladder", settings(kd="none"))
    assert [arm.name for arm in ladder.arms][2:4] == ["+ query level", "+ contrast with memory"]
    assert ladder.arms[3].against == "+ query level"
    assert any("'+ distillation' changes nothing" in note for note in ladder.notes)


def test_a_method_without_parts_says_which_have_some() -> None:
    with pytest.raises(UsageError, match=r"'clip_zero_shot' declares no parts.*trm_ml"):
        plan_ablation(METHODS.get("clip_zero_shot"), "leave-one-out", {})
    with pytest.raises(UsageError, match=r"all parts of 'vision_only'.*are off already"):
        plan_ablation(METHODS.get("vision_only"), "leave-one-out", {"gamma_pos": 0, "gamma_neg": 0, "clip": 0})


def test_a_variant_that_the_method_refuses_is_kept_with_the_reason() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Picky(MethodConfig):
        one: bool = setting(True, "a part")
        other: bool = setting(True, "another")

        def __post_init__(self) -> None:
            if not (self.one or self.other):
                raise ValueError("at least one must stay")

    class Picking(Method):
        name = "picking"
        Config = Picky
        switches = {"one": Part({"one": False}), "other": Part({"other": False})}  # noqa: RUF012

    study = plan_ablation(Picking, "factorial", {})
    assert [arm.refused for arm in study.arms] == ["picking: at least one must stay", "", "", ""]
    assert len(study.variants) == 3


def test_a_study_survives_the_record() -> None:
    study = plan_ablation(TRM, "factorial", settings())
    data = study.to_json()
    assert canonical_json(data)
    assert [arm["name"] for arm in data["arms"]] == [arm.name for arm in study.arms]
    assert data["kind"] == "ablation"


def test_rungs_and_overrides_of_the_declared_ladder_agree_with_the_parts() -> None:
    """The first rung is what all parts off comes to, the one without pseudo-labels likewise."""
    first, *_, last_but_one, _ = rungs(TRM.ladder)
    assert first.overrides == overrides(TRM.switches, ())
    assert last_but_one.overrides == overrides(
        TRM.switches, ("regions", "query-level", "distillation", "contrast", "memory")
    )
