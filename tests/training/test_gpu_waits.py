"""Training steps let a processor run ahead of its GPU; counted on a CPU by the benchmark that lists the waits."""

import importlib.util
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "gpu_waits.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("gpu_waits", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_harness_waits_for_nothing_in_a_step(benchmark, cache, tmp_path):
    lines, steps = benchmark.waits_of("asl", tmp_path, 1, cache)
    assert steps == 2
    assert dict(lines) == {}


def test_waits_are_counted_where_a_method_asks_for_values(benchmark, cache, tmp_path):
    lines, steps = benchmark.waits_of("trm_ml", tmp_path, 1, cache)
    assert steps
    assert set(lines.values()) == {steps}, "each line once a step"
    assert sorted(line.partition(":")[0] for line in lines) == [
        *("methods/trm_ml/contrast.py", "methods/trm_ml/contrast.py", "methods/trm_ml/prototypes.py")
    ]
    assert all(line.endswith(" nonzero") for line in lines)
