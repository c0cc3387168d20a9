"""Tiny copies of every dataset that is read from disk, in the layouts in which these are distributed.

A writer fills a folder and tells the truth about it: ids and present classes of both parts."""

from collections.abc import Callable
from pathlib import Path

from bench.data.mirflickr25k_counts import POTENTIAL_COUNTS as MIRFLICKR_LABELS
from bench.data.nuswide import NUSWIDE_CLASSES as CONCEPTS
from bench.data.voc import VOC_CLASSES as VOC_CLASSES
from helpers.copied_cub import cub
from helpers.copied_unknown import chexpert, coco_own, lvis, openimages, table, voc_own
from helpers.copy_files import Copy, index_list, lines, paint, write


def coco(root: Path) -> Copy:
    categories = [{"id": 90, "name": "toothbrush"}, {"id": 1, "name": "person"}, {"id": 5, "name": "airplane"}]
    parts = {
        "train": {"COCO_train2014_7.jpg": [0, 2], "COCO_train2014_3.jpg": [], "COCO_train2014_5.jpg": [1]},
        "val": {"COCO_val2014_8.jpg": [], "COCO_val2014_2.jpg": [0, 1]},
    }
    for part, shown in parts.items():
        ids = {name: int(name.rpartition("_")[2].removesuffix(".jpg")) for name in shown}
        write(
            root / "annotations" / f"instances_{part}2014.json",
            {
                "images": [{"id": number, "file_name": name} for name, number in ids.items()],
                "categories": categories,
                "annotations": [
                    {"image_id": ids[name], "category_id": (1, 5, 90)[i], "iscrowd": 1, "area": 0.5}
                    for name, indices in shown.items()
                    for i in indices
                ],
            },
        )
        paint(root / f"{part}2014", list(shown), first=0 if part == "train" else 5)
    return Copy("coco", root, ("person", "airplane", "toothbrush"), parts["train"], parts["val"])


DIFFICULT = {"000005": 8, "000001": 14}
"""Images with an object marked difficult (VOC), and its class."""


def voc(root: Path, year: str = "2007", first: str = "trainval", second: str = "test", xml: bool = False) -> Copy:
    home = root / "VOCdevkit" / f"VOC{year}"
    parts = {first: {"000005": [0, 14], "000007": [19]}, second: {"000001": [11], "000002": [0, 14]}}
    for part, shown in parts.items():
        write(home / "ImageSets" / "Main" / f"{part}.txt", lines(list(shown)))
        for c, name in enumerate(VOC_CLASSES):
            value = {image: 1 if c in shown[image] else 0 if DIFFICULT.get(image) == c else -1 for image in shown}
            if not xml:
                rows = lines([f"{image} {value[image]:2d}" for image in shown])
                write(home / "ImageSets" / "Main" / f"{name}_{part}.txt", rows)
        for image in shown if xml else ():
            objects = [(VOC_CLASSES[c], 0) for c in shown[image]]
            objects += [(VOC_CLASSES[DIFFICULT[image]], 1)] if image in DIFFICULT else []
            objects += [(VOC_CLASSES[shown[image][0]], 1)]  # one more of a class that is there anyway
            write(
                home / "Annotations" / f"{image}.xml",
                "<annotation><filename>x</filename>"
                + "".join(
                    f"<object><name>{name}</name><difficult>{d}</difficult><part><name>head</name></part></object>"
                    for name, d in objects
                )
                + "</annotation>",
            )
        paint(home / "JPEGImages", [f"{image}.jpg" for image in shown], first=0 if part == first else 5)
    train, test = ({f"{image}.jpg": indices for image, indices in parts[p].items()} for p in (first, second))
    return Copy(f"voc{year}", root, VOC_CLASSES, train, test)


def voc2012(root: Path) -> Copy:
    return voc(root, "2012", "train", "val")


def vg(root: Path, size: int = 200) -> Copy:
    parts = {"train": {"2.jpg": [0, size - 1], "10.jpg": [], "1.jpg": [3]}, "test": {"9.jpg": [7], "4.jpg": []}}
    for part, shown in parts.items():
        write(root / f"{part}_list_500.txt", lines(list(shown)))
        paint(root / "VG_100K", list(shown), first=0 if part == "train" else 5)
    (root / "VG_100K_2").mkdir()
    (root / "VG_100K" / "10.jpg").rename(root / "VG_100K_2" / "10.jpg")
    write(root / f"vg_category_{size}_labels_index.json", {**parts["train"], **parts["test"], "77.jpg": [1]})
    classes = tuple(f"thing_{i}" for i in range(size))
    write(root / f"vg_category_{size}_names.txt", lines(classes))
    return Copy(f"vg{size}", root, classes, parts["train"], parts["test"])


