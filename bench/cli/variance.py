"""`bench variance`: which randomness the scatter between seeds comes from."""

import dataclasses
from typing import Annotated

import typer

from bench.cli.options import ExecutionFlags, PlanOnly, Ratios, RequestFlags, Seeds
from bench.errors import UsageError
from bench.system.wording import listed


@dataclasses.dataclass(frozen=True, kw_only=True)
class SeveralSeedsFlags(RequestFlags):
    """Flags with other defaults: one ratio, several seeds."""

    ratios: Ratios = "0.1"
    seeds: Seeds = "0-4"


def variance(
    request: SeveralSeedsFlags,
    execution: ExecutionFlags,
    streams: Annotated[
        str, typer.Option(help="The sources of randomness that are varied, one at a time.")
    ] = "mask,init,order",
    dry_run: PlanOnly = False,
) -> None:
    """Vary the mask, the initialisation and the order of batches one at a time; show how far mAP scatters with each.

    mask: which labels are known and which images are held out; init: initial parameters, dropout, augmentation; order:
    that of the training batches. Exit codes: 0 all done, 1 some cell failed, 2 wrong usage, 130 interrupted.
    """
    from bench.cli.studies import conclude_study, train_study
    from bench.records.cells import CELL_STREAMS
    from bench.studies.variance.design import study, variance_lines
    from bench.studies.variance.findings import read_variance, variance_records, variance_table, write_variance
    from bench.system.wording import nearest

    chosen = listed(streams)
    for name in chosen:
        if name not in CELL_STREAMS:
            raise UsageError(f"--streams: there is no stream {name!r}; {nearest(name, CELL_STREAMS)}")
    if not chosen:
        raise UsageError(f"--streams is empty; name at least one of {', '.join(CELL_STREAMS)}.")
    requested = request.request()
    if len(requested.seeds) < 2:
        raise UsageError(f"--seeds {request.seeds}: one seed has no scatter; give at least two, for instance 0-4.")
    methods = [variant.method for variant in requested.variants]
    varied = dataclasses.replace(
        requested, methods=variance_lines(methods, chosen), study=study(methods, chosen, requested.seeds)
    )
    sweep = train_study(
        varied, execution, dry_run, lambda results, store: write_variance(read_variance(results), store)
    )
    result = read_variance(sweep.results)
    conclude_study(sweep, execution.as_json, [variance_table(result)], {"variance": variance_records(result)})
