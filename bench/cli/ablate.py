"""`bench ablate`: what the parts of a method bring."""

import dataclasses
import json
from typing import Annotated, Any

import typer

from bench.cli.options import ExecutionFlags, PlanOnly, Ratios, RequestFlags, Seeds
from bench.errors import UsageError
from bench.system.console import plain_console
from bench.system.wording import listed


@dataclasses.dataclass(frozen=True, kw_only=True)
class OneMethodFlags(RequestFlags):
    """Flags of the studies of one method."""

    methods: Annotated[str, typer.Option("--method", help="One name; see `bench ls methods`.")] = "trm_ml"
    ratios: Ratios = "0.1,0.5,0.9"
    seeds: Seeds = "0-2"


def ablate(
    request: OneMethodFlags,
    execution: ExecutionFlags,
    design: Annotated[
        str,
        typer.Option(
            help="leave-one-out, add-one-in, factorial (all combinations, with interactions), or ladder (built up step "
            "by step)."
        ),
    ] = "leave-one-out",
    parts: Annotated[
        str | None, typer.Option(help="Study only these parts, the others stay on; a ladder adds them in this order.")
    ] = None,
    list_parts: Annotated[bool, typer.Option("--list", help="Show the method's parts and stop.")] = False,
    dry_run: PlanOnly = False,
) -> None:
    """Switch the parts of a method off and on, with equal masks and orders, and show what each adds, with intervals.

    Exit codes: 0 all done, 1 some cell failed, 2 wrong usage, 130 interrupted.
    """
    from bench.cli.studies import conclude_study, one_method, say_notes, settings_of, train_study
    from bench.studies.ablation.designs import DESIGNS
    from bench.studies.ablation.findings import ablation_records, ablation_tables, read_ablation
    from bench.studies.ablation.page import write_ablation
    from bench.studies.ablation.plan import plan_ablation
    from bench.system.wording import nearest

    if design not in DESIGNS:
        raise UsageError(f"--design {design!r} is not known; {nearest(design, DESIGNS)}")
    requested = request.request()
    method = one_method(requested)
    if list_parts:
        _show_parts(method, execution.as_json)
        return
    study = plan_ablation(
        method, design, settings_of(method, requested, execution), listed(parts) if parts is not None else None
    )
    refused = [f"{arm.name} is not run: {arm.refused}" for arm in study.arms if arm.refused]
    say_notes([*study.notes, *refused], execution.as_json)
    requested = dataclasses.replace(requested, methods=study.variants, study=study.to_json())
    sweep = train_study(
        requested, execution, dry_run, lambda results, store: write_ablation(read_ablation(results, store), store)
    )
    ablation = read_ablation(sweep.results, sweep.store)
    conclude_study(
        sweep,
        execution.as_json,
        ablation_tables(ablation),
        {"study": ablation.study, "table": ablation_records(ablation)},
    )


def _show_parts(method: Any, as_json: bool) -> None:
    about = [
        {"part": name, "what": part.what, "off": dict(part.off), "needs": list(part.needs)}
        for name, part in method.switches.items()
    ]
    if as_json:
        typer.echo(json.dumps({"parts": about, "ladder": dict(method.ladder)}, indent=1))
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("part", "what it is", "off by", "needs"):
        table.add_column(column, no_wrap=column == "part")
    for part in about:
        off = ", ".join(f"{name}={value}" for name, value in part["off"].items())
        table.add_row(part["part"], part["what"], off, ", ".join(part["needs"]))
    console = plain_console()
    console.print(table if about else f"{method.name} declares no parts.")
    if method.ladder:
        console.print(f"ladder: {' | '.join(method.ladder)}")
