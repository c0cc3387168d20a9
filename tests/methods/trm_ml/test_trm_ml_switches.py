"""Every part is a switch: off, its term, its state and its influence are gone."""

import dataclasses
import itertools
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
import torch
from helpers.toy_world import Data, build_task, total
from torch import Tensor

from bench.errors import UsageError
from bench.settings.conversion import build
from methods import Batch, MethodConfig, Task
from methods.trm_ml import TRMML, FirstTRMConfig, TRMConfig
from methods.trm_ml.ablation import FIRST_LADDER, LADDER, NO_QUERY_LEVEL, NO_REGIONS

OFF = LADDER["text-pixel baseline"]
SMALL = {"n_ctx": 2, "ffn": 8, "warmup": 0, "dropout": 0.0}


def make(task: Task, **settings: object) -> TRMML:
    torch.manual_seed(0)
    return TRMML(build(TRMConfig, SMALL | settings, "trm_ml"), task)


def step(model: TRMML, data: Data) -> dict[str, Tensor]:
    """The terms of one batch, with gradients, after an epoch that filled the memories."""
    features, labels = data
    batch = Batch(features, labels, torch.arange(len(labels)))
    model.train()
    for epoch in (0, 1):
        model.start_epoch(epoch)
        terms = model.loss(batch)
    model.zero_grad()
    total(terms).backward()
    return terms


@pytest.fixture
def partial(data: Data) -> "Partial":
    """Half of the labels known."""
    known = torch.rand(data[1].shape, generator=torch.Generator().manual_seed(0)) < 0.5
    observed = torch.where(known, data[1], 0)
    return build_task(observed), Data(data.features, observed)


Partial = tuple[Task, Data]


def test_all_parts_add_their_terms(partial: Partial) -> None:
    task, data = partial
    terms = step(make(task, kd="logits+text"), data)
    assert set(terms) == {
        "loss_match", "loss_kd", "loss_text", "loss_pseudo", "loss_contrast", "pseudo_share", "pseudo_positive_share",
    }  # fmt: skip
    assert all(value.isfinite() and value.ndim == 0 for value in terms.values())


@pytest.mark.parametrize(("settings", "term"), [
    ({"kd": "none"}, "loss_kd"),
    ({"kd": "logits"}, "loss_text"),
    ({"kd": "text"}, "loss_kd"),
    ({"contrast": False}, "loss_contrast"),
    ({"pseudo": False}, "loss_pseudo"),
])  # fmt: skip
def test_a_part_that_is_off_adds_no_term(partial: Partial, settings: dict, term: str) -> None:
    task, data = partial
    assert term in step(make(task, kd="logits+text"), data)
    assert term not in step(make(task, **settings), data)


@pytest.mark.parametrize(("settings", "prefix"), [
    (NO_REGIONS, "regions."),
    (NO_QUERY_LEVEL, "regions.layers."),
    ({"memory": "prototype"}, "prototypes.queue"),
    ({"pseudo": False, "contrast": False}, "prototypes."),
    ({"pseudo_score": "logit", "contrast_prototypes": False}, "prototypes."),
    ({"pseudo": False}, "thresholds."),
    ({"pseudo_rule": "fixed"}, "thresholds."),
    ({"contexts": "template"}, "texts.prompts."),
    ({"negative": "none"}, "texts.negative"),
    ({"mlp": "none"}, "regions.mlp."),
    ({"ffn": 0}, "regions.layers.0.feed_forward."),
    ({"query": "text"}, "regions.embedding"),
    ({"bias": "none"}, "matching.bias"),
])  # fmt: skip
def test_a_part_that_is_off_has_no_state(task: Task, settings: dict, prefix: str) -> None:
    assert any(name.startswith(prefix) for name in make(task, bias="class", memory="queue").state_dict())
    assert not any(name.startswith(prefix) for name in make(task, **settings).state_dict())


def test_the_baseline_is_text_pixel_matching_alone(partial: Partial) -> None:
    task, data = partial
    model = make(task, **OFF, negative="none")
    assert set(step(model, data)) == {"loss_match"}
    assert {name.rsplit(".", 1)[-1] for name, _ in model.named_parameters()} == {"contexts", "log_scale"}


def test_dual_prompts(partial: Partial) -> None:
    task, data = partial
    model = make(task, negative="prompt")
    step(model, data)
    assert len(model.texts.prompts) == 2
    assert all(learner.contexts.grad.abs().sum() > 0 for learner in model.texts.prompts)


