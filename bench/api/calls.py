"""The Python interface's functions: the words of the command line as parameters."""

import inspect
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from bench.api.execution import Execution
from bench.api.plan import Plan, make_plan
from bench.api.python_words import Numbers, flag_text, python_words, with_words_of
from bench.api.request import request_of
from bench.api.run import execute
from bench.api.sweep import Sweep
from bench.errors import UsageError
from bench.executors import Cluster
from bench.planning.grid import Grid
from bench.records.store import Store, existing_store
from bench.settings.plugins import broken, load_environment, load_plugins
from bench.system.paths import DEFAULT_RESULTS, default_cache


def plan(
    methods: str | Sequence[str],
    ratios: Numbers = "0.1-0.9",
    seeds: Numbers = 0,
    *,
    dataset: str | None = None,
    root: str | Path | None = None,
    protocol: str = "auto",
    backbone: str | None = None,
    recipe: str = "auto",
    holdout: int = 0,
    holdout_labels: Literal["auto", "observed", "full"] = "auto",
    views: int = 0,
    live: bool = False,
    augment: str | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    grid: Grid | None = None,
    results: str | Path = DEFAULT_RESULTS,
    cache: str | Path | None = None,
    device: str = "auto",
    workers: int = 1,
    threads: int = 1,
    executor: str = "auto",
    cluster: Cluster | None = None,
    weights: bool = True,
    test_curve: bool = True,
    mlflow: bool = False,
    tracking_uri: str | None = None,
    plugins: Sequence[str | Path] = (),
    progress: bool = True,
) -> Plan:
    """The cells that `run` would run with the same words, and the state of each; nothing is run or written.

    methods, ratios, seeds: as on the command line ("asl,trm_ml", "0.1-0.9", "0-2") or as lists. Ratios are shares
    (0.1) or percents (10). settings: options of methods, dataset, protocol, backbone and feed by their names; grid:
    values of a method's options, each a line of the table. results: the store. workers: cells that train at once, 0 for
    as many as the machine holds; a script that gives more than one does so under `if __name__ == "__main__":`.
    plugins: files or packages with methods, datasets, ... of your own, loaded first; they are code, and are run. The
    other words are the flags of `bench run`; only here MLflow is left alone unless `mlflow=True`.

    >>> import bench
    >>> folder = getfixture("tmp_path")
    >>> small = {"scenes": {"n_train": 60, "n_test": 40}}
    >>> plan = bench.plan("clip_zero_shot,asl", 0.5, settings=small, results=folder, cache=folder, progress=False)
    >>> plan.to_frame()[["method", "percent", "seed", "state"]]
               method  percent  seed    state
    0  clip_zero_shot       50     0  planned
    1             asl       50     0  planned
    """
    with python_words():
        _load_plugins(plugins)
        request = request_of(
            methods,
            flag_text(ratios),
            flag_text(seeds),
            dataset=dataset,
            root=None if root is None else Path(root),
            protocol=protocol,
            backbone=backbone,
            recipe=recipe,
            holdout=holdout,
            holdout_labels=holdout_labels,
            views=views,
            live=live,
            augment=augment,
            settings=settings,
            grid=grid,
        )
        execution = Execution(
            results=Path(results),
            cache=default_cache() if cache is None else Path(cache),
            device=device,
            workers=workers,
            threads=threads,
            executor=executor,
            cluster=cluster or Cluster(),
            weights=weights,
            test_curve=test_curve,
            mlflow=mlflow,
            tracking_uri=tracking_uri,
        )
        return make_plan(request, execution, quiet=not progress)


@with_words_of(plan)
def run(*args: Any, **words: Any) -> Sweep:
    """Run every method at every ratio and seed; the words are those of `plan`.

    Finished cells are not run again, and interrupted ones are resumed. A cell that fails is counted in `Sweep.failed`,
    with its traceback in the store. progress: a bar or lines on standard error; False is silent.

    >>> import bench
    >>> folder = getfixture("tmp_path")
    >>> small = {"scenes": {"n_train": 60, "n_test": 40}}
    >>> sweep = bench.run("clip_zero_shot", 0.5, settings=small, results=folder, cache=folder, progress=False)
    >>> sweep.to_frame()[["method", "percent", "seed", "dataset", "epochs"]]
               method  percent  seed dataset  epochs
    0  clip_zero_shot       50     0  scenes       0
    """
    plan_ = plan(*args, **words)
    arguments = inspect.signature(plan).bind(*args, **words).arguments
    command = f"bench.run({', '.join(f'{word}={value!r}' for word, value in arguments.items())})"
    with python_words():
        sweep = execute(plan_, [command], quiet=not arguments.get("progress", True))
    if sweep.tracking_problem:
        warnings.warn(sweep.tracking_problem, stacklevel=3)
    return sweep


def open_store(path: str | Path = DEFAULT_RESULTS) -> Store:
    """The store in this folder: finished cells with their rows, curves and scores. UsageError if there is no folder.

    >>> import bench
    >>> store = bench.open_store(getfixture("tmp_path"))
    >>> store.to_frame()[["method", "mAP"]]
    Empty DataFrame
    Columns: [method, mAP]
    Index: []
    """
    return existing_store(Path(path))


def _load_plugins(names: Sequence[str | Path]) -> None:
    """Load those and what BENCH_PLUGINS names; UsageError for one of `names` that cannot be loaded."""
    if isinstance(names, (str, Path)):
        raise UsageError(f"--plugins is {str(names)!r}; give a list, for instance [{str(names)!r}].")
    load_environment()
    load_plugins(names)
    for name in map(str, names):
        if name in broken():
            raise UsageError(f"the plugin {name} could not be loaded: {broken()[name]}")
