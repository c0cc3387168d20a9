"""Protocols: pure, versioned rules that hide labels."""

from protocols.base import PROTOCOLS, UNNAMED, Images, MaskFacts, Protocol, mask_facts, paths_of

__all__ = ["PROTOCOLS", "UNNAMED", "Images", "MaskFacts", "Protocol", "mask_facts", "paths_of"]