def vg500(root: Path) -> Copy:
    return vg(root, 500)


def nuswide(root: Path) -> Copy:
    parts = {
        "train": {"actor/0001_1.jpg": [0, 80], "actor/0002_2.jpg": [], "zoo/0001_3.jpg": [37]},
        "test": {"actor/0003_4.jpg": [], "zoo/0009_5.jpg": [1]},
    }
    for part, shown in parts.items():
        word = part.capitalize()
        write(root / "ImageList" / f"{word}Imagelist.txt", lines([name.replace("/", "\\") for name in shown]))
        for c, name in enumerate(CONCEPTS):
            values = [str(int(c in indices)) for indices in shown.values()]
            write(root / "Groundtruth" / "TrainTestLabels" / f"Labels_{name}_{word}.txt", lines(values))
        paint(root / "Flickr", list(shown), first=0 if part == "train" else 5)
    return Copy("nuswide", root, CONCEPTS, parts["train"], parts["test"])


def nuswide_asl(root: Path) -> Copy:
    parts = {"train": {"1_2_ab_m.jpg": [0, 80], "2_3_cd_m.jpg": [5]}, "val": {"3_4_ef_m.jpg": [42, 60, 79]}}
    for part, shown in parts.items():
        write(root / f"nus_{part}.txt", index_list(shown))
        paint(root / "images", list(shown), first=0 if part == "train" else 5)
    return Copy("nuswide", root, CONCEPTS, parts["train"], parts["val"], {"lists": "asl"})


def mirflickr25k(root: Path) -> Copy:
    labels = tuple(MIRFLICKR_LABELS)
    parts = {
        "train": {"im1.jpg": [0, 23], "im2.jpg": [], "im13.jpg": [13], "im101.jpg": [13, 14]},
        "test": {"im4.jpg": [19], "im10.jpg": [], "im105.jpg": [0, 13]},
    }
    number = {name: int(name[2:-4]) for shown in parts.values() for name in shown}
    present = parts["train"] | parts["test"]
    for c, label in enumerate(labels):  # line ends as in the archive, on any system
        rows = [f"{number[name]}\r\n" for name in sorted(present, key=number.__getitem__) if c in present[name]]
        write(root / "annotations" / f"{label}.txt", "".join(rows))
    paint(root / "mirflickr", list(parts["train"]), first=0)
    paint(root / "mirflickr", list(parts["test"]), first=5)
    return Copy("mirflickr25k", root, labels, parts["train"], parts["test"], {"names": "raw"})


def listfile(root: Path) -> Copy:
    classes = ("cat", "dog", "hot_dog")
    parts = {"train": {"a/1.jpg": [0, 2], "a/2.jpg": [], "b,c.jpg": [1]}, "test": {"a/9.jpg": [2], "8.jpg": [0]}}
    for part, shown in parts.items():
        write(root / f"{part}.txt", index_list(shown))
        paint(root / "images", list(shown), first=0 if part == "train" else 5)
    write(root / "classes.txt", lines(classes))
    return Copy("listfile", root, classes, parts["train"], parts["test"])


def mmpretrain_json(root: Path) -> Copy:
    classes = ("cat", "dog", "hot_dog")
    parts = {"train": {"train/1.jpg": [0, 2], "train/2.jpg": []}, "test": {"test/1.jpg": [2], "test/2.jpg": [0, 1]}}
    for part, shown in parts.items():
        data = [{"img_path": name, "gt_label": indices} for name, indices in shown.items()]
        write(root / f"{part}.json", {"metainfo": {"classes": classes}, "data_list": data})
        paint(root, list(shown), first=0 if part == "train" else 5)
    return Copy("mmpretrain_json", root, classes, parts["train"], parts["test"])


COPIES: dict[str, Callable[[Path], Copy]] = {
    writer.__name__: writer
    for writer in (
        coco,
        voc,
        voc2012,
        vg,
        vg500,
        nuswide,
        nuswide_asl,
        cub,
        mirflickr25k,
        listfile,
        mmpretrain_json,
        *(table, openimages, lvis, chexpert, coco_own, voc_own),
    )
}


def copied(writer: str, folder: Path) -> Copy:
    (folder / writer).mkdir()
    return COPIES[writer](folder / writer)
