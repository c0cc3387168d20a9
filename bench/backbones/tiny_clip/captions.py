"""Weak captions: they name a few of the things that are there, loosely, sometimes wrongly, sometimes not at all."""

from dataclasses import dataclass

import numpy as np

from bench.data.scenes.categories import CLASS_NAMES
from bench.data.scenes.compose import Scene
from bench.data.scenes.worlds import CONTEXTS, benchmark_world

SYNONYMS: dict[str, tuple[str, ...]] = {
    "person": ("man", "woman", "child", "pedestrian"), "car": ("automobile", "sedan", "taxi"),
    "bus": ("coach", "school bus"), "truck": ("lorry", "pickup"), "train": ("locomotive", "tram"),
    "airplane": ("plane", "jet", "aircraft"), "boat": ("ship", "sailboat", "ferry"),
    "bicycle": ("bike", "cycle"), "dog": ("puppy", "hound"), "cat": ("kitten", "kitty"),
    "horse": ("pony", "stallion"), "sheep": ("lamb", "ewe"), "cow": ("bull", "calf"),
    "bird": ("pigeon", "crow", "parrot"), "chair": ("seat", "stool"), "sofa": ("couch", "settee"),
    "table": ("desk", "dining table"), "plant": ("potted plant", "flower pot"),
    "tv": ("television", "screen", "monitor"), "bottle": ("flask", "wine bottle"),
}  # fmt: skip

HYPERNYMS: dict[str, tuple[str, ...]] = {
    "vehicle": ("car", "bus", "truck", "train", "airplane", "boat", "bicycle"),
    "animal": ("dog", "cat", "horse", "sheep", "cow", "bird"),
    "piece of furniture": ("chair", "sofa", "table"),
    "thing": ("plant", "tv", "bottle"),
    "someone": ("person",),
}
_KIND_OF = {name: kind for kind, names in HYPERNYMS.items() for name in names}

PLACES: dict[str, tuple[str, ...]] = {
    "street": ("on the street", "in the city", "downtown"), "living": ("in a living room", "at home", "indoors"),
    "dining": ("in a dining room", "in the kitchen", "indoors"), "park": ("in the park", "on the grass"),
    "field": ("in a field", "on a farm", "in the countryside"), "road": ("on the road", "along a highway"),
    "water": ("by the sea", "on the water", "at the lake"), "airport": ("at the airport", "on a runway"),
    "railway": ("at the station", "by the tracks"),
}  # fmt: skip

TEMPLATES = (
    "a photo of {}", "a picture of {}", "an image of {}", "{}", "{}", "there is {}", "look at {}", "we saw {}",
    "a drawing of {}", "a blurry photo of {}", "{} in the distance", "a nice shot of {}", "my {}", "scene with {}",
)  # fmt: skip

_NOTHING = ("a photo", "a view", "another picture from our trip", "what a day", "untitled", "an old snapshot")


SALIENCE: dict[str, float] = {
    "chair": 0.2, "table": 0.25, "bottle": 0.2, "plant": 0.2, "tv": 0.4, "bird": 0.5, "bicycle": 0.5, "truck": 0.6,
}  # fmt: skip
"""People write about people, animals and vehicles, and seldom about what stands around; 1 where not listed."""


@dataclass(frozen=True)
class Weakness:
    """How little the captions say. Shares are probabilities."""

    mentions: tuple[float, ...] = (0.62, 0.28, 0.10)  # P(1, 2, 3 categories named)
    nothing: float = 0.25  # no category at all
    wrong: float = 0.10  # a mention names another category of the same kind
    assumed: float = 0.40  # a mention names what such a place usually holds, there or not
    vague: float = 0.40  # a mention names only the kind ("an animal")
    synonym: float = 0.60
    color: float = 0.30
    place: float = 0.35


_PLURALS = {
    "man": "men", "woman": "women", "child": "children", "person": "people", "sheep": "sheep", "calf": "calves",
    "aircraft": "aircraft", "piece of furniture": "pieces of furniture",
}  # fmt: skip


def _one_of(words: tuple[str, ...], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]


def _plural(word: str) -> str:
    return _PLURALS.get(word) or word + ("es" if word.endswith(("s", "ch", "sh")) else "s")


def _usual(context: str, rng: np.random.Generator) -> str:
    """A category by how usual it is in the context."""
    weights = benchmark_world(0).weights[CONTEXTS.index(context)]
    return CLASS_NAMES[int(rng.choice(len(CLASS_NAMES), p=weights / weights.sum()))]


def _mention(scene: Scene, name: str, count: int, color: str, weakness: Weakness, rng: np.random.Generator) -> str:
    slip = rng.random()
    if slip < weakness.wrong:
        name = _one_of(HYPERNYMS[_KIND_OF[name]], rng)
    elif slip < weakness.wrong + weakness.assumed:
        name = _usual(scene.context, rng)
    if rng.random() < weakness.vague:
        word = _KIND_OF[name]
    else:
        word = _one_of(SYNONYMS[name], rng) if rng.random() < weakness.synonym else name
    if word == "someone":
        return word
    many = count > 1 and rng.random() < 0.7
    noun = _plural(word) if many else word
    if rng.random() < weakness.color:
        noun = f"{color} {noun}"
    return noun if many else f"{'an' if noun[0] in 'aeio' else 'a'} {noun}"


def caption(scene: Scene, weakness: Weakness, rng: np.random.Generator) -> str:
    """One caption for a scene; large and salient things are named more often."""
    place = _one_of(PLACES[scene.context], rng) if rng.random() < weakness.place else ""
    if rng.random() < weakness.nothing:
        return f"{_one_of(_NOTHING, rng)} {place}".strip()
    sizes: dict[int, float] = {}
    colors: dict[int, str] = {}
    counts: dict[int, int] = {}
    for placed in scene.objects:
        sizes[placed.category] = max(sizes.get(placed.category, 0.0), placed.half_w * placed.half_h)
        colors[placed.category] = placed.color
        counts[placed.category] = counts.get(placed.category, 0) + 1
    present = list(sizes)
    number = 1 + int(rng.choice(len(weakness.mentions), p=weakness.mentions))
    weights = np.array([np.sqrt(sizes[c]) * SALIENCE.get(CLASS_NAMES[c], 1.0) for c in present])
    named = rng.choice(len(present), min(number, len(present)), replace=False, p=weights / weights.sum())
    words = [_mention(scene, CLASS_NAMES[c], counts[c], colors[c], weakness, rng) for c in (present[i] for i in named)]
    return f"{_one_of(TEMPLATES, rng).format(' and '.join(words))} {place}".strip()
