"""Names, keys and texts as MLflow takes them."""

import posixpath
import re
from collections.abc import Mapping
from typing import Any

PARAM_LIMIT, TAG_LIMIT, KEY_LIMIT = 6000, 5000, 250
"""Characters of a value and of a key; the tag limit is that of MLflow 3.7, later ones allow more."""

NOTE = "mlflow.note.content"

COLOUR = "mlflow.runColor"
"""Tag with the colour that MLflow draws a run in; without it, MLflow chooses one by the run's id."""

RUN = "{run}"

SEARCHES = "/search"
"""How the names of experiments end that hold searches."""


def experiment_name(dataset: str, protocol: str) -> str:
    """One experiment for what can be compared: a dataset under a protocol."""
    return f"{dataset}/{protocol}"


def search_experiment(record: Mapping[str, Any]) -> str:
    """That of the searches on a dataset under a protocol."""
    return f"{experiment_name(record['dataset'], record['protocol'])}{SEARCHES}"


def ratio_tag(percent: int | None) -> str:
    """Two digits, so that text sorts like numbers.

    >>> ratio_tag(5), ratio_tag(None)
    ('0.05', 'any')
    """
    return "any" if percent is None else f"{percent / 100:.2f}"


def metric_key(name: str) -> str:
    """A name that MLflow takes for a metric.

    >>> metric_key("AP/potted plant"), metric_key("mAP@0.1"), metric_key("AP/a//b")
    ('AP/potted plant', 'mAP_0.1', 'AP/a/b')
    """
    allowed = re.sub(r"[^\w/. -]", "_", name)
    return posixpath.normpath(allowed).lstrip("./")[:KEY_LIMIT] or "_"


def cut(text: str, limit: int) -> str:
    """The text, ended with an ellipsis if it is longer than `limit`."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
