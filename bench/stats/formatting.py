"""Formatting of differences: never without the interval, and with "n.s." where it may be nothing."""

from bench.stats.resampling import Difference

NOT_SIGNIFICANT = "n.s."


def difference_text(difference: Difference) -> str:
    """With a sign, two decimals and a true minus.

    >>> difference_text(Difference(-0.4, -1.1, 0.3, 0.21, 2000, 1000))
    '−0.40 [−1.10, +0.30] n.s.'
    """
    text = f"{difference.estimate:+.2f} [{difference.low:+.2f}, {difference.high:+.2f}]".replace("-", "−")
    return f"{text} {NOT_SIGNIFICANT}" if difference.not_significant else text


def p_text(p: float) -> str:
    """
    >>> p_text(0.0312), p_text(0.0004), p_text(0.4)
    ('p = 0.031', 'p < 0.001', 'p = 0.40')
    """
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"
