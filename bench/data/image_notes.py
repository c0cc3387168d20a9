"""Notes about the images of a part: how their files store colours, their sizes, and what an encoder makes of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from bench.data.examined import Examined
from bench.data.image_facts import STORED, ImageFacts
from bench.system.wording import counted, some

MOST_NAMED = 3


class EncoderInput(NamedTuple):
    """The square of `side` pixels to which a backbone squashes every image."""

    backbone: str
    side: int


def image_notes(images: Mapping[str, Examined], encoder: EncoderInput | None) -> Iterator[str]:
    """Sentences without their full stops; nothing has to be mended."""
    facts = {name: one.facts for name, one in images.items() if one.facts is not None}
    if not facts:
        return
    yield from _sizes(facts, encoder)
    for kind in (kind for kind in STORED if kind != "colour"):
        names = [name for name, one in facts.items() if one.stored == kind]
        if names:
            yield f"{_are(names)} {STORED[kind]}: {some(names)}"
    even = [name for name, one in facts.items() if one.hashes is None]
    if even:
        yield f"{_are(even)} of one even tone: {some(even)}"


def _sizes(facts: Mapping[str, ImageFacts], encoder: EncoderInput | None) -> Iterator[str]:
    """Also what `Backbone.resize` does with them: all are squashed to a square, bicubic, and nothing is cut off."""
    by_area = sorted(facts, key=lambda name: facts[name].width * facts[name].height)
    small, large = by_area[0], by_area[-1]
    same = {one[:2] for one in facts.values()} == {facts[small][:2]}
    sizes = f"{facts[small].size} ({small}) to {facts[large].size} ({large})"
    yield f"all are {facts[small].size} pixels" if same else f"sizes from {sizes} pixels"
    if encoder is None:
        return
    square = f"the {encoder.side} x {encoder.side} pixels of {encoder.backbone}"
    below = sorted((name for name in facts if facts[name].shorter < encoder.side), key=lambda n: facts[n].shorter)
    if below:
        verb = "has" if len(below) == 1 else "have"
        named = "" if same else f"; the smallest: {_named(facts, below)}"
        yield f"{counted(len(below), 'image')} {verb} a side below {square} and {_is(below)} enlarged (bicubic){named}"
    long = sorted((name for name in facts if facts[name].squash > 1), key=lambda n: -facts[n].squash)
    if long:
        named = "" if same else f"; the longest: {_named(facts, long)}"
        yield f"{_are(long)} not square and {_is(long)} squashed, not cropped, to {square}{named}"


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _are(names: Sequence[str]) -> str:
    return f"{counted(len(names), 'image')} {_is(names)}"


def _named(facts: Mapping[str, ImageFacts], names: Sequence[str]) -> str:
    """The first of them with their sizes."""
    return ", ".join(f"{name} ({facts[name].size})" for name in names[:MOST_NAMED])
