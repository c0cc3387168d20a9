"""One cell as one MMEngine run."""

from bench.training.cell import Inputs, TrainingResult, run_cell
from bench.training.hooks import Stopped

__all__ = ["Inputs", "Stopped", "TrainingResult", "run_cell"]
