"""Time and memory of the paired bootstrap of two methods: an embedded test split, and one of COCO's size.

python benchmarks/stats.py
"""

import resource
import time

import numpy as np
import typer

from bench.stats import bootstrap, difference_text

SIZES = ((2_000, 20, 0.15), (40_000, 80, 0.036))
"""Images, classes, share of positives."""


def main(resamples: int = 1000) -> None:
    """Print a line for each size."""
    for images, classes, share in SIZES:
        rng = np.random.default_rng(0)
        labels = np.where(rng.random((images, classes), np.float32) < share, 1, -1).astype(np.int8)
        one, other = (
            rng.standard_normal(labels.shape, np.float32) + np.float32(level) * (labels == 1) for level in (2.1, 2.0)
        )
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        differences = bootstrap({"one": [one], "other": [other]}, labels, resamples=resamples)
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        typer.echo(
            f"{images:,} x {classes}, 2 methods, {resamples:,} resamples: {seconds:.1f} s, peak {peak / 1024:,.0f} MiB "
            f"({(peak - before) / 1024:+,.0f}), difference {difference_text(differences.difference('one', 'other'))}"
        )


if __name__ == "__main__":
    typer.run(main)
