"""Semantic decoupling, class graphs and pseudo-labels of SSGRL, SST, SARB and HST."""

from methods.structure.trunk import StructureConfig, StructureMethod

__all__ = ["StructureConfig", "StructureMethod"]
