"""Rows of `bench ls methods` and `bench ls metrics` as lines of text; no method is imported."""

import re
from collections.abc import Mapping
from typing import Any


def short_reference(reference: str) -> str:
    """Authors and place, without the title.

    >>> short_reference("Ridnik et al., Asymmetric Loss, Part 1, ICCV 2021, in its code; and more")
    'Ridnik et al., ICCV 2021'
    """
    authors, *others = reference.split(";")[0].split(", ")
    places = [part for part in others if re.search(r"\d{4}", part)]
    return ", ".join([authors, *places[-1:]])


def lines(row: Mapping[str, Any]) -> list[str]:
    """A row of `about` as lines: what a method is, its source, needs and protocols, where its defaults come from."""
    protocols = "those with known negatives" if "negatives" in row["needs"] else "all"
    needed = ", ".join(row["needs"]) or "nothing"
    origin = "" if row["from"] == "built in" else f"; from {row['from']}"
    facts = f"{short_reference(row['reference'])}; needs {needed}; protocols: {protocols}"
    return [row["what"], facts, f"defaults: {row['defaults_from']}{origin}"]


def metric_lines(row: Mapping[str, Any]) -> list[str]:
    """A row of `about_metric` as lines: its definition, how it is written, what it is a mean over."""
    origin = "" if row["from"] == "built in" else f"; from {row['from']}"
    return [row["what"], f"--metrics {row['written']}; a mean over {row['over']}; {row['better']} is better{origin}"]
