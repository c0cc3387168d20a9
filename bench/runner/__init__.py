"""One cell as one MMEngine run."""

from bench.runner.cell import Inputs, Outcome, run_cell
from bench.runner.hooks import Stopped

__all__ = ["Inputs", "Outcome", "Stopped", "run_cell"]
