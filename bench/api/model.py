"""A finished cell as a torch module, for Python."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bench.records.store import Store, existing_store

if TYPE_CHECKING:
    from bench.prediction import CellModel


def load_model(
    store: "Store | str | Path",
    key: str,
    *,
    root: str | Path | None = None,
    cache: str | Path | None = None,
    device: str = "auto",
    files: Mapping[str, Mapping[str, str]] | None = None,
) -> "CellModel":
    """The trained model of a finished cell: a `torch.nn.Module` that scores images.

    `model(images)` gives logits (B, C); `model.preprocess` makes a tensor of a PIL image, `model.features(images)` are
    the encoder's features, `model.class_names` the C names. key: the beginning of the cell's key. root: where the
    dataset's files are, whose labels the method is built with. files: where those of its backbone, method or protocol
    are, such as `{"RN101": {"weights": "RN101.pt"}}`. A method whose source code has changed since is loaded with a
    warning.

    >>> import bench, torch
    >>> from PIL import Image
    >>> folder = getfixture("tmp_path")
    >>> small = {"scenes": {"n_train": 60, "n_test": 40}}
    >>> sweep = bench.run("clip_zero_shot", 0.5, settings=small, results=folder, cache=folder, progress=False)
    >>> model = bench.load_model(folder, sweep.store.keys()[0], cache=folder, device="cpu")
    >>> images = torch.stack([model.preprocess(Image.new("RGB", (90, 60)))])
    >>> model(images).shape, model.class_names[:2]
    (torch.Size([1, 20]), ('person', 'car'))
    """
    from bench.prediction import CellModel
    from bench.system.device import choose_device
    from bench.system.environment import source_hash
    from bench.system.paths import default_cache
    from bench.trained import find_cell, open_trained_cell
    from methods import METHODS

    opened = store if isinstance(store, Store) else existing_store(Path(store))
    cell = find_cell(opened, key)
    trained = open_trained_cell(
        cell,
        opened,
        choose_device(device),
        default_cache() if cache is None else Path(cache),
        lambda title, done, total: None,
        None if root is None else Path(root),
        files,
    )
    if opened.row(cell.key).code != source_hash(METHODS.get(cell.method.name)):
        warnings.warn(f"the source code of {cell.method.name} has changed since {cell.key} was trained.", stacklevel=2)
    return CellModel(trained)
