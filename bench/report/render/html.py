"""`report.html`: one page that needs no network, and a page for each cell beside it."""

import base64
import functools
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from bench.report.calibration import Reliability
from bench.report.caveats import statements
from bench.report.render.layout import figure_width, layout_of, lead_figures
from bench.report.render.markdown import NOTHING_MISSING, gap_table, heading, method_notes, method_options, state
from bench.report.render.provenance import environments, protocol_table
from bench.report.results import Results
from bench.report.section import Drawing, Section
from bench.report.tables.standard import percent_label
from bench.report.tables.table import Table

_NUMBER = re.compile(r"[-−+]?\d[\d,]*\.?\d*")
_CODE = re.compile(r"`([^`]*)`")
_LINK = re.compile(r"\[([^\]]*)\]\((#[^)]*)\)")


@functools.cache
def page_templates() -> Environment:
    """Templates with everything escaped that is not marked as markup."""
    templates = Environment(
        loader=PackageLoader("bench.report.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"prose": prose, "order": order, "ratio": percent_label, "fact": fact_text}
    return templates


def prose(text: str) -> Markup:
    """A sentence with Markdown's `code` and links inside the page."""
    marked = _LINK.sub(r'<a href="\2">\1</a>', str(escape(text)))
    return Markup(_CODE.sub(r"<code>\1</code>", marked))


def order(text: str) -> str:
    """The number by which a value is sorted; "" sorts last.

    >>> order("82.6 ± 1.2"), order("−1.23 [−2.00, −0.40]"), order("1,234"), order("-")
    ('82.6', '-1.23', '1234', '')
    """
    match = _NUMBER.match(text)
    return match[0].replace("−", "-").replace(",", "").replace("+", "") if match else ""


def fact_text(value: Any) -> str:
    """A fact of any type as a person reads it."""
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {fact_text(inner)}" for name, inner in value.items())
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def report_page(results: Results, sections: Sequence[Section], calibration: Mapping[str, Reliability]) -> str:
    """The whole report as one file; it links to `cells/<key>.html`."""
    lines = results.frame.to_dict("records")
    table = sections[0].table if sections else Table("", (), ())
    lead = lead_figures(sections)
    others = [replace(one, drawings=tuple(d for d in one.drawings if d not in lead)) for one in sections]
    return (
        page_templates()
        .get_template("report.html")
        .render(
            title=heading(results),
            results=results,
            state=state(results),
            statements=statements(results),
            lead=lead,
            sections=others,
            table=table,
            gaps=gap_table(results),
            nothing_missing=NOTHING_MISSING,
            failed={gap.key for gap in results.missing if gap.key},
            notes=method_notes(results),
            options={method: method_options(results, method) for method in results.methods},
            protocol=protocol_table(results),
            environments=list(environments(results)),
            cells=[_cell(line, results, calibration) for line in lines],
            seeds={line["key"]: line["seed"] for line in lines},
            numbers={line["key"]: line["mAP"] for line in lines},
            colours={method: style.colour for method, style in results.styles.items()},
            percents=results.percents,
            data_uri=data_uri,
            width=figure_width,
            layout_of=layout_of,
        )
    )


def _cell(line: Mapping[Hashable, Any], results: Results, calibration: Mapping[str, Reliability]) -> dict[str, Any]:
    """A line of the table of all cells."""
    row = results.rows[line["key"]]
    reliability = calibration.get(row.key)
    percent = None if line["percent"] is None or line["percent"] != line["percent"] else int(line["percent"])
    flags = [*row.flags, *(["stale"] if row.key in results.stale else [])]
    return {
        "method": line["method"],
        "percent": percent,
        "seed": line["seed"],
        "key": row.key,
        "role": line["role"],
        "flags": ", ".join(flags),
        "values": [
            row.mAP,
            row.metrics.get("mAP_asl"),
            row.metrics.get("mAP_voc"),
            row.test_best.get("mAP"),
            (row.heldout_best or {}).get("mAP"),
            row.metrics.get("CF1"),
            row.metrics.get("OF1"),
            row.metrics.get("CF1_top3"),
            row.metrics.get("OF1_top3"),
            reliability.error if reliability else None,
            row.timings.get("train"),
            *(line[metric.written] for metric in results.metrics),
        ],
    }


def data_uri(drawing: Drawing) -> str:
    """The figure inside the page: each SVG in a document of its own, so that their ids cannot clash."""
    return "data:image/svg+xml;base64," + base64.b64encode(drawing.images["svg"]).decode()


def templates_digest() -> bytes:
    """The templates' text, for the hash of what a report is made from."""
    return b"".join(file.read_bytes() for file in sorted((Path(__file__).parent / "templates").iterdir()))
