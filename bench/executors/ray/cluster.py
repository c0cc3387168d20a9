"""A Ray cluster as its driver sees it: joining it, what fits on its nodes, and what is refused before a cell runs."""

import importlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.errors import UsageError
from bench.system.program import program_hash

PROBE_SECONDS = 120.0
GIB = 2**30


@dataclass(frozen=True)
class Demands:
    """What a cell needs of a node; GPUs may be shared by fractions. memory: GiB."""

    cpus: float
    gpus: float
    memory: float

    def fit(self, resources: Mapping[str, float]) -> int:
        """How many such cells fit on a node with these resources at once."""
        needs = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory * GIB}
        return min((int(resources.get(name, 0) / need + 1e-9) for name, need in needs.items() if need), default=1)


class RayCluster:
    """The cluster that this process has joined, for cells with these demands; UsageError where it cannot run them.

    address: "auto" for the cluster that this machine belongs to, "local" for one that ends with `leave`, or HOST:PORT.
    code: the hash of this program, which every node must have.
    """

    def __init__(self, address: str, demands: Demands):
        self.ray, self.demands = import_ray(), demands
        self._own = _connect(self.ray, address)
        try:
            self._refuse_impossible()
            self.code = program_hash()
            self._refuse_other_code()
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        """Disconnect, unless the connection existed before."""
        if self._own:
            self.ray.shutdown()

    @property
    def capacity(self) -> int:
        """How many cells fit into the cluster as it is now."""
        return sum(self.demands.fit(node["Resources"]) for node in self._nodes())

    @property
    def here(self) -> Any:
        """The scheduling strategy that keeps an actor beside this process."""
        return self._on(self.ray.get_runtime_context().get_node_id())

    def _nodes(self) -> list[dict[str, Any]]:
        return [node for node in self.ray.nodes() if node["Alive"]]

    def _on(self, node: str) -> Any:
        strategies = importlib.import_module("ray.util.scheduling_strategies")
        return strategies.NodeAffinitySchedulingStrategy(node, soft=False)

    def _refuse_impossible(self) -> None:
        """UsageError if no node can ever take a cell: Ray would wait for one silently."""
        nodes = self._nodes()
        if any(self.demands.fit(node["Resources"]) for node in nodes):
            return
        need, have = self.demands, [_described(node["Resources"]) for node in nodes]
        raise UsageError(
            f"a cell asks for {need.cpus:g} CPUs, {need.gpus:g} GPUs and {need.memory:g} GiB, and no node of the "
            f"cluster has them together (there are {'; '.join(sorted(set(have)))}); lower --cpus-per-cell, "
            "--gpus-per-cell or --memory-per-cell, or add a node."
        )

    def _refuse_other_code(self) -> None:
        """UsageError if a node that can take cells has another version of this program, or none."""
        nodes = [node for node in self._nodes() if self.demands.fit(node["Resources"])]
        look = self.ray.remote(program_hash)
        probes = [look.options(num_cpus=0, scheduling_strategy=self._on(n["NodeID"])).remote() for n in nodes]
        for node, probe in zip(nodes, probes, strict=True):
            where = f"node {node['NodeManagerAddress']} ({node['NodeManagerHostname']})"
            try:
                code = self.ray.get(probe, timeout=PROBE_SECONDS)
            except self.ray.exceptions.RayError as error:
                raise UsageError(
                    f"{where} cannot run this program ({first_line(error)}); install the driver's version there."
                ) from None
            if code != self.code:
                raise UsageError(
                    f"the program on {where} is not the driver's (source hash {code}, not {self.code}); "
                    "install the driver's version there."
                )


def import_ray() -> Any:
    """Ray, or UsageError that says how to get it."""
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise UsageError(
            f"--executor ray needs Ray, which cannot be imported here ({error}); "
            "pip install 'missing-label-bench[ray]', or give another --executor."
        ) from None


def _connect(ray: Any, address: str) -> bool:
    """Join the cluster, unless this process is connected already; returns whether it joined now."""
    if ray.is_initialized():
        return False
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        if address == "local":
            ray.init(address="local", include_dashboard=False, **quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise UsageError(
            f"--address {address}: no Ray cluster can be reached from here ({first_line(error)}); start one with "
            "`ray start --head`, join one with `ray start --address HOST:PORT --num-cpus 0`, or give --address local."
        ) from None
    return True


def _described(resources: Mapping[str, float]) -> str:
    gib = resources.get("memory", 0) / GIB
    return f"{resources.get('CPU', 0):g} CPUs, {resources.get('GPU', 0):g} GPUs and {gib:.1f} GiB"


def first_line(error: object) -> str:
    """Of an error's text, or its kind where it has none."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
