"""The properties of a method: first what it says, scores and holds, then what may and may not move it in training."""

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