@pytest.mark.parametrize("settings", [
    {}, {"kd": "none"}, {"contrast": False}, {"pseudo": False}, NO_QUERY_LEVEL, {"supervised": "region"},
    {"supervised": "query"}, {"supervised": "mean", "scored": "query"}, {"memory": "queue"}, {"kd": "features"},
    {"negative": "prompt"}, {"query": "embed"}, {"mlp": "both"}, {"bias": "class"}, OFF,
], ids=str)  # fmt: skip
def test_every_trained_parameter_gets_a_gradient(partial: Partial, settings: dict) -> None:
    task, data = partial
    model = make(task, **settings)
    step(model, data)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name


def test_a_fixed_scale(task: Task) -> None:
    model = make(task, learn_scale=False)
    assert not model.matching.log_scale.requires_grad
    assert model.matching.log_scale.exp().item() == pytest.approx(0.2 * task.logit_scale)


INHERITED = {field.name for field in dataclasses.fields(MethodConfig)}
CHOICES = [
    {name: value}
    for name, hint in get_type_hints(TRMConfig).items()
    if name not in INHERITED and (hint is bool or get_origin(hint) is Literal)
    for value in ((False, True) if hint is bool else get_args(hint))
]
"""Every value of every setting that has a few of them."""


@pytest.mark.parametrize("settings", [
    *CHOICES, *({"mlp": mlp, "mlp_residual": False} for mlp in ("text", "both")), OFF,
], ids=str)  # fmt: skip
def test_every_choice_trains_and_scores_in_half_precision(partial: Partial, settings: dict) -> None:
    task, data = partial
    if settings == {"regions": False}:
        settings = NO_REGIONS
    if settings == {"query_level": False}:
        settings = NO_QUERY_LEVEL
    model = make(task, **settings)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        terms = step(model, data)
        scores = model.score(data.features)
    assert all(value.dtype == torch.float32 and value.isfinite() for value in terms.values())
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.requires_grad)
    assert scores.dtype == torch.float32
    torch.testing.assert_close(scores, model.score(data.features), atol=0.3, rtol=0.1)


@pytest.mark.parametrize("part", ["kd", "contrast", "pseudo"])
def test_a_weight_of_zero_is_the_same_as_off(partial: Partial, part: str) -> None:
    task, data = partial
    weightless = make(task, **{f"{part}_weight": 0.0})
    off = make(task, **{part: "none" if part == "kd" else False})
    step(weightless, data)
    step(off, data)
    other = dict(off.named_parameters())
    for name, parameter in weightless.named_parameters():
        if parameter.requires_grad:
            torch.testing.assert_close(parameter.grad, other[name].grad, atol=1e-7, rtol=1e-4)


@pytest.mark.parametrize("switch", ["contrast_prototypes", "contrast_pseudo"])
def test_what_takes_part_in_the_contrast(partial: Partial, switch: str) -> None:
    task, data = partial
    off, on = (step(make(task, pseudo_precision=0.5, **{switch: value}), data) for value in (False, True))
    assert off["loss_contrast"] != on["loss_contrast"]
    assert off["loss_match"] == on["loss_match"]


@pytest.mark.parametrize(("ladder", "config"), [(LADDER, TRMConfig), (FIRST_LADDER, FirstTRMConfig)])
def test_the_ladder_only_switches_off_and_adds_one_part_a_step(ladder: dict, config: type) -> None:
    steps = list(ladder.values())
    assert steps[-1] == {}
    assert all(value in (False, "none", "learned", "logit") for step in steps for value in step.values())
    for step, following in itertools.pairwise(steps):
        assert following.items() < step.items()
        build(config, step, "trm_ml")


@pytest.mark.parametrize(("settings", "sentence"), [
    ({"regions": False}, "query_level=true needs regions=true"),
    ({"query_level": False}, "kd=logits with teacher=region needs query_level=true; set kd=none or kd=text"),
    ({"kd": "features", "teacher": "clip"}, "kd=features needs teacher=region"),
])  # fmt: skip
def test_what_does_not_go_together_is_refused(settings: dict, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        build(TRMConfig, settings, "trm_ml")


def test_every_setting_states_its_evidence() -> None:
    """[P]aper, [A]uthor's other code, [R]elatives or [U]nknown; inherited settings belong to the harness."""
    for field in dataclasses.fields(TRMConfig):
        if field.name not in INHERITED:
            assert any(
                f"[{grade}" in field.metadata["help"] or f"{grade}:" in field.metadata["help"] for grade in "PTARU"
            ), field.name
