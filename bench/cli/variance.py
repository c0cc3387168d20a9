"""`bench variance`: which randomness the scatter between seeds comes from."""

import dataclasses
from typing import Annotated

import typer

from bench.cli.options import How, Ratios, Seeds, What, names
from bench.errors import UsageError


@dataclasses.dataclass(frozen=True, kw_only=True)
class WhatAtSeeds(What):
    """What is run: one ratio, several seeds."""

    ratios: Ratios = "0.1"
    seeds: Seeds = "0-4"


def variance(
    what: WhatAtSeeds,
    how: How,
    streams: Annotated[str, typer.Option(help="What is varied alone, each in turn.")] = "mask,init,order",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")] = False,
) -> None:
    """Vary the mask, the initialisation and the order of batches one at a time, and say how far mAP scatters with each.

    mask: which labels are known and which images are held out; init: initial parameters, dropout, augmentation; order:
    that of the training batches. Exit codes: 0 all done, 1 some cell failed, 2 wrong usage, 130 interrupted.
    """
    from bench.cli.execute import execute, planned, sweep_of
    from bench.cli.plans import show_plan
    from bench.cli.studies import conclude_study
    from bench.records.cells import STREAMS
    from bench.settings.registry import nearest
    from bench.studies.variance.design import lines, study
    from bench.studies.variance.findings import find, records, variance_table, write_variance

    chosen = names(streams)
    for name in chosen:
        if name not in STREAMS:
            raise UsageError(f"--streams: there is no stream {name!r}; {nearest(name, STREAMS)}")
    if not chosen:
        raise UsageError(f"--streams is empty; name at least one of {', '.join(STREAMS)}.")
    sweep = sweep_of(what)
    if len(sweep.seeds) < 2:
        raise UsageError(f"--seeds {what.seeds}: one seed has no scatter; give two at least, for instance 0-4.")
    methods = [variant.method for variant in sweep.variants]
    varied = dataclasses.replace(sweep, methods=lines(methods, chosen), study=study(methods, chosen, sweep.seeds))
    plan = planned(varied, how)
    if dry_run:
        show_plan(plan, how)
        return
    done = execute(plan, how, lambda results, store: write_variance(find(results), store))
    found = find(done.results)
    conclude_study(done, how, [variance_table(found)], {"variance": records(found)})
