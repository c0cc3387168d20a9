"""What SSGRL, SST, SARB and HST share: features of every class by semantic decoupling, and a graph between classes."""

from methods.structure.trunk import StructureConfig, StructureMethod

__all__ = ["StructureConfig", "StructureMethod"]
