"""Caveats, to be read before any number: what the table lacks, and what makes a number weaker than it looks."""

from collections import Counter
from collections.abc import Iterator, Mapping, Set

from bench.data.image_sizes import enlarged_sentence
from bench.data.unknown import unknown_sentence
from bench.report.results import Results
from bench.report.source import installed_dataset

NAMED = 8
"""So many methods a sentence can name."""

OF_FLAGS = {
    "random weights": "Some backbones had random weights. Their numbers only show that the program runs.",
    "miniature": (
        "`tiny_clip` is a miniature that was taught on drawings and has seen no photograph: here its numbers show that "
        "the program runs, and not how methods compare. Give an encoder of photographs with `--backbone`."
    ),
    "no CLIP": (
        "`lite2_minilm` is no CLIP: an ImageNet trunk and a sentence encoder, joined by one linear map that saw no "
        "image with its text. Numbers of prompt methods on it are no numbers of these methods on CLIP."
    ),
}
"""What a flag of any number means for the whole report."""


def statements(results: Results) -> list[str]:
    """One sentence or two for each thing to know, the gravest first."""
    return list(_statements(results))


def _statements(results: Results) -> Iterator[str]:
    flags = {flag for row in results.rows.values() for flag in row.flags}
    dataset = installed_dataset(results.selection.dataset)
    if dataset and dataset.caveat:
        yield dataset.caveat
    yield from _reconstructions(results)
    yield from (statement for flag, statement in OF_FLAGS.items() if flag in flags)
    yield from _deviations(results)
    yield from _enlarged(results)
    yield from _unknown(results)
    yield from _gaps(results)
    yield from _stale(results)
    yield from _imported(results)
    yield from _packed(results)
    if len(results.seeds) == 1 and results.rows:
        yield (
            "One seed: no number has a spread, and no difference can be separated from chance; "
            "run the same with `--seeds 0-2` or more."
        )
    for warning in results.warnings:
        yield f"Take care: {warning}"


def _deviations(results: Results) -> Iterator[str]:
    sentences = {sentence: None for row in results.rows.values() for sentence in row.data.get("deviations", ())}
    if sentences:
        yield (
            f"These are not the images and labels of the papers: {'; '.join(sentences)}. Numbers here compare with "
            "each other, and not with a paper's."
        )


def _enlarged(results: Results) -> Iterator[str]:
    sentences = (enlarged_sentence(row.data, row.cell.backbone) for row in results.rows.values())
    for sentence in dict.fromkeys(filter(None, sentences)):
        yield f"{sentence[0].upper()}{sentence[1:]}."


def _reconstructions(results: Results) -> Iterator[str]:
    flagged = (row.cell.method.name for row in results.rows.values() if "reconstruction" in row.flags)
    for name in dict.fromkeys(flagged):
        yield (
            f"`{name}` is a reconstruction from public descriptions: its authors have published no code. Every number "
            "of it in this report is ours, and a gap to the paper may be ours too."
        )


def _unknown(results: Results) -> Iterator[str]:
    """What the rows say of labels that are unknown in the data itself, once for each dataset."""
    facts = {
        row.cell.dataset.fingerprint: (row.data["unknown"], len(row.class_ap))
        for row in results.rows.values()
        if "unknown" in row.data and row.class_ap
    }
    for unknown, classes in facts.values():
        sentence = unknown_sentence(unknown, classes)
        yield (
            f"{sentence[0].upper()}{sentence[1:]}. No unknown entry is trained on as known, or judged; a method that "
            "sees all labels sees all that are known in the data."
        )
        if left := unknown["not_judged"]:
            few = left if len(left) <= NAMED else [*left[:NAMED], f"and {len(left) - NAMED} more (results.csv has all)"]
            yield f"Without a known positive or a known negative test image, and so left out: {', '.join(few)}."


def _gaps(results: Results) -> Iterator[str]:
    counts: dict[str, int] = {}
    for gap in results.missing:
        counts[gap.state] = counts.get(gap.state, 0) + 1
    if counts:
        counted = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
        yield f"The table is not whole: {counted} of {len(results.selection.places)} places; the reasons stand below."


def _imported(results: Results) -> Iterator[str]:
    makers = Counter(origin.maker for origin in results.origins.values())
    if makers:
        by = "; ".join(f"{count} by {maker}" for maker, count in makers.most_common())
        yield (
            f"{sum(makers.values())} of {len(results.rows)} cells were trained elsewhere and imported: {by}. Their "
            "numbers are those of their scores; whether they were trained as they say cannot be checked here."
        )


def _packed(results: Results) -> Iterator[str]:
    packs = [pack for row in results.rows.values() if isinstance(pack := row.data.get("pack"), Mapping)]
    if packs:
        makers = "; ".join(dict.fromkeys(str(pack.get("by") or "somebody who is not named") for pack in packs))
        yield (
            f"{len(packs)} of {len(results.rows)} cells were trained on features of a feature pack, made by {makers}: "
            "labels and masks are the dataset's; that the features are cannot be checked without the images."
        )


def _stale(results: Results) -> Iterator[str]:
    if not results.stale:
        return
    if changed := results.stale - results.gone:
        yield (
            f"{len(changed)} of {len(results.rows)} cells are stale: the source code of {_named(results, changed)} has "
            "changed since, so running them again may give other numbers. Delete their folders under `cells/` and run "
            "again to know."
        )
    if results.gone:
        yield (
            f"{len(results.gone)} of {len(results.rows)} cells are of methods that are not installed here "
            f"({_named(results, results.gone)}): nobody can tell whether their source code has changed. "
            "`--plugin` loads it."
        )


def _named(results: Results, keys: Set[str]) -> str:
    """The lines of the table that hold these cells."""
    names = list(dict.fromkeys(place.method for place in results.selection.places if place.key in keys))
    return ", ".join(names) if len(names) <= NAMED else f"{len(names)} methods"
