"""The shipped miniature: small, causal, loadable, and useful without training."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from bench.backbones.tiny_clip.judge import zero_shot
from bench.backbones.tiny_clip.model import (
    EMBED_DIM,
    WEIGHTS,
    build_tiny_clip,
    feature_map,
    load_tiny_clip,
    normalised,
    pooled_and_tokens,
    save_tiny_clip,
)
from bench.backbones.tiny_clip.tokenizer import CONTEXT_LENGTH, VOCABULARY, tiny_tokenizer
from bench.data.scenes import CLASS_NAMES
from bench.data.scenes.source import Benchmark


@pytest.fixture(scope="module")
def clip():
    return load_tiny_clip()


@pytest.fixture(scope="module")
def held():
    """Two hundred scenes that neither the benchmark nor the training uses, as images and labels."""
    source = Benchmark(0, "unit-test")
    images = normalised(np.stack([source.picture(i) for i in range(200)]))
    return images, np.stack([source.scene(i).labels() for i in range(200)])


def test_the_package_ships_at_most_ten_megabytes() -> None:
    assert sum(file.stat().st_size for file in WEIGHTS.parent.iterdir() if file.is_file()) <= 10_000_000


def test_weights_load_as_float32_in_eval_mode_without_gradients(clip) -> None:
    assert not clip.training
    assert all(p.dtype == torch.float32 and not p.requires_grad for p in clip.parameters())
    assert all(torch.isfinite(p).all() for p in clip.parameters())
    assert 1 < clip.logit_scale.exp() <= 100


def test_saving_and_loading_keeps_the_outputs(clip, tmp_path) -> None:
    save_tiny_clip(clip, tmp_path / "again.safetensors")
    again = load_tiny_clip(tmp_path / "again.safetensors")
    images = torch.randn(2, 3, 64, 64)
    assert torch.equal(clip.encode_image(images), again.encode_image(images))


def test_the_grid_is_eight_by_eight_and_the_pool_agrees_with_the_tokens(clip, held) -> None:
    visual = clip.visual
    maps = feature_map(visual, held[0][:4])
    assert maps.shape == (4, 512, 8, 8)
    assert visual.attnpool.positional_embedding.shape == (65, 512)
    pooled, tokens = pooled_and_tokens(visual.attnpool, maps)
    torch.testing.assert_close(pooled, clip.encode_image(held[0][:4]), atol=1e-5, rtol=1e-4)
    by_hand = visual.attnpool.c_proj(visual.attnpool.v_proj(maps.flatten(2).transpose(1, 2)))
    assert tokens.shape == (4, 64, EMBED_DIM)
    torch.testing.assert_close(tokens, by_hand)


def test_the_text_tower_is_causal(clip) -> None:
    text = tiny_tokenizer()(["a photo of a dog in the park"])
    other = text.clone()
    other[:, 5:8] = 77

    def states(tokens: torch.Tensor) -> torch.Tensor:
        x = clip.token_embedding(tokens) + clip.positional_embedding
        return clip.transformer(x, attn_mask=clip.attn_mask)

    one, two = states(text), states(other)
    torch.testing.assert_close(one[:, :5], two[:, :5], atol=1e-6, rtol=0)
    assert (one[:, 7] - two[:, 7]).abs().max() > 1e-3


def test_padding_does_not_change_a_text(clip) -> None:
    tokens = tiny_tokenizer()(["a photo of a cat"])
    length = int(tokens.argmax()) + 1
    x = clip.transformer(
        clip.token_embedding(tokens[:, :length]) + clip.positional_embedding[:length], clip.attn_mask[:length, :length]
    )
    short = clip.ln_final(x)[:, -1] @ clip.text_projection
    torch.testing.assert_close(short, clip.encode_text(tokens), atol=1e-5, rtol=1e-4)


def test_prompt_vectors_get_a_smooth_gradient(clip) -> None:
    tokens = tiny_tokenizer()(["a photo of a cat"])
    prompt = clip.token_embedding(tokens).detach().requires_grad_()
    state = clip.transformer(prompt + clip.positional_embedding, attn_mask=clip.attn_mask)
    text = F.normalize(clip.ln_final(state)[0, int(tokens.argmax())] @ clip.text_projection, dim=-1)
    (gradient,) = torch.autograd.grad(text[0], prompt)
    used = int(tokens.argmax()) + 1
    assert (gradient[0, :used].abs().amax(1) > 0).all()
    assert (gradient[0, used:] == 0).all()


def test_the_tokenizer_is_small_and_encodes_any_text() -> None:
    tokenizer = tiny_tokenizer()
    tokens = tokenizer(["a dog", "Schrödinger, 漢字 & 🐈!", "word " * 99])
    assert tokens.shape == (3, CONTEXT_LENGTH)
    assert int(tokens.max()) == VOCABULARY - 1 == tokenizer.eot_token_id
    assert (tokens.argmax(1) < CONTEXT_LENGTH).all()
    assert (tokens[:, 0] == tokenizer.sot_token_id).all()
    assert tokenizer.decode(tokenizer.encode("schrödinger 漢")).strip() == "schrödinger 漢"
    assert all(len(tokenizer.encode(name)) <= 4 for name in CLASS_NAMES)


def test_zero_shot_is_useful_and_places_carry_it(clip, held) -> None:
    levels = zero_shot(clip, feature_map(clip.visual, held[0]), held[1])
    chance = 100 * float((held[1] == 1).mean())
    assert levels["dense_softmax"] > 2 * chance
    assert levels["pooled"] > 2 * chance


def test_an_untrained_model_has_the_shipped_shapes(clip) -> None:
    fresh = build_tiny_clip()
    assert {k: v.shape for k, v in fresh.state_dict().items()} == {k: v.shape for k, v in clip.state_dict().items()}
