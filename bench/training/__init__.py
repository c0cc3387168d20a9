"""One cell as one MMEngine run."""

from bench.training.cell import run_cell
from bench.training.hooks.curve import Stopped
from bench.training.inputs import Inputs, TrainingResult

__all__ = ["Inputs", "Stopped", "TrainingResult", "run_cell"]
