"""The sections of pseudo-labels."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.report.figures.captions import averaged
from bench.report.figures.many_methods import METHOD_LIMIT, methods_by_level
from bench.report.figures.pseudo_labels import FEWEST_LABELS, pseudo_figure
from bench.report.results import Results
from bench.report.section import Section, drawn
from bench.report.sections.extent import ends
from bench.report.tables.flags import method_flags
from bench.report.tables.pseudo_labels import PSEUDO_KINDS, judged, makers, pseudo_table
from bench.report.tables.table import flagged

if TYPE_CHECKING:
    import pandas as pd


def pseudo_label_sections(results: Results, epochs: "pd.DataFrame") -> Iterator[Section]:
    best = methods_by_level(results)
    for kind in PSEUDO_KINDS:
        frame = judged(epochs, kind)
        methods = makers(results, frame)
        if not methods:
            continue
        table = flagged(pseudo_table(results, frame, kind), method_flags(results))
        drawn_methods = sorted(sorted(methods, key=best.index)[:METHOD_LIMIT], key=methods.index)
        which = f" of the best {METHOD_LIMIT} that make them" if len(drawn_methods) < len(methods) else ""
        alt = f"Precision and {kind.share_label} of the methods' {kind.count.replace('_', '-')} over epochs"
        caption = (
            f"Lines{which} are {averaged(results)}, from the first pseudo-label on; the lowest and the highest ratio. "
            f"The precision of fewer than {FEWEST_LABELS} is not drawn."
        )
        images = pseudo_figure(frame, kind, drawn_methods, ends(results.percents), results.styles)
        drawings = drawn(kind.name, images, alt, caption)
        yield Section(kind.name, kind.title, table, drawings, short=kind.title.replace(":", ""))
