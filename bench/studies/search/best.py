"""The best settings of a search, as a file for `bench run` and as a sweep that is run on all training images."""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from bench.axes.methods import configured_method
from bench.planning.request import Request
from bench.planning.settings import variant_settings
from bench.planning.sweep_file import SweepFile, render_sweep_file
from bench.settings.conversion import values
from bench.studies.search.outcome import TrialRecord
from bench.studies.search.request import SearchRequest
from methods import METHODS

Best = Mapping[str, Mapping[str, Any]]
"""Options by method."""


def full_settings(request: SearchRequest, trial: TrialRecord) -> dict[str, Any]:
    """All that the trial ran with beside the method's defaults: a recipe that changes later changes nothing here."""
    return _settings(request, trial.settings)


def settings_as_they_were(request: SearchRequest) -> dict[str, Any]:
    """All that the method runs with beside its defaults where nothing is searched."""
    return _settings(request, {})


def _settings(request: SearchRequest, tried: Mapping[str, Any]) -> dict[str, Any]:
    (variant,) = request.sweep.variants
    settings = variant_settings(request.sweep, variant, tried)
    config = configured_method(request.method, settings).config
    return {option: value for option, value in values(config).items() if option in settings}


def retrained(sweep: Request, best: Best) -> Request:
    """The sweep of ordinary cells on all training images with these settings, and with the test split."""
    others = {name: options for name, options in sweep.overrides.items() if name not in METHODS.names()}
    return dataclasses.replace(sweep, methods=tuple(best), holdout=0, overrides={**others, **best})


def sweep_file(flags: Mapping[str, str | bool], sweep: Request, best: Best, heading: Sequence[str]) -> str:
    """YAML for `bench run FILE`. flags: the other flags of the request."""
    again = retrained(sweep, best)
    content = {"methods": ",".join(best), **flags}
    return render_sweep_file(
        SweepFile(content, {name: options for name, options in again.overrides.items() if options}), "\n".join(heading)
    )


def file_name(searches: Sequence[str]) -> str:
    """One for the same searches: `trm_ml-1a2b3c4d5e.yaml`, or a hash for several."""
    if len(searches) == 1:
        return f"{searches[0]}.yaml"
    return f"{hashlib.sha256(' '.join(sorted(searches)).encode()).hexdigest()[:10]}.yaml"
