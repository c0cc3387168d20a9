"""Demands of a cell on a node of a Ray cluster, and how many such cells fit there."""

from collections.abc import Mapping
from dataclasses import dataclass

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


def described(resources: Mapping[str, float]) -> str:
    gib = resources.get("memory", 0) / GIB
    return f"{resources.get('CPU', 0):g} CPUs, {resources.get('GPU', 0):g} GPUs and {gib:.1f} GiB"
