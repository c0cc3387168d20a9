"""How the shipped miniature was pre-trained: on nothing of the benchmark, with weak captions."""

import csv

import numpy as np

from bench.backbones.tiny_clip.captions import HYPERNYMS, SYNONYMS, Weakness, caption
from bench.backbones.tiny_clip.corpus import Corpus
from bench.backbones.tiny_clip.model import (
    WEIGHTS,
)
from bench.backbones.tiny_clip.tokenizer import CONTEXT_LENGTH, tiny_tokenizer
from bench.data.scenes import CLASS_NAMES, seeds
from bench.data.scenes.source import Benchmark


def test_pretraining_shares_no_seed_and_no_picture_with_the_benchmark(monkeypatch) -> None:
    requests: list[int] = []
    real = seeds.seed_of
    monkeypatch.setattr(seeds, "seed_of", lambda *axes: requests.append(real(*axes)) or real(*axes))

    def drawn(sources) -> tuple[set[int], set[bytes]]:
        requests.clear()
        return {p for s in sources for p in (s.picture(i).tobytes() for i in range(12))}, set(requests)

    of_training = drawn([Corpus("trunk"), Corpus("align")])
    of_benchmark = drawn([Benchmark(world, split) for world in (0, 1, 7) for split in ("train", "test")])
    for one, other in zip(of_training, of_benchmark, strict=True):
        assert one
        assert other
        assert not one & other
    assert real("pretrain", "trunk", 0, "compose") != real("benchmark", 0, "train", 0, "compose")


def test_captions_are_weak_and_pure_in_their_generator() -> None:
    scenes = [Corpus("align").scene(i) for i in range(300)]
    result = [caption(scene, Weakness(), np.random.default_rng(i)) for i, scene in enumerate(scenes)]
    assert result == [caption(scene, Weakness(), np.random.default_rng(i)) for i, scene in enumerate(scenes)]
    words = {word for name in CLASS_NAMES for word in (name, *SYNONYMS[name])} | set(HYPERNYMS)
    silent = sum(not any(word in text for word in words) for text in result)
    assert 0 < silent < 150
    assert all(len(tiny_tokenizer().encode(text)) + 2 <= CONTEXT_LENGTH for text in result)


def test_the_curve_of_the_shipped_run_is_kept() -> None:
    with (WEIGHTS.parent / "curve.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert {row["stage"] for row in rows} == {"trunk", "align", "heads"}
