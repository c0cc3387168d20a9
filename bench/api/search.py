"""A search: settings of each method chosen on held-out training images, then trained on all of them."""

import dataclasses
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.api.display import say_warning
from bench.api.execution import Execution
from bench.api.plan import make_plan
from bench.api.run import execute
from bench.api.search_options import SearchOptions
from bench.api.sweep import Sweep
from bench.api.trials import trials_display
from bench.data import Dataset
from bench.data.blind import blind
from bench.errors import UsageError
from bench.planning.plan import open_dataset, resolved_request
from bench.planning.request import Request
from bench.studies.search.archive import FOLDER, cells_of
from bench.studies.search.best import file_name, full_settings, retrained, sweep_file
from bench.studies.search.figures import search_figures, write_figures
from bench.studies.search.outcome import TrialRecord, best
from bench.studies.search.request import SearchRequest, search_requests
from bench.studies.search.session import Session, open_search
from bench.studies.search.space import lies_within, read_spaces
from bench.system.device import choose_device
from bench.system.files import write_text
from bench.tracking import following
from bench.training.resources import Resources


@dataclass(frozen=True)
class Searched:
    """The sessions of a search, a method each, and the file of the best settings; None if no trial came to its end."""

    request: Request
    sessions: Sequence[Session]
    file: Path | None

    @property
    def winners(self) -> dict[str, tuple[Session, TrialRecord]]:
        winners = {session.request.method: (session, best(session.archive.trials)) for session in self.sessions}
        return {method: (session, winner) for method, (session, winner) in winners.items() if winner}

    @property
    def failed(self) -> bool:
        return any(trial.state == "failed" for session in self.sessions for trial in session.archive.trials)

    def retrained(self, execution: Execution, command: Sequence[str], quiet: bool = False) -> Sweep:
        """The best settings trained on all training images and scored on the test split."""
        again = retrained(self.request, _settings(self.winners))
        return execute(make_plan(again, execution), command, quiet=quiet)


def search(
    request: Request, options: SearchOptions, execution: Execution, command: Sequence[str], quiet: bool = False
) -> Searched:
    """Search the settings of each method; the test split is out of reach.

    An interrupted search is resumed.
    """
    request, dataset, requests = plan_searches(request, options, execution)
    sessions = run_searches(requests, dataset, options, execution, command, quiet)
    searched = Searched(request, sessions, None)
    if not searched.winners:
        return searched
    names = [session.archive.name for session, _ in searched.winners.values()]
    path = options.out or execution.results / FOLDER / "best" / file_name(names)
    heading = [
        f"Found by: {shlex.join(command)}",
        f"on {request.holdout} % of the training images, held out and judged by their {options.judged} labels:",
        *(
            f"{method}: held-out mAP {winner.value:.2f} (trial {winner.number} of {session.archive.name})"
            for method, (session, winner) in searched.winners.items()
        ),
    ]
    write_text(path, sweep_file(options.flags, request, _settings(searched.winners), heading))
    return Searched(request, searched.sessions, path)


def plan_searches(
    request: Request, options: SearchOptions, execution: Execution, always_start: bool = False
) -> tuple[Request, Dataset, list[SearchRequest]]:
    """The request with its protocol, the dataset without a test split, and a search for each method.

    always_start: see `search_requests`.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # deterministic cuBLAS; before CUDA starts
    options.check()
    execution.check()
    execution.refuse_slurm()
    dataset = blind(open_dataset(request, execution.cache))
    request = resolved_request(dataclasses.replace(request, judged=options.judged), dataset)
    if options.judged == "full" and request.protocol == "native":
        raise UsageError(
            f"Labels of {request.dataset} are unknown in the data itself, and nothing more is hidden: held-out images "
            "can be judged by observed labels alone; leave out --holdout-labels full."
        )
    methods = tuple(variant.method for variant in request.variants)
    requests = search_requests(
        request,
        judged=options.judged,
        spaces=read_spaces(options.space, methods) if options.space else None,
        sampler=options.sampler,
        pruner=options.pruner,
        seed=options.seed,
        always_start=always_start,
    )
    return request, dataset, requests


def _settings(winners: Mapping[str, tuple[Session, TrialRecord]]) -> dict[str, Mapping[str, object]]:
    return {method: full_settings(session.request, winner) for method, (session, winner) in winners.items()}


def run_searches(
    requests: Sequence[SearchRequest],
    dataset: Dataset,
    options: SearchOptions,
    execution: Execution,
    command: Sequence[str],
    quiet: bool,
    end: Callable[[Sequence[Session]], object] = lambda sessions: None,
) -> list[Session]:
    """All searches, one after the other, on one executor; sessions with their trials done.

    end: called with them, in time for MLflow to have what it writes.
    """
    results, total = execution.store, options.trials
    cells = cells_of(results)
    sessions = [
        open_search(one, dataset, execution.results, total=total, storage=options.storage, command=command)
        for one in requests
    ]
    with (
        trials_display(quiet) as display,
        following(results, execution.tracking_uri, execution.mlflow) as follower,
    ):
        device = choose_device(execution.device)
        resources = Resources(dataset, device, execution.cache, progress=display.encoding)
        left = sum(session.trials.places(total) for session in sessions)
        if left and execution.encodes_here:
            resources.images.prepare(requests[0].cells(dataset, {})[0])
        with execution.open_executor(resources, cells, pending=left) as executor:
            for session in sessions:
                if session.archive.record["changed_code"]:
                    display.say(
                        f"warning: {session.archive.name} continues with trials of an older version of the method."
                    )
                before, plots = session.archive.trials, session.archive.folder / "plots"
                display.search_started(session.request.method, total, before)
                trials = session.run(executor, cells, display, total, options.retries)
                if trials != before or not plots.exists():
                    space = session.request.space
                    within = [trial for trial in trials if lies_within(space, trial.settings)]
                    write_figures(search_figures(within, space, _title(session)), plots)
        end(sessions)
        problem = follower.finish(display.say)
    if problem:
        say_warning(problem)
    return sessions


def _title(session: Session) -> str:
    request = session.request.sweep
    ratios = ", ".join(map(str, request.percents))
    return f"{session.request.method}: {request.dataset}, {request.protocol}, {ratios} % known"
