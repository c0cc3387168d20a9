"""CheXpert: chest radiographs with 14 observations; -1 is uncertain, and blank is what a report does not mention."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from bench.data.base import DATASETS
from bench.data.cell_values import CELL_SIGNS, encode
from bench.data.folder import DataPart, FolderDataset, FolderOptions
from bench.data.listing import Listing
from bench.data.table_rows import open_rows
from bench.errors import DataError
from bench.settings.config import setting

OBSERVATIONS = (
    *("No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema"),
    *("Consolidation", "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture"),
    "Support Devices",
)
RELEASES = ("CheXpert-v1.0-small", "CheXpert-v1.0")
POLICIES = {"ignore": 0, "zeros": -1, "ones": 1}
"""What an uncertain label becomes; the paper's U-Ignore, U-Zeros and U-Ones."""

NOT_HERE = {
    "self_trained": "U-SelfTrained gives uncertain labels the predictions of a model trained with U-Ignore; take "
    "ignore, and a method that makes pseudo-labels of its own",
    "multi_class": "U-MultiClass makes uncertain a third class of a softmax, which labels of present and absent cannot "
    "say; take ignore, zeros or ones",
}
"""The paper's other two policies, which are trainings rather than labels."""


@dataclass(frozen=True, kw_only=True)
class CheXpertOptions(FolderOptions):
    """What uncertain and unmentioned observations mean, and which images count."""

    uncertain: Literal["ignore", "zeros", "ones", "self_trained", "multi_class"] = setting(
        "ignore", "training labels of -1, by the paper's policies: ignore (unknown), zeros (absent), ones (present)"
    )
    blank: Literal["unknown", "absent"] = setting("unknown", "observations that a report does not mention")
    views: Literal["all", "frontal"] = setting("all", "frontal leaves lateral images out")


@DATASETS.register("chexpert")
class CheXpert(FolderDataset):
    """CheXpert: 14 observations of chest radiographs (train to valid), read from reports and partly uncertain."""

    Options = CheXpertOptions
    layout = "CheXpert-v1.0-small/ (or CheXpert-v1.0/) with train.csv, valid.csv, train/ and valid/"
    options: CheXpertOptions

    def locate(self, root: Path) -> Path:
        return next((root / name for name in RELEASES if (root / name).is_dir()), root)

    def prompt_name(self, raw: str) -> str:
        return raw.lower() if self.options.names == "clean" else raw

    def sources(self, part: DataPart) -> Sequence[Path]:
        return (self.folder / ("train.csv" if part == "train" else "valid.csv"),)

    def image_folder(self, part: DataPart) -> Path:
        return self.folder

    def read(self, part: DataPart) -> Listing:
        if self.options.uncertain in NOT_HERE:
            raise DataError(f"{NOT_HERE[self.options.uncertain]} (chexpert.uncertain).")
        (source,) = self.sources(part)
        rows = open_rows(source, ",")
        columns = {name: i for i, name in enumerate(rows.columns)}
        missing = [name for name in ("Path", "Frontal/Lateral", *OBSERVATIONS) if name not in columns]
        if missing:
            raise DataError(f"{source} has no column {missing[0]!r}; use the official file.")
        places, ids, coded = [columns[name] for name in OBSERVATIONS], [], bytearray()
        for where, cells in rows.rows:
            if self.options.views == "frontal" and cells[columns["Frontal/Lateral"]].strip() != "Frontal":
                continue
            ids.append(_inside(cells[columns["Path"]]))
            coded += encode([cells[place] for place in places], OBSERVATIONS, f"{source}, {where}")
        uncertain = POLICIES[self.options.uncertain] if part == "train" else 0
        blank = 0 if self.options.blank == "unknown" else -1
        meaning = {"": blank, "1": 1, "0": -1, "-1": uncertain, "no": -1}
        table = np.array([meaning[sign] for sign in CELL_SIGNS], np.int8)
        labels = table[np.frombuffer(bytes(coded), np.uint8).reshape(-1, len(places))]
        return Listing(tuple(ids), labels, OBSERVATIONS)


def _inside(path: str) -> str:
    """`CheXpert-v1.0-small/train/patient00001/...` from inside that folder."""
    first, _, rest = path.strip().partition("/")
    return rest if first in RELEASES else path.strip()
