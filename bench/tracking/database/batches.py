"""Metrics, params and tags of a run in batches that MLflow takes."""

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from mlflow import MlflowClient

_T = TypeVar("_T")

METRICS_AT_ONCE, OTHERS_AT_ONCE = 800, 100
"""Metrics, params and tags in one batch: MLflow's REST interface takes 100 of the latter and 1000 of all together."""


def log_batches(client: "MlflowClient", run_id: str, metrics: Sequence, params: Sequence, tags: Sequence) -> None:
    """In batches, all tags with the last: within a batch MLflow writes params, then metrics, then tags."""
    batches = list(
        itertools.zip_longest(_chunks(metrics, METRICS_AT_ONCE), _chunks(params, OTHERS_AT_ONCE), fillvalue=())
    )
    for some_metrics, some_params in batches[:-1]:
        client.log_batch(run_id, metrics=some_metrics, params=some_params)
    last_metrics, last_params = batches[-1] if batches else ((), ())
    client.log_batch(run_id, metrics=last_metrics, params=last_params, tags=tags)


def _chunks(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
