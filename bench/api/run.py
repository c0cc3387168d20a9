"""Execution of a plan: every cell is run, MLflow is kept up to date, and the report is written."""

import datetime
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from bench.api.display import PlainObserver, observing
from bench.api.outlook import expected_memory
from bench.api.plan import Plan
from bench.api.sweep import Sweep
from bench.executors.driver import run_cells
from bench.planning.memory import least_need, most_need
from bench.planning.record import record
from bench.records.cells import Cell
from bench.records.store import Store
from bench.records.sweeps import SweepRecord
from bench.report import Results, read_results, write_report
from bench.report.write import IN_PASSING
from bench.system.device import choose_device
from bench.system.wording import counted
from bench.tracking import following
from bench.training.resources import Resources


def execute(
    plan: Plan, command: Sequence[str], *, quiet: bool = False, study: Callable[[Results, Store], Path] | None = None
) -> Sweep:
    """Bring every cell of the plan to its end, with its progress on standard error, and write the report.

    command: the command line, for the store's record. study: writes the page of the study that the sweep is of, in
    time for MLflow to have it.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # deterministic cuBLAS; before CUDA starts
    execution, store, device = plan.execution, plan.execution.store, choose_device(plan.execution.device)
    sweep_record = _keep_request(plan, command)
    with (
        observing(plan.cells, store, quiet, plan.titles) as observer,
        following(store, execution.tracking_uri, execution.mlflow) as follower,
    ):
        _run(plan, store, device, observer)
        results = read_results(store, sweep_record.id)
        write_report(results, store, within=IN_PASSING)
        page = study(results, store) if study else None
        problem = follower.finish(observer.say)
    return Sweep(results, store, observer.failed, page, problem)


def submit(plan: Plan, command: Sequence[str], say: Callable[[str], None]) -> None:
    """Give the cells that are not done to jobs of a Slurm cluster, and follow none of them."""
    from bench.executors.slurm.launcher import open_launcher

    execution, store = plan.execution, plan.execution.store
    pending = _pending(plan, store)
    resources = Resources(
        plan.dataset,
        choose_device(execution.device),
        execution.cache,
        progress=lambda title, done, total: None,
        kept=execution.kept,
    )
    needs = expected_memory(execution, pending, plan.dataset)
    options = {"workers": execution.workers, "threads": execution.threads, "largest": most_need(pending, needs)}
    launch = open_launcher(resources, store, execution.cluster, **options, say=say)
    if pending:
        launch(pending)
    _keep_request(plan, command)
    done = len(plan.cells) - len(pending)
    say(f"{done} of {counted(len(plan.cells), 'cell')} done; how they go on: bench status --results {store.root}")


def _keep_request(plan: Plan, command: Sequence[str]) -> SweepRecord:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    sweep_record = record(plan.request, plan.entries, command=command, created=now)
    plan.execution.store.save_sweep(sweep_record)
    return sweep_record


def _pending(plan: Plan, store: Store) -> list[Cell]:
    return [cell for cell in plan.cells if store.state(cell.key) != "done"]


def _run(plan: Plan, store: Store, device: torch.device, observer: PlainObserver) -> None:
    """Run the cells on the requested executor."""
    execution = plan.execution
    resources = Resources(
        plan.dataset,
        device,
        execution.cache,
        progress=observer.encoding,
        kept=execution.kept,
    )
    pending = _pending(plan, store)
    needs = expected_memory(execution, pending, plan.dataset)
    least, most = least_need(pending, needs), most_need(pending, needs)
    with execution.open_executor(resources, store, len(pending), least, most, observer.say) as executor:
        if pending and execution.encodes_here:
            resources.images.prepare(pending[0])
        run_cells(plan.cells, store, executor, observer)
