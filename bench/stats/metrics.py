"""Average precision in the three definitions that circulate, and F1; pure functions of scores and labels.

Rank on float32 logits: half-precision sigmoids tie and lose up to a point of AP.
Scores are (N, C); labels are (N, C) with +1 present, -1 absent and 0 left out of the metric. Values are in percent.
"""

import numpy as np


def average_precision(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """AP per class (C,) by scikit-learn's definition (ties are one threshold); NaN for a class without positives."""
    from sklearn.metrics import average_precision_score  # a second of start-up, which only an evaluation should pay

    return _per_class(lambda s, y: average_precision_score(y, s), scores, labels)


def average_precision_ranked(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """AP per class as in the ASL, DualCoOp and SCPNet code: mean precision at the positives' ranks, ties by order."""
    return _per_class(lambda s, y: _precision_at_hits(s, y)[1].mean(), scores, labels)


def average_precision_envelope(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """AP per class as in SSGRL, HCP-MLR-PL and Query2Label: precision made monotone first (VOC 2010 and later)."""

    def envelope(s: np.ndarray, y: np.ndarray) -> float:
        precision = _precision_at_hits(s, y)[1]
        return float(np.maximum.accumulate(precision[::-1]).mean())

    return _per_class(envelope, scores, labels)


def _precision_at_hits(scores: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ranks (from 1) of the positives in descending order of score, and the precision at each."""
    ranks = np.flatnonzero(positive[np.argsort(-scores, kind="stable")]) + 1
    return ranks, np.arange(1, len(ranks) + 1) / ranks


def _per_class(ap, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    if scores.shape != labels.shape:
        raise ValueError(f"scores {scores.shape} and labels {labels.shape} differ in shape")
    if not np.isfinite(scores).all():
        raise ValueError("scores hold NaN or infinite values; the run diverged")
    positive, judged = labels == 1, labels != 0
    values = [ap(s[j], y[j]) if y.any() else np.nan for s, y, j in zip(scores.T, positive.T, judged.T, strict=True)]
    return 100.0 * np.array(values)


def f1_scores(predicted: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """CF1 (mean of per-class F1), CF1_pr (F1 of mean precision and recall) and OF1 of boolean predictions (N, C)."""
    truth, predicted = labels == 1, predicted & (labels != 0)
    hit = (predicted & truth).sum(0).astype(float)
    claimed, present = predicted.sum(0), truth.sum(0)
    precision = np.divide(hit, claimed, out=np.zeros_like(hit), where=claimed > 0)
    recall = np.divide(hit, present, out=np.zeros_like(hit), where=present > 0)
    return {
        "CF1": 100.0 * float(_harmonic(precision, recall).mean()),
        "CF1_pr": 100.0 * float(_harmonic(precision.mean(), recall.mean())),
        "OF1": 100.0 * float(_harmonic(hit.sum() / max(claimed.sum(), 1), hit.sum() / max(present.sum(), 1))),
    }


def _harmonic(a: np.ndarray | float, b: np.ndarray | float) -> np.ndarray:
    total = np.asarray(a + b)
    return np.divide(2 * np.asarray(a) * b, total, out=np.zeros_like(total, dtype=float), where=total > 0)


def summary(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """The metrics of a row. mAP is the headline; mAP_asl and mAP_voc are the papers' other two definitions.

    mAP and mAP_voc leave classes without positives out (their number is `classes_without_positives`);
    mAP_asl averages them in as 0, as its authors do. A class of which no entry is judged has no part in anything.
    known_entries: of images and classes, over which all this is taken.
    """
    top3 = np.zeros(scores.shape, bool)
    np.put_along_axis(top3, np.argsort(-scores, axis=1, kind="stable")[:, :3], True, axis=1)
    measured = (labels != 0).any(axis=0)
    unjudged, scores, labels, top3 = int((~measured).sum()), scores[:, measured], labels[:, measured], top3[:, measured]
    ap = average_precision(scores, labels)
    return {
        "mAP": float(np.nanmean(ap)),
        "mAP_asl": float(np.nan_to_num(average_precision_ranked(scores, labels)).mean()),
        "mAP_voc": float(np.nanmean(average_precision_envelope(scores, labels))),
        "classes_without_positives": unjudged + int(np.isnan(ap).sum()),
        "known_entries": int((labels != 0).sum()),
        **f1_scores(scores > 0, labels),
        **{f"{name}_top3": value for name, value in f1_scores(top3, labels).items()},
    }


def mean_average_precision(scores: np.ndarray, labels: np.ndarray) -> float:
    """The headline mAP in percent."""
    return float(np.nanmean(average_precision(scores, labels)))
