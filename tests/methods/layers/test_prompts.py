"""Prompts: what stands where in them, and that running fewer tokens or more prompts at once changes nothing."""

import copy

import pytest
import torch
from helpers.toy_world import CONTEXT, DIM, NAMES, TEXT_WIDTH, ToyText, build_task
from torch.nn import functional as F

from bench.errors import UsageError
from bench.settings.conversion import build
from methods import METHODS
from methods.layers.prompts import PROMPT_TEMPLATES, PromptLearner, encode_together, template_features, template_list

WORDS = "a photo of a"


def learner(text: ToyText, n_ctx: int = 4, class_specific: bool = True, seed: int = 0, **options) -> PromptLearner:
    torch.manual_seed(seed)
    return PromptLearner(text, NAMES, n_ctx, class_specific, **options)


def test_contexts_at_the_words_of_a_sentence_give_that_sentence(text: ToyText) -> None:
    """Start token, contexts, name, full stop and end token all stand where the tokenizer puts them."""
    prompts = learner(text, init_words=WORDS)
    expected = text.encode([f"{WORDS} {name.replace('_', ' ')}." for name in NAMES])
    torch.testing.assert_close(prompts(), expected)


@pytest.mark.parametrize("class_specific", [True, False])
def test_shapes_and_sharing(text: ToyText, class_specific: bool) -> None:
    prompts = learner(text, n_ctx=6, class_specific=class_specific)
    assert prompts.contexts.shape == (5 if class_specific else 1, 6, TEXT_WIDTH)
    embedded, end = prompts.embedded()
    assert torch.equal(embedded[:, 1:7], prompts.contexts.expand(5, -1, -1))
    assert torch.equal(embedded[:, 0], text.tokens[1].expand(5, -1))
    assert torch.equal(embedded[torch.arange(5), end], text.tokens[2].expand(5, -1))
    assert end.tolist() == [9, 10, 9, 10, 9]  # names of one and of two words
    assert prompts().shape == (5, DIM)


def test_random_contexts_are_as_large_as_the_towers_words_and_differ_between_classes(text: ToyText) -> None:
    contexts = learner(text, n_ctx=16).contexts.detach()
    assert contexts.std().item() == pytest.approx(0.02, rel=0.1)  # CLIP's, and so the contract's default
    assert not torch.equal(contexts[0], contexts[1])
    text.word_std = 0.05
    torch.testing.assert_close(learner(text, n_ctx=16).contexts.detach(), contexts * 2.5)


PROMPTED = [name for name in METHODS.names() if METHODS.get(name).text and hasattr(METHODS.get(name).Config, "n_ctx")]


@pytest.mark.parametrize("name", PROMPTED)
def test_every_method_that_learns_contexts_can_start_them_from_words(name: str) -> None:
    method = METHODS.get(name)
    model = method(build(method.Config, {"n_ctx": 4, "ctx_init": WORDS}, owner=name), build_task(torch.zeros(1, 5)))
    learned = [module for module in model.modules() if isinstance(module, PromptLearner)]
    words = ToyText().embed(ToyText().tokenize([WORDS]).ids)[0, 1:5]
    assert learned
    assert all(torch.equal(each.contexts[0].data, words) for each in learned)


def test_cutting_prompts_to_the_longest_is_exact(text: ToyText) -> None:
    prompts = learner(text)
    embedded, end = prompts.embedded()
    assert embedded.shape[1] < CONTEXT
    noise = torch.randn(5, CONTEXT - embedded.shape[1], TEXT_WIDTH)
    torch.testing.assert_close(prompts(), text(torch.cat([embedded, noise], dim=1), end))


def test_together_is_separately_but_in_one_batch(text: ToyText) -> None:
    learners = [learner(text, n_ctx=n, class_specific=s, seed=n) for n, s in ((4, True), (9, False), (1, True))]
    separate = [prompts() for prompts in learners]
    text.runs = 0
    together = encode_together(text, learners)
    assert text.runs == 1
    for one, other in zip(together, separate, strict=True):
        torch.testing.assert_close(one, other)


def test_contexts_learn_and_the_tower_does_not(text: ToyText) -> None:
    prompts = learner(text)
    prompts().square().sum().backward()
    assert prompts.contexts.grad.abs().sum(dim=(1, 2)).min() > 0
    assert all(p.grad is None for p in text.parameters())


def test_the_tower_is_held_but_not_owned(text: ToyText) -> None:
    prompts = learner(text)
    assert set(prompts.state_dict()) == {"contexts"}
    assert [name for name, _ in prompts.named_parameters()] == ["contexts"]
    assert list(prompts.modules()) == [prompts]
    twin = copy.deepcopy(prompts)
    text.runs = 0
    twin()
    assert text.runs == 1


def test_too_many_contexts_name_the_class_that_does_not_fit(text: ToyText) -> None:
    learner(text, n_ctx=CONTEXT - 5)
    with pytest.raises(UsageError, match=r"'traffic_light' make 33 tokens.* takes 32"):
        learner(text, n_ctx=CONTEXT - 4)


def test_initial_words_must_be_as_many_as_the_contexts(text: ToyText) -> None:
    with pytest.raises(UsageError, match="are 4 tokens, not 16: set n_ctx=4"):
        learner(text, n_ctx=16, init_words=WORDS)


@pytest.mark.parametrize("templates", PROMPT_TEMPLATES.values(), ids=PROMPT_TEMPLATES)
def test_template_features_are_the_unit_mean_of_unit_features(text: ToyText, templates: tuple[str, ...]) -> None:
    features = template_features(text, NAMES, templates)
    for name, feature in zip(NAMES, features, strict=True):
        mean = sum(F.normalize(text.encode([t.replace("{}", name.replace("_", " "))])[0], dim=0) for t in templates)
        torch.testing.assert_close(feature, mean / mean.norm())
    assert not features.requires_grad


def test_every_template_takes_one_name_and_is_its_own() -> None:
    for templates in (*PROMPT_TEMPLATES.values(), template_list("imagenet")):
        assert len(set(templates)) == len(templates)
        assert all(template.count("{}") == 1 for template in templates)


def test_the_imagenet_templates_are_clips_eighty() -> None:
    templates = template_list("imagenet")
    assert len(templates) == 80
    assert "a bad photo of a {}." in templates
    assert template_list("photo") == PROMPT_TEMPLATES["photo"]
