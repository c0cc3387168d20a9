"""The properties of a method: its declarations, scores and state, then what may and may not change its training."""

from bench.conformance.methods import declarations, labels, running, scores, state, training
from bench.conformance.properties import Property

PROPERTIES: list[Property] = [
    *declarations.PROPERTIES,
    *scores.PROPERTIES,
    *state.PROPERTIES,
    *training.PROPERTIES,
    *labels.PROPERTIES,
    *running.PROPERTIES,
]
