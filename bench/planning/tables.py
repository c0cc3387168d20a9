"""Refusal of requests that need all labels as a table, where the data has too many for one."""

from bench.data import Dataset
from bench.errors import UsageError
from bench.planning.request import Request
from bench.system.sparse import SparseLabels
from protocols import Protocol


def refuse_table(request: Request, protocol: type[Protocol], dataset: Dataset) -> int:
    """The bytes of a table of the training labels that are held as lists, 0 where a table is what they are.

    UsageError for what the request asks of them and lists cannot give.
    """
    if not dataset.has_unknown or not isinstance(labels := dataset.train.labels, SparseLabels):
        return 0
    size, gigabytes = f"{labels.shape[0]:,} images x {labels.shape[1]:,} classes", labels.size / 1e9
    fewer = f"choose fewer classes, for instance with {dataset.name}.classes=FILE"
    if not protocol.keeps_lists:
        raise UsageError(
            f"protocol {protocol.name} draws a mask over {size}, {gigabytes:.1f} GB of labels and as much again "
            f"for the mask; give --protocol native, or {fewer}."
        )
    if request.holdout:
        held = gigabytes * request.holdout / 100
        raise UsageError(
            f"--holdout {request.holdout} of {size} is {held:.1f} GB of labels and {4 * held:.1f} GB of scores; "
            f"leave it out, or {fewer}."
        )
    return labels.size
