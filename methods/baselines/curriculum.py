"""Curriculum labelling: the model's surest guesses become labels, in rounds."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from bench.settings.config import setting, uniform
from methods.base import METHODS, Batch, Task
from methods.head_method import HeadConfig, HeadMethod
from methods.losses import partial_binary_cross_entropy
from methods.parts import Part

Strategy = Literal["threshold", "share"]


@dataclass(frozen=True, kw_only=True)
class CurriculumConfig(HeadConfig):
    """The paper predicts after whole trainings; here the rounds are spread over one training."""

    start: float = setting(
        0.3, "share of the epochs before the first round, on known labels only", gt=0, lt=1, search=uniform(0.2, 0.8)
    )
    rounds: int = setting(3, "how often labels are predicted anew, at equal distances from there to the end", ge=1)
    strategy: Strategy = setting(
        "threshold", "which guesses become labels: logits beyond the threshold, or a share of the surest of all"
    )
    threshold: float = setting(2.0, "size that a logit must have (2 is a chance of 88 %)", ge=0, search=uniform(0.5, 4))
    share: float = setting(
        0.1, "by how much the share of unknown labels that is filled grows in each round", gt=0, le=1
    )
    alpha: float = setting(-4.45, "alpha of partial BCE's g(k) = alpha k^gamma + beta, k with the added labels")
    beta: float = setting(5.45, "beta of g")
    gamma: float = setting(1.0, "gamma of g", gt=0)


def round_epochs(epochs: int, start: float, rounds: int) -> list[int]:
    """The epochs (from 0) that begin with new predicted labels; fewer than `rounds` where epochs are few.

    >>> round_epochs(20, 0.3, 3), round_epochs(3, 0.3, 3), round_epochs(1, 0.3, 3)
    ([6, 10, 15], [1, 2], [])
    """
    first = max(1, round(start * epochs))
    return sorted({first + number * (epochs - first) // rounds for number in range(rounds)} & set(range(1, epochs)))


class AddedLabels(nn.Module):
    """The last guesses of every training image, and the labels that were made of them.

    guesses: float32 (N, C), logits; NaN where an image has not been seen. added: int8 (N, C) in {-1, 0, +1}.
    """

    def __init__(self, observed: Tensor):
        super().__init__()
        self.guesses: Tensor
        self.added: Tensor
        self.register_buffer("guesses", torch.full(observed.shape, float("nan"), device=observed.device))
        self.register_buffer("added", torch.zeros_like(observed))

    def remember(self, rows: Tensor, logits: Tensor) -> None:
        self.guesses[rows] = logits.detach().float()

    def choose(self, observed: Tensor, least: float) -> None:
        """Unknown labels whose logit has at least this size are labels now, and no others: earlier ones may go."""
        sure = (observed == 0) & (self.guesses.abs() >= least)  # False for NaN
        self.added.copy_(torch.where(sure, self.guesses.nan_to_num().sign(), 0))

    def sureness_of_share(self, observed: Tensor, share: float) -> float:
        """The size of logit that this share of the guesses of unknown labels has or exceeds; infinite for none."""
        sizes = self.guesses[(observed == 0) & ~self.guesses.isnan()].abs()
        count = int(share * len(sizes))
        return float(sizes.sort(descending=True).values[count - 1]) if count else float("inf")


@METHODS.register("curriculum")
class Curriculum(HeadMethod):
    """Curriculum labelling: trained on known labels, then on its own surest guesses too, which are renewed in rounds.

    In round r, an unknown entry with |z| >= threshold gets the label sign(z), or the surest r share of all unknown
    entries do. loss = partial BCE over known and added labels.

    Guesses are the logits from the last time an image was in a batch, in the epoch before the round.
    """

    Config = CurriculumConfig
    family = "corrections"
    reference = "Durand et al., Learning a Deep ConvNet for Multi-Label Classification with Partial Labels, CVPR 2019"
    equation = "partial BCE over known labels and sign(z) of unknown ones with |z| >= threshold, chosen anew in rounds"
    defaults_from = "partial BCE's constants as the literature quotes the paper; rounds and threshold ours"
    note = (
        "no official code; rounds within one training in place of one training a round; "
        "score strategies only (not the paper's uncertainty from a graph network)"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {"share": {"strategy": "share"}}
    switches: ClassVar[dict[str, Part]] = {
        "weighting": Part({"alpha": 0.0, "beta": 1.0}, what="images with few labels count more (partial BCE's g)"),
        "guesses": Part({"strategy": "threshold", "threshold": 1e9}, what="sure guesses become labels"),
    }
    training_only: ClassVar[tuple[str, ...]] = ("pseudo",)

    config: CurriculumConfig

    def __init__(self, config: CurriculumConfig, task: Task):
        super().__init__(config, task)
        self.pseudo = AddedLabels(task.observed)
        self.rounds = round_epochs(config.epochs, config.start, config.rounds)
        self.remembering = False

    @classmethod
    def needs_negatives(cls, config: CurriculumConfig) -> bool:
        return True

    def start_epoch(self, epoch: int) -> None:
        if epoch in self.rounds:
            observed, least = self.task.observed, self.config.threshold
            if self.config.strategy == "share":
                share = min(1.0, self.config.share * (1 + self.rounds.index(epoch)))
                least = self.pseudo.sureness_of_share(observed, share)
            self.pseudo.choose(observed, least)
        self.remembering = epoch + 1 in self.rounds

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        if self.remembering:
            self.pseudo.remember(batch.rows, logits)
        labels = torch.where(batch.labels == 0, self.pseudo.added[batch.rows], batch.labels)
        self.record(batch, positive=labels > 0, negative=labels < 0)
        return partial_binary_cross_entropy(
            logits, labels, alpha=self.config.alpha, beta=self.config.beta, gamma=self.config.gamma
        )
