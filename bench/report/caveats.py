"""What must be read before any number: what the table lacks, and what makes a number weaker than it looks."""

from collections.abc import Iterator

from bench.report.results import Results

MINIATURE = (
    "`scenes` is a miniature: drawn scenes of 64 x 64 pixels and a CLIP of a few million weights, both shipped with "
    "this package. It shows that methods run and how they behave when labels go missing; no number here compares with "
    "a paper's on VOC, COCO or Visual Genome."
)
RECONSTRUCTION = (
    "`trm_ml` is a reconstruction from public descriptions: its authors have published no code. Every TRM-ML number in "
    "this report is ours, and a gap to the paper may be ours too."
)
NAMED = 8
"""So many methods a sentence can name."""

RANDOM = "Some backbones had random weights. Their numbers only show that the program runs."


def statements(results: Results) -> list[str]:
    """One sentence or two for each thing to know, the gravest first."""
    return list(_statements(results))


def _statements(results: Results) -> Iterator[str]:
    flags = {flag for row in results.rows.values() for flag in row.flags}
    if results.selection.dataset == "scenes":
        yield MINIATURE
    if any(method.startswith("trm_ml") for method in results.methods):
        yield RECONSTRUCTION
    if "random weights" in flags:
        yield RANDOM
    yield from _gaps(results)
    yield from _stale(results)
    if len(results.seeds) == 1 and results.rows:
        yield (
            "One seed: no number has a spread, and no difference can be told from luck; "
            "run the same with `--seeds 0-2` or more."
        )
    for warning in results.warnings:
        yield f"Take care: {warning}"


def _gaps(results: Results) -> Iterator[str]:
    counts: dict[str, int] = {}
    for gap in results.missing:
        counts[gap.state] = counts.get(gap.state, 0) + 1
    if counts:
        told = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
        yield f"The table is not whole: {told} of {len(results.selection.places)} places; the reasons stand below."


def _stale(results: Results) -> Iterator[str]:
    if not results.stale:
        return
    names = list(dict.fromkeys(place.method for place in results.selection.places if place.key in results.stale))
    told = ", ".join(names) if len(names) <= NAMED else f"{len(names)} methods"
    yield (
        f"{len(results.stale)} of {len(results.rows)} cells are stale: the source code of {told} has changed "
        "since, so running them again may give other numbers. Delete their folders under `cells/` and run again "
        "to know."
    )
