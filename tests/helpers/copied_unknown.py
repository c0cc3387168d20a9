"""Tiny copies of datasets whose labels are unknown in places, in the layouts in which these are distributed."""

from pathlib import Path

from bench.data.chexpert import OBSERVATIONS
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


def openimages(root: Path) -> Copy:
    names = {"/m/01yrx": "Cat", "/m/0bt9lr": "Dog", "/m/0jbk": "Hot_dog"}
    write(
        root / "oidv6-class-descriptions.csv",
        lines(["LabelName,DisplayName", *(",".join(one) for one in names.items())]),
    )
    head = "ImageID,Source,LabelName,Confidence"
    train = ["0a,verification,/m/01yrx,1", "0a,verification,/m/0bt9lr,0", "0b,crowdsource-verification,/m/0bt9lr,1"]
    train += ["0b,verification,/m/0jbk,0", "0c,verification,/m/0jbk,1", "0c,verification,/m/01yrx,0"]
    test = ["9a,verification,/m/0bt9lr,1", "9a,verification,/m/0jbk,0", "9b,verification,/m/0jbk,1"]
    write(root / "oidv6-train-annotations-human-imagelabels.csv", lines([head, *train]))
    write(root / "test-annotations-human-imagelabels.csv", lines([head, *test, "9b,verification,/m/0bt9lr,0"]))
    parts = {"train": {"0a.jpg": [0], "0b.jpg": [1], "0c.jpg": [2]}, "test": {"9a.jpg": [1], "9b.jpg": [2]}}
    for part, first in (("train", 0), ("test", 5)):
        paint(root / part, list(parts[part]), first=first)
    unknown = {"0a.jpg": [2], "0b.jpg": [0], "0c.jpg": [1], "9a.jpg": [0], "9b.jpg": [0]}
    return Copy("openimages", root, tuple(names.values()), parts["train"], parts["test"], {}, unknown)


def lvis(root: Path) -> Copy:
    """Images of one part lie in two folders, as LVIS has it; categories are not in their ids' order."""
    categories = [{"id": 3, "name": "hot_dog"}, {"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    kinds = {"train": {"train2017/1.jpg": ([1], [2]), "train2017/2.jpg": ([3], [1])}}
    kinds["val"] = {"val2017/8.jpg": ([1, 2], [3]), "train2017/9.jpg": ([3], [2])}
    for part, images in kinds.items():
        annotations = [
            {"image_id": i, "category_id": category}
            for i, (present, _) in enumerate(images.values())
            for category in present
        ]
        write(
            root / f"lvis_v1_{part}.json",
            {
                "images": [
                    {
                        "id": i,
                        "coco_url": f"http://a.test/{name}",
                        "neg_category_ids": absent,
                        "not_exhaustive_category_ids": [1],
                    }
                    for i, (name, (_, absent)) in enumerate(images.items())
                ],
                "categories": categories,
                "annotations": annotations,
            },
        )
        paint(root, list(images), first=0 if part == "train" else 5)
    parts = {
        part: {name: [c - 1 for c in have] for name, (have, _) in images.items()} for part, images in kinds.items()
    }
    unknown = {"train2017/1.jpg": [2], "train2017/2.jpg": [0, 1], "train2017/9.jpg": [0]}
    return Copy("lvis", root, ("cat", "dog", "hot_dog"), parts["train"], parts["val"], {}, unknown)


def chexpert(root: Path) -> Copy:
    home, blank = root / "CheXpert-v1.0-small", [""] * 14
    rows = {"train/p1/view1.jpg": {0: "1.0", 5: "-1.0", 6: "0.0"}, "train/p2/view1.jpg": {5: "1.0", 0: ""}}
    full = [{8: "1.0"}, {0: "1.0", 5: "1.0"}]
    tests = {f"valid/p{i}/view1.jpg": {c: one.get(c, "0.0") for c in range(14)} for i, one in enumerate(full)}
    head = ",".join(["Path,Sex,Age,Frontal/Lateral,AP/PA", *OBSERVATIONS])
    for part, listed in (("train", rows), ("valid", tests)):
        cells = {name: [one.get(c, blank[c]) for c in range(14)] for name, one in listed.items()}
        text = [f"CheXpert-v1.0-small/{name},Female,68,Frontal,AP,{','.join(row)}" for name, row in cells.items()]
        write(home / f"{part}.csv", lines([head, *text]))
        paint(home, list(listed), first=0 if part == "train" else 5)
    parts = [{name: [c for c, v in one.items() if v == "1.0"] for name, one in part.items()} for part in (rows, tests)]
    known = {name: {c for c, v in one.items() if v in ("1.0", "0.0")} for name, one in rows.items()}
    unknown = {name: [c for c in range(14) if c not in have] for name, have in known.items()}
    return Copy("chexpert", root, OBSERVATIONS, parts[0], parts[1], {}, unknown)


def coco_own(root: Path) -> Copy:
    parts = {"train": {"a/1.jpg": [0, 1], "2.jpg": []}, "val": {"9.jpg": [1], "8.jpg": [0]}}
    for part, shown in parts.items():
        write(
            root / "annotations" / f"instances_{part}2017.json",
            {
                "images": [{"id": i, "file_name": name} for i, name in enumerate(shown)],
                "categories": [{"id": 7, "name": "hot_dog"}, {"id": 2, "name": "cat"}],
                "annotations": [
                    {"image_id": i, "category_id": (2, 7)[c]} for i, have in enumerate(shown.values()) for c in have
                ],
            },
        )
        paint(root / f"{part}2017", list(shown), first=0 if part == "train" else 5)
    return Copy("coco_own", root, ("cat", "hot_dog"), parts["train"], parts["val"])


def voc_own(root: Path) -> Copy:
    parts = {"train": {"a": [0, 1], "b.1": []}, "val": {"sub/9": [1], "8": [0]}}
    for part, shown in parts.items():
        write(root / "ImageSets" / "Main" / f"{part}.txt", lines(list(shown)))
        for image, have in shown.items():
            objects = "".join(f"<object><name>{('cat', 'hot_dog')[c]}</name></object>" for c in have)
            write(root / "Annotations" / f"{image}.xml", f"<annotation>{objects}</annotation>")
        paint(root / "JPEGImages", [f"{image}.jpg" for image in shown], first=0 if part == "train" else 5)
    return Copy("voc_own", root, ("cat", "hot_dog"), parts["train"], parts["val"])
