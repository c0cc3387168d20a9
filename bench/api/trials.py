"""The progress of a search: a line when a trial ends, and on a terminal or in a notebook a bar for each that runs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.progress import Progress

from bench.api.live_display import TaskLines, is_live, live_progress
from bench.api.pace import Clock
from bench.api.plain_lines import PlainLines
from bench.records.cells import Cell
from bench.studies.search.outcome import TrialRecord
from bench.system.console import plain_console


class PlainTrials(PlainLines):
    """One line for each trial that ends; for logs and pipes."""

    def __init__(self, quiet: bool = False):
        super().__init__(quiet)
        self.method, self.total, self.ended = "", 0, 0
        self.clock = Clock(0)
        self.best: tuple[float, int] | None = None

    def search_started(self, method: str, total: int, trials: list[TrialRecord]) -> None:
        """A method's search begins or is resumed; `trials`: those that it has already."""
        ended = [trial for trial in trials if trial.state in ("complete", "pruned", "failed")]
        self.method, self.total, self.ended = method, total, len(ended)
        self.clock, self.best = Clock(max(total - len(ended), 0)), None
        self.clock.start()
        for trial in ended:
            self._note(trial)
        if ended:
            self.say(f"{method}: {len(ended)} of {total} trials are done already")

    def trial_started(self, trial: TrialRecord) -> None:
        pass

    def epoch_ended(self, number: int, cell: Cell, epoch: int, record: Mapping[str, Any]) -> None:
        pass

    def trial_ended(self, trial: TrialRecord) -> None:
        self.ended += 1
        self.clock.tick(ran=True)
        self._note(trial)
        outcome = f"{trial.value:.2f}" if trial.value is not None else f"{trial.state} ({trial.reason})"
        best = f"  best {self.best[0]:.2f} (trial {self.best[1]})" if self.best else ""
        settings = ", ".join(f"{option}={value}" for option, value in trial.settings.items())
        self.say(
            f"[{self.ended}/{self.total}] {self.method} trial {trial.number}: {outcome}{best}  {self.clock.left()}"
        )
        self.say(f"      {settings}")

    def _note(self, trial: TrialRecord) -> None:
        if trial.value is not None and (self.best is None or trial.value > self.best[0]):
            self.best = (trial.value, trial.number)


class LiveTrials(PlainTrials):
    """A bar over the trials and one for each that is under way."""

    def __init__(self, progress: Progress):
        super().__init__()
        self.console = progress.console
        self.lines = TaskLines(progress)

    def encoding(self, title: str, done: int, total: int) -> None:
        self.lines.show(title, title, done, total, self.pace.of(title, done, total) or "images")
        if done == total:
            self.lines.drop(title)

    def search_started(self, method: str, total: int, trials: list[TrialRecord]) -> None:
        super().search_started(method, total, trials)
        self.lines.show("trials", f"{method} trials", self.ended, total, "")

    def epoch_ended(self, number: int, cell: Cell, epoch: int, record: Mapping[str, Any]) -> None:
        level = f"held-out mAP {record['heldout_mAP']:.1f}" if "heldout_mAP" in record else ""
        ratio = "" if cell.percent is None else f" {cell.percent}%"
        self.lines.show(number, f"trial {number}{ratio}", epoch, cell.epochs, level)

    def trial_ended(self, trial: TrialRecord) -> None:
        self.lines.drop(trial.number)
        super().trial_ended(trial)
        self.lines.show("trials", f"{self.method} trials", self.ended, self.total, self.clock.left())


@contextmanager
def trials_display(quiet: bool) -> Iterator[PlainTrials]:
    """A live display on a terminal or in a notebook, plain lines elsewhere, nothing if `quiet`."""
    console = plain_console(stderr=True, highlight=False)
    if quiet or not is_live(console):
        yield PlainTrials(quiet)
        return
    with live_progress(console) as progress:
        yield LiveTrials(progress)
