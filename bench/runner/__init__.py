"""One cell as one MMEngine run."""

from bench.runner.cell import Inputs, Outcome, run_cell

__all__ = ["Inputs", "Outcome", "run_cell"]
