"""`bench sensitivity`: how much a method depends on single settings."""

import dataclasses
from typing import Annotated

import typer

from bench.cli.ablate import OneMethodFlags
from bench.cli.options import ExecutionFlags
from bench.cli.output import command_line, show_plan


def sensitivity(
    request: OneMethodFlags,
    execution: ExecutionFlags,
    over: Annotated[
        list[str] | None,
        typer.Option(help="SETTING=VALUE,VALUE,... of the method, or SETTING for values that it declares; repeatable."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")] = False,
) -> None:
    """Vary single settings of a method, one at a time, with equal masks and orders: a curve for each.

    Exit codes: 0 all done, 1 some cell failed, 2 wrong usage, 130 interrupted.
    """
    from bench.api.plan import make_plan
    from bench.api.run import execute
    from bench.cli.studies import conclude_study, one_method, say_notes, settings_of
    from bench.studies.sensitivity.design import plan_sensitivity
    from bench.studies.sensitivity.findings import read_sensitivity, sensitivity_records, sensitivity_tables
    from bench.studies.sensitivity.page import write_sensitivity

    requested = request.request()
    method = one_method(requested)
    study = plan_sensitivity(method, settings_of(method, requested), over or [])
    say_notes(study.notes, execution.as_json)
    requested = dataclasses.replace(requested, methods=study.variants, study=study.to_json())
    plan = make_plan(requested, execution.execution())
    if dry_run:
        show_plan(plan, execution.as_json)
        return
    sweep = execute(
        plan,
        command_line(),
        quiet=execution.as_json,
        study=lambda results, store: write_sensitivity(read_sensitivity(results), store),
    )
    result = read_sensitivity(sweep.results)
    conclude_study(
        sweep,
        execution.as_json,
        sensitivity_tables(result),
        {"study": result.study, "table": sensitivity_records(result)},
    )
