"""`bench sensitivity`: how much a method depends on single settings."""

import dataclasses
from typing import Annotated

import typer

from bench.cli.ablate import OneMethodFlags
from bench.cli.options import ExecutionFlags, PlanOnly


def sensitivity(
    request: OneMethodFlags,
    execution: ExecutionFlags,
    over: Annotated[
        list[str] | None,
        typer.Option(help="SETTING=VALUE,VALUE,... of the method, or SETTING for values that it declares; repeatable."),
    ] = None,
    dry_run: PlanOnly = False,
) -> None:
    """Vary single settings of a method, one at a time, with equal masks and orders: a curve for each.

    Exit codes: 0 all done, 1 some cell failed, 2 wrong usage, 130 interrupted.
    """
    from bench.cli.studies import conclude_study, one_method, say_notes, settings_of, train_study
    from bench.studies.sensitivity.design import plan_sensitivity
    from bench.studies.sensitivity.findings import read_sensitivity, sensitivity_records, sensitivity_tables
    from bench.studies.sensitivity.page import write_sensitivity

    requested = request.request()
    method = one_method(requested)
    study = plan_sensitivity(method, settings_of(method, requested, execution), over or [])
    say_notes(study.notes, execution.as_json)
    requested = dataclasses.replace(requested, methods=study.variants, study=study.to_json())
    sweep = train_study(
        requested, execution, dry_run, lambda results, store: write_sensitivity(read_sensitivity(results), store)
    )
    result = read_sensitivity(sweep.results)
    conclude_study(
        sweep,
        execution.as_json,
        sensitivity_tables(result),
        {"study": result.study, "table": sensitivity_records(result)},
    )
