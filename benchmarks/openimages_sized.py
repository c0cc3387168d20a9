"""Fabricated files of OpenImages' official layout and size, to open with the dataset `openimages`.

    python benchmarks/openimages_sized.py FOLDER --images 500000 --classes 9600
    bench prepare --dataset openimages --root FOLDER --set openimages.test=validation --no-images
    bench run --plugin benchmarks/coco_sized.py --dataset openimages --root FOLDER --set openimages.test=validation \\
        --backbone drawn --set drawn.tokens=1 --set drawn.dim=64 --methods bce_iu --set bce_iu.head=linear

Each image has about nine verified labels, of which a third are absent, with classes as frequent as 1 / (c + 5). Images
are of one pixel, and many names lead to one file: a test image is never one that is trained on.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from PIL import Image

LINKS = 30_000
"""Names of one file; file systems have a limit."""

VERIFIED, ABSENT = 9, 1 / 3


def write_images(folder: Path, names: list[str], first: int) -> None:
    """One-pixel JPEG files, each under many names; first: number of the first colour."""
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(names), LINKS):
        colour = first + start // LINKS
        source = folder / f"{names[start]}.jpg"
        Image.new("RGB", (1, 1), (colour & 255, colour >> 8, 0)).save(source, quality=100)
        for name in names[start + 1 : start + LINKS]:
            os.link(source, folder / f"{name}.jpg")


def write_labels(path: Path, names: list[str], classes: int, rng: np.random.Generator) -> None:
    """Lines ImageID,Source,LabelName,Confidence."""
    weights = 1 / (np.arange(classes) + 5)
    count = rng.poisson(VERIFIED, len(names))
    columns = rng.choice(classes, int(count.sum()), p=weights / weights.sum())
    confidence = (rng.random(len(columns)) >= ABSENT).astype(int)
    rows = np.repeat(np.arange(len(names)), count)
    with path.open("w") as file:
        file.write("ImageID,Source,LabelName,Confidence\n")
        for row, column, sure in zip(rows.tolist(), columns.tolist(), confidence.tolist(), strict=True):
            file.write(f"{names[row]},verification,/m/{column:05d},{sure}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=500_000)
    parser.add_argument("--test-images", type=int, default=2_000)
    parser.add_argument("--classes", type=int, default=9_600)
    arguments = parser.parse_args()
    folder, rng = arguments.folder, np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    described = "".join(f"/m/{c:05d},kind {c}\n" for c in range(arguments.classes))
    (folder / "oidv6-class-descriptions.csv").write_text("LabelName,DisplayName\n" + described)
    for part, size, first, labels in (
        ("train", arguments.images, 0, "oidv6-train-annotations-human-imagelabels.csv"),
        ("validation", arguments.test_images, 60_000, "validation-annotations-human-imagelabels.csv"),
    ):
        names = [f"{part[0]}{i:015x}" for i in range(size)]
        write_labels(folder / labels, names, arguments.classes, rng)
        write_images(folder / part, names, first)


if __name__ == "__main__":
    main()
