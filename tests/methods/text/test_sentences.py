"""Sentences in place of images: which classes they name, what is kept of a file, and their way through the tower."""

import itertools
from pathlib import Path

import pytest
import torch
from helpers.toy_world import NAMES, ToyText
from hypothesis import given
from hypothesis import strategies as st

import methods.text.sentences
from bench.errors import DataError
from methods.layers.prompts import PROMPT_TEMPLATES
from methods.text.sentences import SentenceBank, Sentences, caption_sentences, template_sentences
from methods.text.synonyms import SYNONYM_GROUPS, ClassFinder

COCO = (
    "person",
    "car",
    "bear",
    "teddy bear",
    "dining table",
    "couch",
    "potted plant",
    "knife",
    "bus",
    "sheep",
    "mouse",
)


@pytest.mark.parametrize(
    ("sentence", "named"),
    [
        ("A person in a car.", {"person", "car"}),
        ("Two women and their cars", {"person", "car"}),
        ("PEOPLE wait for the buses", {"person", "bus"}),
        ("a teddy bear", {"teddy bear"}),
        ("teddy bears beside bears", {"teddy bear", "bear"}),
        ("a sofa, a desk and two knives", {"couch", "dining table", "knife"}),
        ("a flock of sheep and one lamb", {"sheep"}),
        ("three mice", {"mouse"}),
        ("a plant in the carpet store", {"potted plant"}),
        ("an unbearable scarf", set()),
        ("", set()),
    ],
)
def test_words_name_classes(sentence: str, named: set[str]) -> None:
    assert {COCO[c] for c in ClassFinder(COCO)(sentence)} == named


def test_a_synonym_of_two_classes_names_neither_and_an_own_name_its_class() -> None:
    find = ClassFinder(("tv", "screen", "dog"))
    assert find("a television") == set()
    assert find("a tv") == {0}
    assert find("a screen") == {1}
    assert find("puppies") == {2}


def test_no_word_stands_in_two_groups() -> None:
    everything = list(itertools.chain(*SYNONYM_GROUPS))
    assert len(everything) == len(set(everything))


@given(st.sets(st.sampled_from(COCO)), st.randoms(use_true_random=False))
def test_every_class_that_is_listed_is_found_in_any_order(named: set[str], random) -> None:
    listed = sorted(named)
    random.shuffle(listed)
    assert ClassFinder(COCO)("; a ".join(listed)) == {COCO.index(name) for name in named}


def test_templates_are_filled_with_every_name_and_every_pair() -> None:
    templates = PROMPT_TEMPLATES["ensemble"]
    single = template_sentences(NAMES, templates, pairs=False)
    assert len(single.texts) == len(set(single.texts)) == 5 * len(templates)
    assert ((single.labels == 1).sum(dim=1) == 1).all()
    assert "a photo of a traffic light." in single.texts
    both = template_sentences(NAMES, templates, pairs=True)
    assert len(both.texts) == len(single.texts) + 10
    assert ((both.labels == 1).sum(dim=0) == len(templates) + 4).all()
    find = ClassFinder(NAMES)
    for sentence, labels in zip(both.texts, both.labels, strict=True):
        assert find(sentence) == set(torch.where(labels == 1)[0].tolist())


def test_the_order_of_classes_only_permutes_the_labels() -> None:
    order = [3, 0, 4, 1, 2]
    one = template_sentences(NAMES, PROMPT_TEMPLATES["ensemble"], pairs=True)
    other = template_sentences([NAMES[c] for c in order], PROMPT_TEMPLATES["ensemble"], pairs=True)
    assert one.texts == other.texts
    assert torch.equal(one.labels[:, order], other.labels)


class ShortText(ToyText):
    """Refuses what does not fit, as real towers do."""

    def tokenize(self, texts):
        for text in texts:
            if len(text.split()) > 8:
                raise DataError(f"the prompt {text!r} is too long")
        return super().tokenize(texts)


def test_captions_that_name_a_class_and_fit_are_kept_in_order(tmp_path: Path) -> None:
    file = tmp_path / "captions.txt"
    file.write_text("a Dog and a cat\n\nnothing here\n" + "word " * 9 + "cat\nblue skies\n")
    sentences = caption_sentences(file, NAMES, ShortText())
    assert sentences.texts == ("a Dog and a cat", "blue skies")
    assert sentences.labels.tolist() == [[1, -1, 1, -1, -1], [-1, -1, -1, -1, 1]]


@pytest.mark.parametrize("content", [b"", b"a walk outside\n", b"\xff\xfe\x00cat"])
def test_a_file_without_captions_of_the_classes_gives_one_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "captions.txt"
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"captions.* a line"):
        caption_sentences(file, NAMES, ToyText())
    with pytest.raises(DataError, match="cannot be read"):
        caption_sentences(tmp_path / "missing.txt", NAMES, ToyText())


@pytest.fixture
def sentences() -> Sentences:
    return template_sentences(NAMES, PROMPT_TEMPLATES["ensemble"], pairs=True)


def test_a_sentence_keeps_its_own_tokens_and_ends_at_its_end(text: ToyText, sentences: Sentences) -> None:
    rows = torch.tensor([0, 17, 40, 3])
    images = SentenceBank(sentences, text)(rows)
    for row, tokens, present, pooled in zip(rows.tolist(), images.tokens, images.present, images.pooled, strict=True):
        ids, end = text.tokenize([sentences.texts[row]])
        alone = text.sequence(text.embed(ids))[0]
        assert present.sum() == len(alone) == end[0] + 1
        torch.testing.assert_close(tokens[present], alone)
        torch.testing.assert_close(pooled, text.encode([sentences.texts[row]])[0])


def test_kept_features_are_those_made_anew(monkeypatch: pytest.MonkeyPatch, sentences: Sentences) -> None:
    kept = SentenceBank(sentences, ToyText())
    monkeypatch.setattr(methods.text.sentences, "CACHED", 0)
    anew = SentenceBank(sentences, ToyText())
    assert (kept.cached, anew.cached) == (True, False)
    rows = torch.tensor([5, 0, 44])
    for one, other in ((kept(rows), anew(rows)),):
        length = other.tokens.shape[1]
        assert torch.equal(one.present[:, :length], other.present)
        torch.testing.assert_close(one.tokens[:, :length][other.present], other.tokens[other.present])
        torch.testing.assert_close(one.pooled, other.pooled)


def test_the_bank_is_no_part_of_a_state_and_brings_no_gradient(text: ToyText, sentences: Sentences) -> None:
    bank = SentenceBank(sentences, text)
    assert not bank.state_dict()
    assert not list(bank.parameters())
    assert not bank(torch.tensor([1])).tokens.requires_grad
