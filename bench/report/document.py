"""`report.md`: what was run, what came out, what is missing, and what a reader must know before quoting it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.report.results import Results
from bench.report.table import Table, Value, markdown
from bench.report.tables import average_table, cost_table, percent_label, ratio_table

MINIATURE = (
    "`scenes` is a miniature: drawn scenes of 64 x 64 pixels and a CLIP of a few million weights, both shipped with "
    "this package. It shows that methods run and how they behave when labels go missing; no number here compares with "
    "a paper's on VOC, COCO or Visual Genome."
)
RECONSTRUCTION = (
    "`trm_ml` is a reconstruction from public descriptions: its authors have published no code. Every TRM-ML number in "
    "this report is ours, and a gap to the paper may be ours too."
)
RANDOM = "Some backbones had random weights. Their numbers only show that the program runs."


def document(results: Results, images: Sequence[str]) -> str:
    """The report as Markdown; `images` are the files that lie beside it."""
    return "\n\n".join(part.strip() for part in _parts(results, images) if part.strip()) + "\n"


def _parts(results: Results, images: Sequence[str]) -> Iterator[str]:
    chosen = results.selection
    yield f"# {chosen.dataset}: recognition with missing labels ({chosen.protocol} labels, {chosen.backbone} features)"
    yield _state(results)
    yield "\n>\n".join(f"> {text}" for text in _statements(results))
    yield _section(ratio_table(results), level=2)
    yield _image(images, "ratios", "mAP over the share of known labels")
    if len(results.percents) > 1 and "ratios.png" in images:
        yield "Lines are means over seeds, bands one standard deviation; dashed lines do not depend on the ratio."
    yield _section(average_table(results), level=2)
    if "curves.png" in images:
        yield "## Learning curves"
        yield _image(images, "curves", "Test mAP over epochs for each share of known labels")
    yield _gaps(results)
    yield _methods(results)
    yield _section(_protocol_table(results), level=2)
    yield _section(cost_table(results), level=2)
    yield _run(results)


def _section(table: Table, level: int) -> str:
    return f"{'#' * level} {table.title}\n\n{markdown(table)}" if table.rows else ""


def _image(images: Sequence[str], name: str, alt: str) -> str:
    if f"{name}.png" not in images:
        return ""
    return f"![{alt}]({name}.png)\n\nAs vector graphics: [{name}.svg]({name}.svg)"


def _state(results: Results) -> str:
    filled, places = len(results.frame), len(results.selection.places)
    finished = max(results.frame["finished"], default="")
    date = f", the last of them finished {finished}" if finished else ""
    gaps = "" if filled == places else f" [{places - filled} are missing](#what-is-missing)."
    return f"{filled} of {places} places of the table are filled, by {len(results.rows)} cells{date}.{gaps}"


def _statements(results: Results) -> list[str]:
    """What must be read before any number."""
    flags = {flag for row in results.rows.values() for flag in row.flags}
    statements = [MINIATURE] if results.selection.dataset == "scenes" else []
    statements += [RECONSTRUCTION] if any(method.startswith("trm_ml") for method in results.methods) else []
    statements += [RANDOM] if "random weights" in flags else []
    return statements + [f"Take care: {warning}" for warning in results.warnings]


def _gaps(results: Results) -> str:
    if not results.missing:
        return "## What is missing\n\nNothing: every place of the table has a number."
    by_reason: dict[tuple[str, str, str], list[str]] = {}
    for gap in results.missing:
        place = f"{percent_label(gap.percent)} seed {gap.seed}" if gap.percent is not None else f"seed {gap.seed}"
        by_reason.setdefault((gap.method, gap.state, gap.reason), []).append(place)
    rows = tuple(
        (Value(method), Value(", ".join(places)), Value(state), Value(reason))
        for (method, state, reason), places in by_reason.items()
    )
    return f"## What is missing\n\n{markdown(Table('', ('method', 'places', 'state', 'why'), rows))}"


def _methods(results: Results) -> str:
    notes: dict[str, Mapping[str, str]] = {}
    for record in results.selection.records:
        notes |= record.get("notes", {})
    items = []
    for method in results.methods:
        note = notes.get(method.partition(" [")[0], {})
        said = [note.get("reference", ""), note.get("note", "")]
        sentences = [f"{text[0].upper()}{text[1:].rstrip('.')}." for text in said if text]
        items.append(f"- **{method}**: {' '.join(sentences)}" if sentences else f"- **{method}**")
    settings = [line for method in results.methods for line in _settings(results, method)]
    folded = ["<details><summary>All settings</summary>", "\n".join(settings), "</details>"] if settings else []
    return "\n\n".join(["## Methods", "\n".join(items), *folded])


def _settings(results: Results, method: str) -> Iterator[str]:
    """All options of the method's cells; they are the same in all of them."""
    rows = [row for percent in results.percents for row in results.filled.get((method, percent), ())]
    if rows:
        options = rows[0].cell.method.options
        yield f"- {method}: " + ", ".join(f"`{name}={value}`" for name, value in options.items())


def _protocol_table(results: Results) -> Table:
    """Facts of the masks, once for each ratio and seed: they are the same for all methods."""
    frame = results.frame[results.frame["role"] == "observed"].drop_duplicates(["percent", "seed", "mask_sha256"])
    rows = []
    for line in frame.sort_values(["percent", "seed"]).to_dict("records"):
        mask = results.rows[line["key"]].mask
        shares = [f"{100 * mask[name]:.2f} %" for name in ("known", "known_positives", "known_negatives")]
        counts = [str(mask[name]) for name in ("images_without_labels", "classes_without_positives")]
        asked = "" if results.percents == (None,) else percent_label(int(line["percent"]))
        texts = [str(line["seed"]), *shares, *counts, f"`{mask['sha256'][:12]}`"]
        rows.append((Value(asked), *map(Value, texts)))
    return Table(
        title=f"Protocol: {results.selection.protocol}",
        columns=(
            "asked for", "seed", "known", "of the positives", "of the negatives", "images without labels",
            "classes without positives", "mask (SHA-256)",
        ),
        rows=tuple(rows),
        caption="What the masks came to: one line a ratio and seed, unless methods saw different labels.",
    )  # fmt: skip


def _run(results: Results) -> str:
    lines = ["## What was run", ""]
    for record in results.selection.records:
        lines.append(f"- sweep `{record['id']}`, first asked for {record['created']}: `{' '.join(record['command'])}`")
    for title, value in _environments(results):
        lines.append(f"- {title}: {value}")
    lines.append("- every number in full precision: [results.csv](results.csv)")
    return "\n".join(lines)


def _environments(results: Results) -> Iterator[tuple[str, str]]:
    """Each fact of the environments; several values where the cells differ."""
    facts: dict[str, dict[str, None]] = {}
    for row in results.rows.values():
        for name, value in row.environment.items():
            facts.setdefault(name, {})[_plain(value)] = None
    for name, values in facts.items():
        yield name, " / ".join(value for value in values if value) or "not recorded"


def _plain(value: Any) -> str:
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, Mapping) else str(value)
