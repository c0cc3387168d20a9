"""`report.md`: what was run, what came out, what is missing, and what a reader must know before quoting it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.report.caveats import statements
from bench.report.render.provenance import protocol_table, provenance
from bench.report.render.safe_markdown import tame
from bench.report.results import Results
from bench.report.section import Section
from bench.report.tables.standard import percent_label
from bench.report.tables.table import Table, Value, markdown
from bench.system.wording import counted

__all__ = ["document", "gaps", "image", "section", "statements"]
NOTHING_MISSING = "Nothing: every place of the table has a number."


def document(results: Results, sections: Sequence[Section]) -> str:
    """The report as Markdown; the figures lie beside it."""
    return tame("\n\n".join(part.strip() for part in _parts(results, sections) if part.strip()) + "\n")


def _parts(results: Results, sections: Sequence[Section]) -> Iterator[str]:
    yield f"# {heading(results)}"
    yield state(results)
    yield "\n>\n".join(f"> {text}" for text in statements(results))
    for part in sections:
        yield f"## {part.title}"
        if part.table and part.table.rows:
            yield markdown(part.table)
        for drawing in part.drawings:
            yield image([f"{drawing.name}.png"], drawing.name, drawing.alt)
            yield drawing.caption
        for name, table in part.tables.items():
            if name in part.more:
                yield section(table, level=3)
        if part.records:
            yield f"In full precision: [{part.name}.csv]({part.name}.csv)."
    yield gaps(results)
    yield _methods(results)
    yield section(protocol_table(results), level=2)
    yield provenance(results)


def heading(results: Results) -> str:
    chosen = results.selection
    features = ", ".join(part for part in (f"{chosen.backbone} features", chosen.feed) if part)
    return f"{chosen.dataset}: recognition with missing labels ({chosen.protocol} labels, {features})"


def section(table: Table, level: int) -> str:
    return f"{'#' * level} {table.title}\n\n{markdown(table)}" if table.rows else ""


def image(images: Sequence[str], name: str, alt: str) -> str:
    if f"{name}.png" not in images:
        return ""
    return f"![{alt}]({name}.png)\n\nAs vector graphics: [{name}.svg]({name}.svg)"


def state(results: Results) -> str:
    """How much of the table is there, in a sentence."""
    filled, places = len(results.frame), len(results.selection.places)
    finished = max(results.frame["finished"], default="")
    date = f", the last of them finished {finished}" if finished else ""
    gaps = "" if filled == places else f" {places - filled} are [missing](#what-is-missing)."
    return f"{filled} of {places} places of the table are filled, by {counted(len(results.rows), 'cell')}{date}.{gaps}"


def gaps(results: Results) -> str:
    text = markdown(gap_table(results)) if results.missing else NOTHING_MISSING
    return f"## What is missing\n\n{text}"


def gap_table(results: Results) -> Table:
    """Places without a number, those of one reason in one line."""
    by_reason: dict[tuple[str, str, str], list[str]] = {}
    for gap in results.missing:
        place = f"{percent_label(gap.percent)} seed {gap.seed}" if gap.percent is not None else f"seed {gap.seed}"
        by_reason.setdefault((gap.method, gap.state, gap.reason), []).append(place)
    rows = tuple(
        (Value(method), Value(", ".join(places)), Value(state), Value(reason))
        for (method, state, reason), places in by_reason.items()
    )
    return Table("", ("method", "places", "state", "why"), rows)


def _methods(results: Results) -> str:
    notes = method_notes(results)
    items = [f"- **{method}**: {note}" if note else f"- **{method}**" for method, note in notes.items()]
    settings = [
        f"- {method}: " + ", ".join(f"`{name}={value}`" for name, value in options.items())
        for method in results.methods
        if (options := method_options(results, method))
    ]
    folded = ["<details><summary>All settings</summary>", "\n".join(settings), "</details>"] if settings else []
    return "\n\n".join(["## Methods", "\n".join(items), *folded])


def method_notes(results: Results) -> dict[str, str]:
    """Where each method comes from and what to know about it, in sentences."""
    notes, sentences = results.selection.notes, {}
    for method in results.methods:
        note = notes.get(method) or notes.get(method.partition(" [")[0], {})
        parts = [note.get("reference", ""), note.get("note", "")]
        sentences[method] = " ".join(f"{text[0].upper()}{text[1:].rstrip('.')}." for text in parts if text)
    return sentences


def method_options(results: Results, method: str) -> Mapping[str, Any]:
    """All options of the method's cells; they are the same in all of them."""
    rows = [row for percent in results.percents for row in results.filled.get((method, percent), ())]
    return rows[0].cell.method.options if rows else {}
