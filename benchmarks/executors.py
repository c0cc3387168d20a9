"""The same sweep with one worker, with two, and on a Ray cluster of two nodes of this machine: seconds, utilisation.

    python benchmarks/executors.py                      # 54 cells: trm_ml,dualcoop x 0.1-0.9 x three seeds
    python benchmarks/executors.py --ratios 0.5 --seeds 0-1 --methods asl --set asl.epochs=2

Each way has a store of its own and starts with features in the cache; starting processes or nodes counts. One thread a
cell. "busy" is the share of all cores' time that was not idle, other programs included, so run nothing beside it. At
the end, the scores of all ways are compared byte by byte. Ratios within one run; machines are noisy.
"""

import argparse
import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil

from bench.executors import Cluster, Executor, open_executor
from bench.executors.driver import run_cells
from bench.planning.plan import cells, open_dataset, plan
from bench.planning.ratios import parse_ratios, parse_seeds
from bench.planning.request import Request
from bench.records.cells import Cell
from bench.records.store import Store
from bench.settings.overrides import parse_overrides
from bench.system.device import choose_device
from bench.system.paths import default_cache
from bench.training.resources import Resources

NODES = 2


class Failures:
    """An observer that keeps what went wrong."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def cell_started(self, cell: Cell) -> None: ...

    def epoch_ended(self, cell: Cell, epoch: int, epochs: int, record: dict) -> None: ...

    def cell_ended(self, cell: Cell, ending: str, message: str) -> None:
        if ending != "done":
            self.messages.append(f"{cell.title}: {ending} {message}")


@contextlib.contextmanager
def two_nodes(resources: Resources, store: Store) -> Iterator[Executor]:
    """A cluster of nodes with one CPU each, which is gone afterwards."""
    import ray
    from ray.cluster_utils import Cluster as Nodes

    memory = psutil.virtual_memory().available // (NODES + 1)
    node = {"num_cpus": 1, "memory": memory, "object_store_memory": 200 * 2**20}
    nodes = Nodes(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    for _ in range(NODES - 1):
        nodes.add_node(**node)
    try:
        ray.init(address=nodes.address, log_to_driver=False, logging_level="error")
        cluster = Cluster(memory=min(1.5, memory / 2**30))
        with open_executor("ray", resources, store, cluster=cluster) as executor:
            yield executor
    finally:
        ray.shutdown()
        nodes.shutdown()


WAYS: dict[str, Callable] = {
    "1 worker": lambda resources, store: open_executor("processes", resources, store, workers=1),
    "2 workers": lambda resources, store: open_executor("processes", resources, store, workers=2),
    f"Ray, {NODES} nodes": two_nodes,
}


def measure(way: Callable, todo: Sequence[Cell], resources: Resources, store: Store) -> tuple[float, float]:
    """Seconds until every cell is done, and the share of the cores' time that was not idle."""
    observer = Failures()
    before, began = psutil.cpu_times(), time.perf_counter()
    with way(resources, store) as executor:
        run_cells(todo, store, executor, observer)
        seconds, after = time.perf_counter() - began, psutil.cpu_times()
    if observer.messages:
        raise SystemExit(observer.messages[0])
    idle = after.idle - before.idle
    return seconds, 1 - idle / (sum(after) - sum(before))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", default="trm_ml,dualcoop")
    parser.add_argument("--ratios", default="0.1-0.9")
    parser.add_argument("--seeds", default="0-2")
    parser.add_argument("--set", action="append", default=[], metavar="NAME.OPTION=VALUE")
    parser.add_argument("--ways", default=",".join(WAYS), help="some of: %(default)s")
    arguments = parser.parse_args()
    percents, seeds = tuple(parse_ratios(arguments.ratios)), tuple(parse_seeds(arguments.seeds))
    sweep = Request(tuple(arguments.methods.split(",")), percents, seeds, overrides=parse_overrides(arguments.set))
    cache = default_cache()
    dataset = open_dataset(sweep, cache)
    resources = Resources(dataset, choose_device("cpu"), cache, progress=lambda title, done, total: None)
    todo = list(cells(plan(sweep, dataset)))
    resources.images.prepare(todo[0])
    ways = [name for name in WAYS if name in arguments.ways]
    print(f"{len(todo)} cells on {psutil.cpu_count()} cores")  # noqa: T201
    print("| way | seconds | busy | against the first |\n| --- | --- | --- | --- |")  # noqa: T201
    with tempfile.TemporaryDirectory() as scratch:
        stores = {name: Store(Path(scratch) / name) for name in ways}
        first = 0.0
        for name, store in stores.items():
            seconds, busy = measure(WAYS[name], todo, resources, store)
            first = first or seconds
            print(f"| {name} | {seconds:.1f} | {busy:.0%} | {first / seconds:.2f}x |", flush=True)  # noqa: T201
        one, *others = stores.values()
        same = all(
            store.scores(cell.key).tobytes() == one.scores(cell.key).tobytes() for store in others for cell in todo
        )
    print("all ways gave the same scores" if same else "THE SCORES DIFFER")  # noqa: T201


if __name__ == "__main__":
    main()
