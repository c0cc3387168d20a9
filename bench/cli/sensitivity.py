"""`bench sensitivity`: how much a method depends on single settings."""

import dataclasses
from typing import Annotated

import typer

from bench.cli.ablate import WhatOfOne
from bench.cli.options import How


def sensitivity(
    what: WhatOfOne,
    how: How,
    over: Annotated[
        list[str] | None,
        typer.Option(
            help="SETTING=VALUE,VALUE,... of the method, or SETTING for values that it declares; again for another."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")] = False,
) -> None:
    """Vary single settings of a method, one at a time, at equal masks and order: a curve for each.

    Exit codes: 0 all done, 1 some cell failed, 2 wrong usage, 130 interrupted.
    """
    from bench.cli.execute import execute, planned, sweep_of
    from bench.cli.plans import show_plan
    from bench.cli.studies import conclude_study, one_method, say_notes, settings_of
    from bench.studies.sensitivity.design import plan_study
    from bench.studies.sensitivity.findings import find, records, tables
    from bench.studies.sensitivity.page import write_sensitivity

    sweep = sweep_of(what)
    method = one_method(sweep)
    study = plan_study(method, settings_of(method, sweep), over or [])
    say_notes(study.notes, how)
    plan = planned(dataclasses.replace(sweep, methods=study.variants, study=study.to_json()), how)
    if dry_run:
        show_plan(plan, how)
        return
    done = execute(plan, how, lambda results, store: write_sensitivity(find(results), store))
    found = find(done.results)
    conclude_study(done, how, tables(found), {"study": found.study, "table": records(found)})
