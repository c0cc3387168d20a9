"""Optuna's CMA-ES, whose state lies in the trials of a storage that others may share, read back as plain data."""

from typing import Any

import cmaes
import numpy as np
from numpy._core import multiarray
from optuna.samplers import CmaEsSampler
from optuna.trial import FrozenTrial

from bench.errors import DataError
from bench.system.plain_files import UNREADABLE, reason, unpickled

CMAES_CLASSES = {
    "cmaes._cma.CMA": cmaes.CMA,
    "numpy.ndarray": np.ndarray,
    "numpy.dtype": np.dtype,
    **{f"numpy.{core}.multiarray._reconstruct": multiarray._reconstruct for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray.scalar": multiarray.scalar for core in ("core", "_core")},
}
"""All that Optuna's pickle of the optimiser names: the optimiser itself, arrays and numbers."""


class PlainCmaEsSampler(CmaEsSampler):
    """Optuna unpickles what it finds in a trial, which would run whatever the storage's other users have put there."""

    def _restore_optimizer(self, completed_trials: list[FrozenTrial]) -> Any:
        for trial in reversed(completed_trials):
            own = self._attr_key_optimizer
            attributes = {name: text for name, text in trial.system_attrs.items() if name.startswith(own)}
            if attributes:
                try:
                    optimizer = unpickled(bytes.fromhex(self._concat_optimizer_attrs(attributes)), CMAES_CLASSES.get)
                    if not isinstance(optimizer, cmaes.CMA):
                        raise TypeError(f"it holds a {type(optimizer).__name__}")
                except UNREADABLE as error:
                    raise DataError(
                        f"the storage's trial {trial.number} holds no state of CMA-ES ({reason(error)}); search in "
                        "another storage or under another name, or with --sampler tpe."
                    ) from error
                return optimizer
        return None
