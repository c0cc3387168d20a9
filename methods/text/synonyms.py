"""Search for classes in sentences: class names, their synonyms and their plurals."""

import re
from collections.abc import Sequence

from methods.layers.prompts import readable

SYNONYM_GROUPS: tuple[tuple[str, ...], ...] = (
    ("person", "man", "woman", "boy", "girl", "child", "kid", "baby", "lady", "guy", "human", "player", "rider"),
    ("bicycle", "bike", "cycle"),
    ("car", "automobile", "sedan", "taxi", "suv"),
    ("motorcycle", "motorbike", "motor bike", "scooter", "moped"),
    ("airplane", "aeroplane", "plane", "jet", "aircraft", "airliner"),
    ("bus", "coach", "minibus"),
    ("train", "locomotive", "tram"),
    ("truck", "lorry", "pickup"),
    ("boat", "ship", "sailboat", "ferry", "canoe", "kayak", "yacht"),
    ("traffic light", "stoplight", "traffic signal"),
    ("fire hydrant", "hydrant"),
    ("bird", "pigeon", "seagull", "parrot", "duck", "goose"),
    ("cat", "kitten", "kitty"),
    ("dog", "puppy", "hound", "doggy"),
    ("horse", "pony", "foal", "stallion"),
    ("sheep", "lamb", "ewe"),
    ("cow", "bull", "calf", "cattle", "ox"),
    ("backpack", "rucksack", "knapsack"),
    ("handbag", "purse"),
    ("tie", "necktie"),
    ("suitcase", "luggage"),
    ("frisbee", "flying disc"),
    ("skis", "ski"),
    ("sports ball", "ball", "soccer ball", "football", "basketball", "tennis ball", "baseball"),
    ("skateboard", "longboard"),
    ("tennis racket", "racket", "racquet"),
    ("wine glass", "wineglass", "goblet"),
    ("cup", "mug"),
    ("donut", "doughnut"),
    ("chair", "stool", "armchair", "seat"),
    ("couch", "sofa", "settee"),
    ("potted plant", "pottedplant", "plant", "houseplant", "flower pot"),
    ("dining table", "diningtable", "table", "desk"),
    ("tv", "tv monitor", "tvmonitor", "television", "screen", "monitor"),
    ("laptop", "notebook computer"),
    ("remote", "remote control"),
    ("cell phone", "phone", "mobile phone", "cellphone", "smartphone", "telephone"),
    ("oven", "stove"),
    ("refrigerator", "fridge"),
    ("hair drier", "hair dryer", "blow dryer"),
    ("teddy bear", "teddy", "stuffed bear"),
    ("bottle", "flask", "wine bottle"),
)
"""Groups of words for one thing; a class whose name is in a group answers to all of it."""

IRREGULAR_PLURALS: dict[str, str] = {
    "person": "people", "man": "men", "woman": "women", "child": "children", "mouse": "mice", "goose": "geese",
    "foot": "feet", "tooth": "teeth", "ox": "oxen",
}  # fmt: skip


def plurals(word: str) -> set[str]:
    """Forms that the plural of `word` may have in English; those that do not exist meet no sentence."""
    forms = {word + "s", IRREGULAR_PLURALS.get(word, word)}
    if word.endswith(("s", "x", "z", "ch", "sh", "o")):
        forms.add(word + "es")
    if word.endswith("y"):
        forms.add(word[:-1] + "ies")
    if word.endswith(("f", "fe")):
        forms.add(word.removesuffix("e").removesuffix("f") + "ves")
    return forms


def words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[a-z0-9]+", text.lower()))


class ClassFinder:
    """Finds classes in sentences; the longest name wins, so that "teddy bear" is no bear.

    A synonym that two classes would share belongs to neither; a class's own name is always its own.

    >>> sorted(ClassFinder(["cat", "dining_table"])("Two kittens under a table"))
    [0, 1]
    """

    def __init__(self, class_names: Sequence[str]):
        names = [" ".join(words(readable(name))) for name in class_names]
        self._classes: dict[tuple[str, ...], int] = {}
        owners: dict[str, set[int]] = {}
        for group in SYNONYM_GROUPS:
            members = {index for index, name in enumerate(names) if name in group}
            for synonym in group if members else ():
                owners.setdefault(synonym, set()).update(members)
        for synonym, members in owners.items():
            if len(members) == 1:
                self._add(synonym, next(iter(members)))
        for index, name in enumerate(names):
            self._add(name, index)
        self._longest = max(map(len, self._classes))

    def _add(self, phrase: str, index: int) -> None:
        *first, last = words(phrase)
        for form in {last, *plurals(last)}:
            self._classes[(*first, form)] = index

    def __call__(self, sentence: str) -> set[int]:
        """Indices of the classes that the sentence names."""
        classes, sequence, position = set(), words(sentence), 0
        while position < len(sequence):
            for length in range(min(self._longest, len(sequence) - position), 0, -1):
                index = self._classes.get(sequence[position : position + length])
                if index is not None:
                    classes.add(index)
                    break
            else:
                length = 1
            position += length
        return classes
