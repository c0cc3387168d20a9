"""Facts of a cell that stand beside what it predicts: which training, which weights, which preprocessing."""

import hashlib
from collections.abc import Mapping
from typing import Any

from bench.records.rows import Row
from bench.records.store import Store
from bench.system.environment import git_commit, versions
from bench.trained import TrainedCell


def facts_of_cell(trained: TrainedCell, row: Row, store: Store) -> dict[str, Any]:
    """Plain data: the cell, the hashes of its weights and of its backbone's, its flags and its preprocessing."""
    cell, backbone = row.cell, trained.backbone
    weights = store.weights(row.key) or b""
    return {
        "cell": row.key,
        "title": cell.title,
        "method": {"name": cell.method.name, "version": cell.method.version, "options": dict(cell.method.options)},
        "dataset": {"name": cell.dataset.name, "fingerprint": cell.dataset.fingerprint},
        "protocol": cell.protocol.name,
        "percent": cell.percent,
        "seed": cell.seed,
        "flags": list(row.flags),
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "backbone": {
            "name": cell.backbone.name,
            "options": dict(cell.backbone.options),
            "weights_sha256": backbone.weights_sha256,
            "image_encoder": "trained with the cell" if trained.encoder_trained else "frozen",
        },
        "preprocessing": {
            name: list(value) if isinstance(value, tuple) else value for name, value in backbone.transform.items()
        },
        "class_names": list(trained.resources.dataset.class_names),
        "trained": {"finished": row.finished, "code": row.code, "commit": row.environment.get("commit", "")},
        "made_by": {"commit": git_commit(), "versions": _of_interest(versions())},
    }


def _of_interest(by_package: Mapping[str, str]) -> dict[str, str]:
    return {name: by_package[name] for name in ("python", "torch", "numpy") if name in by_package}
