"""Protocols: pure, versioned rules that hide labels."""

from protocols.base import PROTOCOLS, MaskFacts, Protocol, mask_facts

__all__ = ["PROTOCOLS", "MaskFacts", "Protocol", "mask_facts"]
