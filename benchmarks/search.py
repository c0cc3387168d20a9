"""TPE against random search at equal trials, for chosen methods and several seeds of the search.

    python benchmarks/search.py --methods asl,dualcoop --trials 30 --search-seeds 0-4

A search sees held-out training images alone, judged by their observed labels. For each method, sampler and search seed
this prints the held-out objective of the best trial, that of the settings as they were, and the test mAP of both,
retrained on all training images: whether what was won on held-out images is there on the test split is what counts.
Everything goes into one store, so an interrupted run is resumed, and equal cells are trained once.
"""

import argparse
import dataclasses
import statistics
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

SAMPLERS = ("tpe", "random")


class Line(NamedTuple):
    """One finished search, and its settings retrained. Percent."""

    method: str
    sampler: str
    seed: int
    heldout: float
    heldout_before: float | None
    test: float
    test_before: float

    def text(self) -> str:
        before = "   -  " if self.heldout_before is None else f"{self.heldout_before:6.2f}"
        return (
            f"{self.method:16} {self.sampler:7} {self.seed:4}  {self.heldout:6.2f} (was {before})  "
            f"{self.test:6.2f} (was {self.test_before:6.2f})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", default="asl,dualcoop")
    parser.add_argument("--ratios", default="0.1,0.5")
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--search-seeds", default="0-2")
    parser.add_argument("--samplers", default=",".join(SAMPLERS))
    parser.add_argument("--holdout", type=int, default=20)
    parser.add_argument("--pruner", default="none")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--executor", default="auto")
    parser.add_argument("--set", action="append", default=[], help="as for `bench run`")
    parser.add_argument("--results", type=Path, default=Path(tempfile.gettempdir()) / "bench-search")
    flags = parser.parse_args()

    from bench.planning.ratios import parse_ratios, parse_seeds
    from bench.planning.request import Request
    from bench.settings.overrides import parse_overrides
    from bench.studies.search.samplers import check_names
    from bench.system.paths import default_cache

    samplers = flags.samplers.split(",")
    for sampler in samplers:
        check_names(sampler, flags.pruner)
    sweep = Request(
        methods=tuple(flags.methods.split(",")),
        percents=tuple(parse_ratios(flags.ratios)),
        holdout=flags.holdout,
        overrides=parse_overrides(flags.set),
    )
    lines = []
    print("method           sampler seed  held-out mAP of the best  test mAP, retrained", flush=True)  # noqa: T201
    for seed in parse_seeds(flags.search_seeds):
        for sampler in samplers:
            for line in compare(sweep, sampler, seed, flags, default_cache()):
                print(line.text(), flush=True)  # noqa: T201
                lines.append(line)
    summarise(lines, samplers)


def compare(sweep: Any, sampler: str, seed: int, flags: argparse.Namespace, cache: Path) -> list[Line]:
    """Search every method with this sampler and seed, then retrain what was found and what was there before."""
    import torch

    from bench.data.blind import blind
    from bench.executors import open_executor
    from bench.executors.driver import run_cells
    from bench.planning.plan import cells, open_dataset, plan
    from bench.planning.request import Variant
    from bench.records.store import Store
    from bench.studies.search.archive import cells_of
    from bench.studies.search.best import full_settings
    from bench.studies.search.outcome import best
    from bench.studies.search.request import search_requests
    from bench.studies.search.session import open_search
    from bench.system.device import choose_device
    from bench.training.resources import Resources

    torch.set_num_threads(1)
    device, results = choose_device("auto"), Store(flags.results)
    options = {"workers": flags.workers, "threads": 1}
    unseen, searches = blind(open_dataset(sweep, cache)), cells_of(results)
    sessions = []
    resources = Resources(unseen, device, cache, progress=_silent)
    with open_executor(flags.executor, resources, searches, **options) as executor:
        for request in search_requests(sweep, sampler=sampler, pruner=flags.pruner, seed=seed):
            session = open_search(request, unseen, flags.results, total=flags.trials)
            session.run(executor, searches, _Nobody(), flags.trials)
            sessions.append(session)

    # The test split is opened only now.
    dataset = open_dataset(sweep, cache)
    resources = Resources(dataset, device, cache, progress=_silent)
    winners = [(s, winner) for s in sessions if (winner := best(s.archive.trials))]
    variants = [
        Variant(s.request.method, full_settings(s.request, winner), f"{s.request.method} found")
        for s, winner in winners
    ]
    variants += [Variant(s.request.method, {}, f"{s.request.method} before") for s, _ in winners]
    entries = plan(dataclasses.replace(sweep, methods=tuple(variants), holdout=0), dataset)
    with open_executor(flags.executor, resources, results, **options) as executor:
        run_cells(list(cells(entries)), results, executor, _Nobody())

    def test(name: str) -> float:
        return statistics.fmean(results.row(e.cell.key).mAP for e in entries if e.cell and e.method == name)

    lines = []
    for session, winner in winners:
        method = session.request.method
        first = next((t.value for t in session.archive.trials if t.number == 0 and t.origin), None)
        levels = test(f"{method} found"), test(f"{method} before")
        lines.append(Line(method, sampler, seed, winner.value or 0.0, first, *levels))
    return lines


def summarise(lines: list[Line], samplers: list[str]) -> None:
    """Means over search seeds, and how often the first sampler beat the second, on either kind of images."""
    for method in dict.fromkeys(line.method for line in lines):
        for sampler in samplers:
            selected = [line for line in lines if (line.method, line.sampler) == (method, sampler)]
            if selected:
                heldout, test = (
                    statistics.fmean(getattr(line, what) for line in selected) for what in ("heldout", "test")
                )
                text = f"mean of {len(selected)} seeds: held-out {heldout:.2f}, test {test:.2f}"
                print(f"{method:16} {sampler:7} {text}")  # noqa: T201
        if len(samplers) == 2:
            one, other = ({n.seed: n for n in lines if (n.method, n.sampler) == (method, s)} for s in samplers)
            seeds = sorted(one.keys() & other.keys())
            for what in ("heldout", "test"):
                wins = sum(getattr(one[seed], what) > getattr(other[seed], what) for seed in seeds)
                print(f"{method:16} {samplers[0]} above {samplers[1]} on {what} in {wins} of {len(seeds)} seeds")  # noqa: T201


def _silent(title: str, done: int, total: int) -> None:
    """Nobody watches."""


class _Nobody:
    """Watches trials and cells without a word, but for failures."""

    def trial_started(self, trial: Any) -> None: ...

    def trial_ended(self, trial: Any) -> None:
        if trial.state == "failed":
            print(f"trial {trial.number} failed: {trial.reason}", flush=True)  # noqa: T201

    def cell_started(self, cell: Any) -> None: ...

    def epoch_ended(self, *arguments: Any) -> None: ...

    def cell_ended(self, cell: Any, ending: str, message: str) -> None:
        if ending == "failed":
            print(f"{cell.title} failed: {message}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
