"""Experiments' descriptions: how to read what MLflow shows of them."""

from bench.tracking.runs.names import SEARCHES

HOW_TO_READ = """\
One run a sweep, its cells under it, and one summary run a method.

* **Views > mAP over ratios** (top right): the newest sweep's methods; as a chart, `mAP_by_ratio` over the percent of
  known labels is the paper's figure; as a table, the tags `mAP 0.10`, ... are the report's numbers.
* **Views > Cells**: every training run; all have the same metric names, and the step of `curve/...` is the epoch.
* The run named `sweep ...` has the report, its figures and the whole table among its artifacts, under `report/`. A
  study's run is named after it (`ablation (ladder) ...`) and has the study's page and figures too, under `ablation/`,
  `sensitivity/` or `variance/`.
"""

HOW_TO_READ_SEARCHES = """\
One run a search, its trials under it. Every number is of held-out *training* images, but for those that are named
`test_mAP...`; no trial was scored on the test split.

* **Views > Tuned methods** (top right), after `bench tune`: the methods of the newest tuning; as a chart,
  `expected_heldout_mAP` over the number of trials is the figure over the budget.
* **Views > Trials**: every trial of every search, the best first.
* The run named `tune-...` has the table, the figure and the recipe file among its artifacts, under `tune/`. Under it
  stands a run a method: the chosen settings are params, the tag `changed` says what differs from the settings before,
  and `tags.search` which trials they are of. `test_mAP_as_they_were` and `test_mAP_tuned` are of trainings on all
  training images.
* The run named `search ...`: `best_objective` is the best trial's held-out mAP so far, its step the trial. Among its
  artifacts are `plots/`, every trial (`trials.json`), and the best settings as a file for `bench run` (`best.yaml`).
* The runs named `... trial 7`: settings are params; `objective` is the mean over the trial's cells,
  `heldout_mAP/10_percent/seed_0` one cell, and `heldout_mAP` the first cell's over epochs, its step the epoch. A trial
  that was pruned shows as killed.
* Settings that were trained again on all training images are a sweep of the experiment without `/search`, where they
  stand among numbers of the test split.
"""


def how_to_read(experiment: str) -> str:
    """The description of an experiment, by its name."""
    return HOW_TO_READ_SEARCHES if experiment.endswith(SEARCHES) else HOW_TO_READ


def is_ours(note: str) -> bool:
    """Whether a description of an experiment is one of these, of this version or another: not a person's."""
    return note.startswith(("One run a sweep, its cells under it", "One run a search, its trials under it"))
