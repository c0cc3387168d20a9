"""A Ray cluster as its driver sees it: joining it, what fits on its nodes, and what is refused before a cell runs."""

import importlib
from typing import Any

from bench.errors import UsageError
from bench.executors.ray.connection import connect, first_line, import_ray
from bench.executors.ray.demands import Demands, described
from bench.system.program import program_hash

PROBE_SECONDS = 120.0


class RayCluster:
    """The cluster that this process has joined, for cells with these demands; UsageError where it cannot run them.

    address: "auto" for the cluster that this machine belongs to, "local" for one that ends with `leave`, or HOST:PORT.
    code: the hash of this program, which every node must have.
    """

    def __init__(self, address: str, demands: Demands):
        self.ray, self.demands = import_ray(), demands
        self._own = connect(self.ray, address)
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
        need, have = self.demands, [described(node["Resources"]) for node in nodes]
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
