"""A metric from outside: listed and computed like a built-in one, and known by its source."""

import numpy as np
import pytest

from bench.errors import UsageError
from bench.metrics import parse_metrics
from bench.settings.plugins import load_plugins

SOURCE = '''
import numpy as np
from bench.metrics import FURTHER_METRICS, FurtherMetric

@FURTHER_METRICS.register("known_share")
class KnownShare(FurtherMetric):
    """Share of a class's labels that are known."""

    label = "known"

    def values(self, scores, labels):
        return 100 * (labels != 0).mean(axis=0)
'''


def test_a_plugins_metric_is_one_as_long_as_it_is_loaded(write):
    with pytest.raises(UsageError, match="no metric 'known_share'; allowed: auroc, coverage, precision"):
        parse_metrics("known_share")
    load_plugins([str(write(SOURCE))])
    [metric] = parse_metrics("known_share")
    assert metric.measure(np.zeros((2, 2)), np.array([[1, 0], [-1, 1]])).classes == (100, 50)
    assert metric.definition == "share of a class's labels that are known"
    with pytest.raises(UsageError, match="coverage, known_share, precision"):
        parse_metrics("known")


def test_another_source_is_another_metric(write):
    identities = []
    for name, source in (("one.py", SOURCE), ("two.py", SOURCE.replace("known_share", "second"))):
        load_plugins([str(write(source, name))])
        identities.append(parse_metrics("known_share" if name == "one.py" else "second")[0].identity)
    digests = [identity.split(" v1 ")[1] for identity in identities]
    assert digests[0] != digests[1]
    assert parse_metrics("auroc")[0].identity == "auroc v1"
