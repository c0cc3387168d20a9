"""One cell as one MMEngine run."""

from bench.training.cell import Inputs, Outcome, run_cell
from bench.training.hooks import Stopped

__all__ = ["Inputs", "Outcome", "Stopped", "run_cell"]
