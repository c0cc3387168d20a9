"""Quality of pseudo-labels, given the hidden labels: counts, precision and recall of each kind."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from bench.system.chunks import row_slices
from bench.training.hidden import HiddenLabels

JUDGED = (
    "pseudo_positive_precision", "pseudo_positive_recall",
    "pseudo_negative_precision", "pseudo_negative_recall", "pseudo_positives_lost",
)  # fmt: skip
"""Names in the curve that depend on hidden labels. `pseudo_positives` and `pseudo_negatives` are counts and do not."""

SIGNS = (("positive", 1), ("negative", -1))


def pseudo_quality(
    signs: np.ndarray, hidden: np.ndarray | HiddenLabels, kinds: Sequence[str] = ("positive", "negative")
) -> dict[str, float]:
    """What the curve says of pseudo-labels int8 (N, C), given the hidden labels int8 (N, C); 0 is none in either.

    `kinds` names the kinds that the method makes, and only those are counted. For positives:
    pseudo_positives: how many. pseudo_positive_precision: per cent of them that are right.
    pseudo_positive_recall: per cent of all hidden positives that they are. The same for negatives, and
    pseudo_positives_lost: per cent of all hidden positives that are taken for negatives.
    A pseudo-label whose truth is 0 counts, but is judged neither right nor wrong; a share of nothing is left out.
    """
    counts: Counter[str] = Counter()
    for rows in row_slices(*signs.shape):
        counts.update(_counts(signs[rows], hidden[rows], kinds))
    quality: dict[str, float] = {}

    def share(name: str, part: str, of: str) -> None:
        if counts[of]:
            quality[name] = 100 * counts[part] / counts[of]

    for name, _ in SIGNS:
        if name in kinds:
            quality[f"pseudo_{name}s"] = counts[name]
            share(f"pseudo_{name}_precision", f"{name} right", f"{name} judged")
            share(f"pseudo_{name}_recall", f"{name} right", f"{name} true")
    if "negative" in kinds:
        share("pseudo_positives_lost", "lost", "present")
    return quality


def _counts(signs: np.ndarray, hidden: np.ndarray, kinds: Sequence[str]) -> dict[str, int]:
    """Pseudo-labels of each kind, those that can be judged and those that are right, and all that they should be."""
    present = hidden == 1
    parts: dict[str, np.ndarray] = {}
    for name, sign in SIGNS:
        if name in kinds:
            chosen, true = signs == sign, hidden == sign
            parts |= {name: chosen, f"{name} right": chosen & true}
            parts |= {f"{name} judged": chosen & (hidden != 0), f"{name} true": true}
    parts |= {"lost": (signs == -1) & present, "present": present}
    return {name: int(np.count_nonzero(entries)) for name, entries in parts.items()}
