"""The first reconstruction: what it was, as a configuration of today's code."""

import dataclasses

import torch
from helpers.toy_world import Data, build_task, fit, hide

from bench.planning.recipes import recipe_for
from bench.settings.conversion import build, values
from methods import METHODS
from methods.trm_ml import TRMML, FirstTRMConfig, FirstTRMML, TRMConfig

THEN = {
    "regions": True, "query_level": True, "supervised": "query", "scored": "query", "teacher": "clip",
    "kd": "logits", "memory": "prototype", "memory_level": "query", "contrast_text": "learned",
    "contrast_prototypes": False, "contrast_negative_weight": 1.0, "contrast_margin": -1.0, "pseudo_score": "prototype",
    "epochs": 40, "lr": 2e-4, "context_lr": 5.0, "n_ctx": 16, "ffn": 2048, "kd_weight": 1.0, "kd_temperature": 4.0,
    "contrast_weight": 0.1, "contrast_temperature": 0.2, "pseudo_precision": 0.8, "warmup": 5, "mlp": "region",
    "gamma_pos": 1.0, "gamma_neg": 2.0, "clip": 0.05, "negative": "free", "query": "text+embed",
}  # fmt: skip
"""Its defaults, and what of today's options says the same."""


def test_it_is_a_configuration_of_the_second() -> None:
    first = values(FirstTRMConfig())
    assert {name: first[name] for name in THEN} == THEN
    second = build(TRMConfig, first, "trm_ml")
    assert values(second) == first, "all of it can be said of the second one, too"
    assert not second.region_level, "nothing that the first one did not have is computed"
    assert METHODS.get("trm_ml_first") is FirstTRMML
    assert FirstTRMML.loss is TRMML.loss
    assert FirstTRMML.scorer is TRMML.scorer


def test_the_second_differs_where_the_patent_speaks() -> None:
    first, second = values(FirstTRMConfig()), values(TRMConfig())
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {"scored", "teacher", "contrast_prototypes"}


def test_its_recipe_on_the_embedded_data_is_what_trm_mls_was() -> None:
    assert recipe_for(FirstTRMML, "embedded", "tiny_clip") == {
        "n_ctx": 4, "ffn": 0, "kd_weight": 0.042, "contrast_weight": 0.0545, "contrast_prototypes": False,
        "contrast_pseudo": False, "pseudo_weight": 0.3, "pseudo_precision": 0.95, "pseudo_miss": 0.05, "gamma_pos": 0.0,
        "gamma_neg": 1.0, "lr": 1.16e-3, "weight_decay": 0.408, "warmup": 2, "momentum": 0.99, "epochs": 10,
    }  # fmt: skip


def test_both_names_train_to_the_same_bits(data: Data) -> None:
    observed = hide(data.labels)
    states = []
    for method in (FirstTRMML, TRMML):
        torch.manual_seed(0)
        config = dataclasses.replace(FirstTRMConfig(), n_ctx=2, ffn=8, warmup=1)
        model = method(build(method.Config, values(config), "trm_ml"), build_task(observed))
        states.append(fit(model, Data(data.features, observed), 3).state_dict())
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(value.nan_to_num(), states[1][name].nan_to_num()) for name, value in states[0].items())
