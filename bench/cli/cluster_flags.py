"""Flags of clusters: their address, and the resources of a cell or a job."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bench.executors import Cluster

BOTH_PANEL = "A cluster, with --executor ray or slurm"
RAY_PANEL = "Ray, with --executor ray"
SLURM_PANEL = "Slurm, with --executor slurm"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClusterFlags:
    """Flags for executors that train elsewhere; a cell of Slurm's is a job's, which trains one after the other."""

    cpus_per_cell: Annotated[
        float, typer.Option(help="CPUs set aside; 0: as --threads.", min=0, rich_help_panel=BOTH_PANEL)
    ] = 0.0
    gpus_per_cell: Annotated[
        float | None,
        typer.Option(
            help="GPUs set aside, with ray also a fraction; by default one with --device cuda.",
            rich_help_panel=BOTH_PANEL,
        ),
    ] = None
    memory_per_cell: Annotated[
        float | None,
        typer.Option(
            help="GiB of memory set aside; by default estimated for the largest cell, at least 1.5 (ray), 8 (slurm).",
            min=0,
            rich_help_panel=BOTH_PANEL,
        ),
    ] = None
    address: Annotated[
        str,
        typer.Option(
            help="auto (this machine's), HOST:PORT, or local (started for this command).", rich_help_panel=RAY_PANEL
        ),
    ] = "auto"
    ship_features: Annotated[
        bool,
        typer.Option(
            "--ship-features",
            help="Send labels and features to nodes that lack the dataset.",
            rich_help_panel=RAY_PANEL,
        ),
    ] = False
    slurm_partition: Annotated[
        str | None, typer.Option(help="By default the cluster's own.", rich_help_panel=SLURM_PANEL)
    ] = None
    slurm_time: Annotated[
        str,
        typer.Option(
            help="Limit of a job: minutes, H:MM:SS or D-HH:MM:SS; at its end the job goes on in a new turn.",
            rich_help_panel=SLURM_PANEL,
        ),
    ] = "24:00:00"
    slurm_set: Annotated[
        list[str] | None,
        typer.Option(help="KEY=VALUE or KEY of sbatch, such as account=vision.", rich_help_panel=SLURM_PANEL),
    ] = None
    slurm_logs: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the jobs' output, on the shared disk; by default in the store.", rich_help_panel=SLURM_PANEL
        ),
    ] = None
    slurm_cluster: Annotated[
        str,
        typer.Option(help="slurm, or local: jobs are processes of this machine.", rich_help_panel=SLURM_PANEL),
    ] = "slurm"

    def cluster(self) -> "Cluster":
        """These flags as the Python interface takes them."""
        from bench.executors import Cluster

        return Cluster(
            cpus=self.cpus_per_cell,
            gpus=self.gpus_per_cell,
            memory=self.memory_per_cell,
            address=self.address,
            ship_features=self.ship_features,
            partition=self.slurm_partition,
            time=self.slurm_time,
            options=tuple(self.slurm_set or ()),
            logs=self.slurm_logs,
            scheduler=self.slurm_cluster,
        )
