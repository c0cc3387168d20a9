"""A tiny copy of CUB in its distributed layout, with the names of all its attributes."""

from pathlib import Path

from helpers.copy_files import Copy, lines, paint, write

COLOURS = [
    "blue",
    "brown",
    "iridescent",
    "purple",
    "rufous",
    "grey",
    "yellow",
    "olive",
    "green",
    "pink",
    "orange",
    "black",
    "white",
    "red",
    "buff",
]
PATTERNS = ["solid", "spotted", "striped", "multi-colored"]
GROUPS = (
    ("bill_shape", "curved_(up_or_down) dagger hooked needle hooked_seabird spatulate all-purpose cone specialized"),
    ("wing_color", COLOURS),
    ("upperparts_color", COLOURS),
    ("underparts_color", COLOURS),
    ("breast_pattern", PATTERNS),
    ("back_color", COLOURS),
    ("tail_shape", "forked_tail rounded_tail notched_tail fan-shaped_tail pointed_tail squared_tail"),
    ("upper_tail_color", COLOURS),
    ("head_pattern", "spotted malar crested masked unique_pattern eyebrow eyering plain eyeline striped capped"),
    ("breast_color", COLOURS),
    ("throat_color", COLOURS),
    ("eye_color", [colour for colour in COLOURS if colour != "iridescent"]),
    ("bill_length", "about_the_same_as_head longer_than_head shorter_than_head"),
    ("forehead_color", COLOURS),
    ("under_tail_color", COLOURS),
    ("nape_color", COLOURS),
    ("belly_color", COLOURS),
    ("wing_shape", "rounded-wings pointed-wings broad-wings tapered-wings long-wings"),
    (
        "size",
        "large_(16_-_32_in) small_(5_-_9_in) very_large_(32_-_72_in) medium_(9_-_16_in) very_small_(3_-_5_in)",
    ),
    (
        "shape",
        "upright-perching_water-like chicken-like-marsh long-legged-like duck-like owl-like gull-like hummingbird-like "
        "pigeon-like tree-clinging-like hawk-like sandpiper-like upland-ground-like swallow-like perching-like",
    ),
    ("back_pattern", PATTERNS),
    ("tail_pattern", PATTERNS),
    ("belly_pattern", PATTERNS),
    ("primary_color", COLOURS),
    ("leg_color", COLOURS),
    ("bill_color", COLOURS),
    ("crown_color", COLOURS),
    ("wing_pattern", PATTERNS),
)
ATTRIBUTES = tuple(
    f"has_{group}::{value}" for group, given in GROUPS for value in (given.split() if isinstance(given, str) else given)
)
"""The 312 lines of CUB's attributes.txt."""


def cub(root: Path) -> Copy:
    home = root / "CUB_200_2011"
    shown = {
        "001.Albatross/A_0046_18.jpg": [4, 311],
        "001.Albatross/A_0009_34.jpg": [0],
        "002.Finch/F_0001_1.jpg": [],
        "002.Finch/F_0002_2.jpg": [7, 8, 9],
    }
    train = ("001.Albatross/A_0009_34.jpg", "002.Finch/F_0002_2.jpg")
    write(home / "images.txt", lines([f"{i} {name}" for i, name in enumerate(shown, 1)]))
    write(home / "train_test_split.txt", lines([f"{i} {int(name in train)}" for i, name in enumerate(shown, 1)]))
    write(root / "attributes.txt", lines([f"{i} {name}" for i, name in enumerate(ATTRIBUTES, 1)]))
    rows = [
        f"{i} {c + 1} {int(c in indices)} {3 if c % 5 else 1} 2.5" + (" 0" if c == 100 else "")  # a field too many
        for i, indices in enumerate(shown.values(), 1)
        for c in range(312)
    ]
    write(home / "attributes" / "image_attribute_labels.txt", lines(rows))
    parts = {
        "train": {name: indices for name, indices in shown.items() if name in train},
        "test": {name: indices for name, indices in shown.items() if name not in train},
    }
    paint(home / "images", list(parts["train"]), first=0)
    paint(home / "images", list(parts["test"]), first=5)
    return Copy("cub", root, ATTRIBUTES, parts["train"], parts["test"], {"names": "raw"})
