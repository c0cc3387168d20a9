"""The text tower in chunks: equal features and gradients, and memory that does not grow with the prompts."""

import pytest
import torch
from torch import Tensor

from bench.backbones import chunks
from bench.backbones.embedded import TinyCLIP

PROMPTS, LENGTH = 24, 12


@pytest.fixture(scope="module")
def text():
    return TinyCLIP(TinyCLIP.Options()).text


def run(text, embedded: Tensor) -> tuple[Tensor, Tensor, int]:
    """Features, gradient of the embedded prompts, and bytes that the graph keeps between the two passes."""
    embedded = embedded.clone().requires_grad_()
    end = torch.arange(len(embedded)) % 4 + LENGTH - 4
    own = {parameter.untyped_storage().data_ptr() for parameter in text.parameters()}
    kept: dict[int, int] = {}

    def note(value: Tensor) -> Tensor:
        kept[value.untyped_storage().data_ptr()] = value.untyped_storage().nbytes()
        return value

    with torch.autograd.graph.saved_tensors_hooks(note, lambda value: value):
        features = text(embedded, end)
    features.square().sum().backward()
    return features.detach(), embedded.grad, sum(size for where, size in kept.items() if where not in own)


@pytest.fixture
def prompts(text) -> Tensor:
    return torch.randn(PROMPTS, LENGTH, text.width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("room", [1, 3, 16])
def test_chunks_give_equal_features_and_gradients(text, prompts, monkeypatch, room) -> None:
    whole, gradient, _ = run(text, prompts)
    monkeypatch.setattr(chunks, "KEPT_BYTES", room * text.prompt_bytes(LENGTH))
    monkeypatch.setattr(chunks, "CHUNK_BYTES", room * text.prompt_bytes(LENGTH) // 8)
    features, again, _ = run(text, prompts)
    torch.testing.assert_close(features, whole, rtol=0, atol=1e-6 * float(whole.abs().max()))
    torch.testing.assert_close(again, gradient, rtol=0, atol=1e-6 * float(gradient.abs().max()))


def test_kept_activations_do_not_grow_with_the_prompts(text, prompts, monkeypatch) -> None:
    def kept(count: int) -> int:
        return run(text, prompts.repeat(4, 1, 1)[:count])[2]

    assert kept(48) > 1.9 * kept(24), "without chunks it grows"
    monkeypatch.setattr(chunks, "KEPT_BYTES", 16 * text.prompt_bytes(LENGTH))
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 2 * text.prompt_bytes(LENGTH))
    inputs = 96 * LENGTH * text.width * 4
    assert kept(96) < 1.1 * kept(24) + inputs
    assert kept(24) <= 16 * text.prompt_bytes(LENGTH) + inputs


def test_prompts_that_fit_go_through_in_one_pass(text, prompts, monkeypatch) -> None:
    passes = []
    monkeypatch.setattr(text, "_ended", lambda embedded, end: passes.append(len(embedded)) or embedded[:, 0])
    monkeypatch.setattr(chunks, "KEPT_BYTES", PROMPTS * text.prompt_bytes(LENGTH))
    text(prompts, torch.full((PROMPTS,), LENGTH - 1))
    assert passes == [PROMPTS]
