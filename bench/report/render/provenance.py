"""Provenance of a report's numbers: protocols, software and machines."""

from collections.abc import Iterator, Mapping
from typing import Any

from bench.report.results import Results
from bench.report.tables.standard import percent_label
from bench.report.tables.table import Table, Value


def protocol_table(results: Results) -> Table:
    """Facts of the masks, once for each ratio and seed: they are the same for all methods."""
    frame = results.frame[results.frame["role"] == "observed"].drop_duplicates(["percent", "seed", "mask_sha256"])
    rows = []
    for line in frame.sort_values(["percent", "seed"]).to_dict("records"):
        mask = results.rows[line["key"]].mask
        shares = [f"{100 * mask[name]:.2f} %" for name in ("known", "known_positives", "known_negatives")]
        counts = [str(mask[name]) for name in ("images_without_labels", "classes_without_positives")]
        ratio = "" if results.percents == (None,) else percent_label(int(line["percent"]))
        texts = [str(line["seed"]), *shares, *counts, f"`{mask['sha256'][:12]}`"]
        rows.append((Value(ratio), *map(Value, texts)))
    return Table(
        title=f"Protocol: {results.selection.protocol}",
        columns=(
            "requested", "seed", "known", "of the positives", "of the negatives", "images without labels",
            "classes without positives", "mask (SHA-256)",
        ),
        rows=tuple(rows),
        caption="The masks as drawn: one line for each ratio and seed, or more where methods saw different labels.",
    )  # fmt: skip


def provenance(results: Results) -> str:
    lines = ["## What was run", ""]
    for record in results.selection.records:
        lines.append(f"- sweep `{record.id}`, first run {record.created}: `{' '.join(record.command)}`")
    for title, value in environments(results):
        lines.append(f"- {title}: {value}")
    lines.append("- every number in full precision: [results.csv](results.csv)")
    return "\n".join(lines)


def environments(results: Results) -> Iterator[tuple[str, str]]:
    """Each fact of the environments; several values where the cells differ."""
    facts: dict[str, dict[str, None]] = {}
    for row in results.rows.values():
        for name, value in row.environment.items():
            facts.setdefault(name, {})[_plain(value)] = None
    for name, values in facts.items():
        yield name, " / ".join(value for value in values if value) or "not recorded"


def _plain(value: Any) -> str:
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, Mapping) else str(value)
