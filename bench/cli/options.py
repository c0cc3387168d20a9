"""Flags that several commands share: what is run, and how."""

import copy
import dataclasses
import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import typer

if TYPE_CHECKING:
    from bench.api.execution import Execution
    from bench.planning.grid import Grid
    from bench.planning.request import Request

from bench.cli.cluster_flags import ClusterFlags
from bench.cli.plugin_flag import FILE, Plugins
from bench.errors import UsageError
from bench.system.paths import DEFAULT_RESULTS, default_cache

ResultsFolder = Annotated[
    Path, typer.Option("--results", help="The store: a folder of finished cells.", envvar="BENCH_RESULTS")
]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output on standard output.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks instead of one-sentence errors.")]
SweepId = Annotated[str | None, typer.Option("--sweep", help="A sweep's id; the newest by default.")]
PlanOnly = Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")]
TrackingUri = Annotated[str | None, typer.Option(help="An MLflow server; by default the store's own database.")]

Methods = Annotated[str, typer.Option(help="Comma-separated names, or all; see `bench ls methods`.")]
Ratios = Annotated[
    str, typer.Option(help="Shares of known labels (0.1-0.9; 0.1,0.5; 1: all) or percents (10-90; 5%), not both.")
]
Seeds = Annotated[str, typer.Option(help="Seeds: 0, 0-2 or 0,5.")]

NOT_OF_A_SWEEP = ("json", "debug", "dry-run", "write", "allow-plugins", "help")
"""Flags about what is shown, and what a file may not allow itself: no file gives them."""


def flags_of(context: typer.Context) -> dict[str, Any]:
    """The command's parameters that a sweep file may give, by their flags without dashes, in the order of its help."""
    flags = {param.opts[0].removeprefix("--"): param for param in context.command.params if param.opts[0][:2] == "--"}
    return {flag: param for flag, param in flags.items() if flag not in (*NOT_OF_A_SWEEP, "set", "grid")}


def _fill_from(context: typer.Context, path: Path | None) -> Path | None:
    """Flags that are not given take the file's values, which go through the flags' own checks."""
    if path is None or context.resilient_parsing:
        return path
    from bench.planning.sweep_file import read_sweep_file

    params = flags_of(context)
    sweep = read_sweep_file(path, params)
    context.meta[FILE], context.default_map = sweep, {}
    for flag, value in sweep.flags.items():
        param = params[flag]
        if getattr(param, "is_flag", False) != isinstance(value, bool):
            kind = "a switch: say true or false" if param.is_flag else "not a switch: give its value"
            raise UsageError(f"{path}: {flag} is {value!r}, but it is {kind}.")
        values: Any = value.split(",") if getattr(param, "multiple", False) and isinstance(value, str) else value
        try:
            param.process_value(context, values)
        except typer.BadParameter as error:
            raise UsageError(f"{path}: {flag} = {value!r} is not allowed: {error.message}.") from None
        context.default_map[param.name] = values
    return path


