"""The twenty categories: how big they are, where they stand, which colours they come in."""

from dataclasses import dataclass

COLORS: dict[str, tuple[int, int, int]] = {
    "red": (196, 48, 44), "blue": (52, 88, 178), "green": (62, 136, 72), "yellow": (226, 190, 62),
    "white": (232, 230, 224), "black": (44, 44, 48), "gray": (134, 136, 140), "brown": (128, 84, 52),
    "orange": (218, 126, 50), "purple": (122, 74, 146), "pink": (222, 144, 164), "tan": (198, 166, 122),
}  # fmt: skip
"""Colour word -> RGB."""

_PAINT = ("red", "blue", "green", "yellow", "white", "black", "gray", "orange")
_CLOTHES = ("red", "blue", "green", "yellow", "white", "black", "purple", "pink", "orange", "gray")
_FUR = ("brown", "black", "white", "gray", "tan")


@dataclass(frozen=True)
class Category:
    """``size`` scales the object, ``aspect`` is width/height, ``repeats`` the chance of one more instance."""

    name: str
    size: float
    aspect: float
    repeats: float
    stands: str  # "ground", "sky", "water" or "perch" (a shelf, a table, a wall: any height)
    colors: tuple[str, ...]


CATEGORIES: tuple[Category, ...] = (
    Category("person", 1.00, 0.46, 0.40, "ground", _CLOTHES),
    Category("car", 0.86, 1.75, 0.35, "ground", _PAINT),
    Category("bus", 1.20, 1.65, 0.05, "ground", ("red", "blue", "yellow", "white", "green")),
    Category("truck", 1.15, 1.70, 0.10, "ground", _PAINT),
    Category("train", 1.25, 2.00, 0.02, "ground", ("red", "blue", "green", "yellow", "gray")),
    Category("airplane", 1.10, 2.00, 0.08, "sky", ("white", "gray", "red", "blue")),
    Category("boat", 1.05, 1.35, 0.30, "water", ("white", "red", "blue", "brown", "green")),
    Category("bicycle", 0.82, 1.45, 0.15, "ground", ("red", "blue", "black", "green", "yellow")),
    Category("dog", 0.66, 1.30, 0.12, "ground", _FUR),
    Category("cat", 0.58, 1.20, 0.12, "ground", ("orange", "black", "white", "gray", "tan")),
    Category("horse", 1.05, 1.25, 0.25, "ground", _FUR),
    Category("sheep", 0.72, 1.25, 0.60, "ground", ("white", "tan", "gray", "black")),
    Category("cow", 0.98, 1.35, 0.45, "ground", ("white", "brown", "black", "tan")),
    Category("bird", 0.50, 1.35, 0.35, "sky", ("black", "white", "blue", "red", "yellow", "brown")),
    Category("chair", 0.84, 0.70, 0.50, "ground", ("brown", "red", "black", "white", "blue", "tan")),
    Category("sofa", 1.08, 1.75, 0.03, "ground", ("red", "blue", "gray", "brown", "green", "purple")),
    Category("table", 1.02, 1.55, 0.04, "ground", ("brown", "tan", "white", "black")),
    Category("plant", 0.72, 0.80, 0.20, "perch", ("green",)),
    Category("tv", 0.72, 1.40, 0.04, "perch", ("black", "gray", "white")),
    Category("bottle", 0.50, 0.38, 0.35, "perch", ("green", "brown", "blue", "red", "white")),
)
"""Order fixes the label column."""

CLASS_NAMES: tuple[str, ...] = tuple(category.name for category in CATEGORIES)
INDEX: dict[str, int] = {name: column for column, name in enumerate(CLASS_NAMES)}
