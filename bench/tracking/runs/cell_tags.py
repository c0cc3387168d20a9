"""A cell's params, which are its identity, and its tags, which may change."""

from collections.abc import Iterator, Mapping
from typing import Any

from bench.records.cells import COMPONENT_AXES, Cell
from bench.records.rows import Row
from bench.records.states import CellState
from bench.tracking.runs.names import PARAM_LIMIT, TAG_LIMIT, cut, metric_key, ratio_tag


def cell_params(cell: Cell) -> dict[str, str]:
    """Everything that the cell's key is made of."""
    data = cell.to_json()
    flat = {name: data[name] for name in ("percent", "seed", "holdout")}
    for axis in COMPONENT_AXES:
        component = data[axis]
        flat[axis] = component["name"]
        flat[f"{axis}.version"] = component["version"]
        flat |= {f"{axis}.{name}": value for name, value in _flat(component["options"])}
        if component["fingerprint"]:
            flat[f"{axis}.fingerprint"] = component["fingerprint"]
    return {metric_key(name): cut(str(value), PARAM_LIMIT) for name, value in flat.items()}


def _flat(options: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in options.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def cell_tags(cell: Cell, variant: str, state: CellState, sweeps: tuple[str, ...], row: Row | None) -> dict[str, str]:
    tags = {
        "kind": "cell",
        "cell_key": cell.key,
        "method": cell.method.name,
        "variant": variant,
        "dataset": cell.dataset.name,
        "protocol": cell.protocol.name,
        "backbone": cell.backbone.name,
        "feed": cell.feed.name,
        "ratio": ratio_tag(cell.percent),
        "seed": str(cell.seed),
        "status": "interrupted" if state == "planned" else state,
        "sweep": sweeps[0] if sweeps else "",
        "sweeps": " ".join(sweeps),
    }
    if row:
        tags |= {"flags": "; ".join(row.flags), "code": row.code, "mask_sha256": str(row.mask.get("sha256", ""))}
        tags["mlflow.source.git.commit"] = str(row.environment.get("commit", ""))
    return {name: cut(value, TAG_LIMIT) for name, value in tags.items() if value}