File = Annotated[
    Path | None,
    typer.Argument(
        metavar="[SWEEP.yaml]",
        is_eager=True,
        callback=_fill_from,
        help="A file with these flags as keys, and `set` and `grid`; flags given here take precedence.",
    ),
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class RequestFlags:
    """Flags that say what is run. A command with other defaults has a subclass."""

    panel: ClassVar[str] = "What is run"

    methods: Methods = "trm_ml,dualcoop"
    ratios: Ratios = "0.1-0.9"
    seeds: Seeds = "0"
    dataset: Annotated[str | None, typer.Option(help="See `bench ls datasets`; by default scenes.")] = None
    root: Annotated[Path | None, typer.Option(help="Where the dataset's files are; see `bench prepare -h`.")] = None
    protocol: Annotated[
        str,
        typer.Option(help="See `bench ls protocols`. auto: native where labels are unknown, else partial."),
    ] = "auto"
    backbone: Annotated[
        str | None, typer.Option(help="Image and text encoder; see `bench ls backbones`. By default the dataset's.")
    ] = None
    recipe: Annotated[
        str,
        typer.Option(help="Settings of methods: a name or FILE.toml; auto: tuned for the backbone, else the paper's."),
    ] = "auto"
    holdout: Annotated[int, typer.Option(help="Percent of training images held out, to choose on.", min=0, max=90)] = 0
    holdout_labels: Annotated[
        Literal["auto", "observed", "full"],
        typer.Option(
            help="Judge held-out images by the labels that the protocol leaves known there, as in practice, or by all "
            "that the data has. auto: observed where labels are unknown in the data, else full."
        ),
    ] = "auto"
    views: Annotated[
        int,
        typer.Option(
            help="Train on K cached augmented views of every image instead of the plain one.", min=0, max=1000
        ),
    ] = 0
    live: Annotated[
        bool, typer.Option("--live", help="Decode, augment and encode the images in every step; see `bench ls feeds`.")
    ] = False
    augment: Annotated[
        str | None, typer.Option(help="The augmentation of --views or --live; see `bench ls augmentations`.")
    ] = None
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", "--data", help="NAME.OPTION=VALUE of a method, dataset, protocol, backbone or feed."),
    ] = None

    def request(self, settings: Mapping[str, Mapping[str, Any]] | None = None, grid: "Grid | None" = None) -> "Request":
        """The request that these flags make. settings: in place of those of `--set`."""
        from bench.api.request import request_of

        words = {field.name: getattr(self, field.name) for field in dataclasses.fields(RequestFlags)}
        return request_of(**{**words, "settings": self.overrides() if settings is None else settings, "grid": grid})

    def overrides(self) -> dict[str, dict[str, str]]:
        """`--set` as `{name: {option: value}}`."""
        from bench.settings.overrides import parse_overrides

        return parse_overrides(self.settings or [])


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExecutionFlags(ClusterFlags):
    """Flags that say how it is run: nothing here changes what a cell is."""

    panel: ClassVar[str] = "How it is run"

    results: ResultsFolder = DEFAULT_RESULTS
    cache: Annotated[Path | None, typer.Option(help="Drawn images and features; BENCH_CACHE sets it too.")] = None
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto"
    workers: Annotated[
        int,
        typer.Option(
            help="Processes (or jobs) that train at once; 0: one a core or GPU, and at most 16 jobs.", min=0, max=1024
        ),
    ] = 0
    executor: Annotated[
        str,
        typer.Option(help="Cells train in: inline (this process), processes, ray, slurm; auto: one of the first two."),
    ] = "auto"
    threads: Annotated[
        int, typer.Option(help="CPU threads of each worker; equal bits need equal threads.", min=1, max=1024)
    ] = 1
    weights: Annotated[
        bool, typer.Option(help="Keep the cells' final weights, for `bench show`, `predict` and `export`.")
    ] = True
    test_curve: Annotated[
        bool,
        typer.Option(
            help="Score the test images after each epoch, for curves and the best epoch; else after the last."
        ),
    ] = True
    plugin: Plugins = None
    mlflow: Annotated[bool, typer.Option(help="Project the results into MLflow while running.")] = True
    tracking_uri: TrackingUri = None
    as_json: Json = False
    debug: Debug = False

    def refuse_detach(self) -> None:
        """UsageError unless jobs go on when the command has ended."""
        if self.executor != "slurm":
            raise UsageError(
                f"--detach is for --executor slurm, not for {self.executor}; leave it out, or give --executor slurm."
            )

    def execution(self) -> "Execution":
        """These flags as the Python interface takes them."""
        from bench.api.execution import Execution

        return Execution(
            results=self.results,
            cache=self.cache or default_cache(),
            device=self.device,
            workers=self.workers,
            executor=self.executor,
            threads=self.threads,
            cluster=self.cluster(),
            weights=self.weights,
            test_curve=self.test_curve,
            mlflow=self.mlflow,
            tracking_uri=self.tracking_uri,
        )


def with_flags(command: Callable[..., None]) -> Callable[..., None]:
    """The command with each parameter that is a dataclass (`request: RequestFlags`) replaced by flags for its fields.

    The command's own parameters come last in its help.
    """
    own = inspect.signature(command).parameters
    groups: dict[str, Any] = {n: p.annotation for n, p in own.items() if dataclasses.is_dataclass(p.annotation)}

    def flagged(**values: Any) -> None:
        filled = {name: group(**{f: values.pop(f) for f in _names(group)}) for name, group in groups.items()}
        command(**filled, **values)

    parameters = [p for group in groups.values() for p in _parameters(group)]
    parameters += [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for name, p in own.items() if name not in groups]
    flagged.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    flagged.__annotations__ = {p.name: p.annotation for p in parameters}
    flagged.__name__, flagged.__doc__ = command.__name__, command.__doc__
    return flagged


def _names(group: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(group)]


def _parameters(group: Any) -> Iterator[inspect.Parameter]:
    """The group's fields as flags, which stand in the help under the group's panel, or behind it under their own."""
    hints = typing.get_type_hints(group, include_extras=True)
    for field in sorted(dataclasses.fields(group), key=lambda field: bool(_panel(hints[field.name]))):
        kind, option = typing.get_args(hints[field.name])
        option = copy.copy(option)  # flags such as --results stand in other commands too
        option.rich_help_panel = option.rich_help_panel or group.panel
        yield inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=Annotated[kind, option]
        )


def _panel(hint: Any) -> str | None:
    return typing.get_args(hint)[1].rich_help_panel
