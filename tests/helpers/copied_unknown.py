"""Tiny copies of datasets whose labels are unknown in places, in the layouts in which these are distributed."""

from pathlib import Path

from helpers.copy_files import Copy, lines, paint, write


def table(root: Path) -> Copy:
    """As people have it: blanks, a split column, a column that is no class."""
    classes = ("cat", "hot_dog", "bird")
    parts = {"train": {"a/1.jpg": [0], "a/2.jpg": [1], "a/3.jpg": [2]}, "test": {"b/1.jpg": [0, 1], "b/2.jpg": [2]}}
    rows = ["photo,part,cat,hot_dog,who,bird", "a/1.jpg,train,1,,anna,0", "a/2.jpg,train,0,1,anna,"]
    rows += ["a/3.jpg,train,,0,,1", "b/1.jpg,test,1,1,,0", "c.jpg,spare,1,1,,1", "b/2.jpg,test,0,0,,1"]
    write(root / "table.csv", lines(rows))
    for part, first in (("train", 0), ("test", 5)):
        paint(root, list(parts[part]), first=first)
    options = {"split": "part", "ignore": "who"}
    unknown = {"a/1.jpg": [1], "a/2.jpg": [2], "a/3.jpg": [0]}
    return Copy("table", root, classes, parts["train"], parts["test"], options, unknown)
