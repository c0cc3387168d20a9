"""The contract between the harness and a method.

A method sees a `Task` (names, text tower, sizes, the observed labels) and batches of frozen features with
observed labels. It never sees a hidden label: what the protocol hid is not in anything handed over here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn

from bench.backbones.base import TextEncoder
from bench.settings.config import log_float, setting
from bench.settings.contents import files_fingerprint
from bench.settings.registry import Registry
from methods.parts import Part
from methods.pseudo_labels import PseudoLabels
from methods.training_memory import Sizes, prompt_memory

METHODS: Registry[type["Method"]] = Registry("method", packages=("methods.baselines", "methods"))


class Features(NamedTuple):
    """Frozen features of B images: dense (B, HW, D) float32 tokens, not normalised; pooled (B, D) float32."""

    dense: Tensor
    pooled: Tensor


class Batch(NamedTuple):
    """A training batch: features, observed labels int8 (B, C) in {-1, 0, +1}, and the images' rows (B,).

    strong: features of a strongly augmented view of the same images, where the run makes one; else None.
    """

    features: Features
    labels: Tensor
    rows: Tensor
    strong: Features | None = None


@dataclass(frozen=True)
class Task:
    """All that a method knows before its first batch; shared by all models built on it and never changed.

    observed: int8 (N, C), the training labels as the protocol left them.
    position: (1 + HW, D), the projected positional embedding (see `Backbone.position`).
    text_tower: frozen; None where the backbone has none, and then no method with `text = True` is built.
    """

    class_names: tuple[str, ...]
    grid: tuple[int, int]
    dim: int
    logit_scale: float
    position: Tensor
    text_tower: TextEncoder | None
    observed: Tensor

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def text(self) -> TextEncoder:
        """The text tower, for methods that declared to use it."""
        assert self.text_tower is not None, "a method that uses the text tower must say text = True"
        return self.text_tower

    def __deepcopy__(self, memo: dict[int, Any]) -> "Task":
        return self  # frozen, and the text tower is large: EMA copies of a model share it


@dataclass(frozen=True, kw_only=True)
class MethodConfig:
    """Settings of every trained method; a method's config adds its own fields and changes the defaults."""

    epochs: int = setting(20, "training epochs", ge=0)
    batch_size: int = setting(64, "images in a batch", ge=1)
    optimizer: Literal["sgd", "adam", "adamw"] = setting("adamw", "optimiser (SGD has momentum 0.9)")
    lr: float = setting(1e-3, "base learning rate", gt=0, search=log_float(1e-4, 3e-2))
    weight_decay: float = setting(
        1e-2, "weight decay (decoupled with adamw, L2 otherwise)", ge=0, search=log_float(1e-4, 3.0)
    )
    schedule: Literal["constant", "cosine", "dassl_cosine", "onecycle"] = setting(
        "onecycle",
        "cosine (to 0) and onecycle (20 % rise) step per iteration; dassl_cosine is CoOp's: one epoch at 1e-5, "
        "then cosine per epoch",
    )
    clip_grad: float = setting(0.0, "largest norm of the gradient; 0 does not clip", ge=0)
    ema: float = setting(0.0, "decay of the weight average that is evaluated; 0: plain weights", ge=0, lt=1)
    amp: bool = setting(True, "half-precision forward passes on a GPU; never on a CPU")


class Method(nn.Module):
    """Base of all methods; a training makes an MMEngine model of it (`bench.training.mmengine_model`).

    labels: which labels it learns from: "observed" ones, all of them ("full": a ceiling), or "none": then it is given
    none, and either is not trained (epochs 0: one cell for all ratios and seeds) or learns from something else, such as
    sentences (one cell for all ratios, one a seed).
    text: whether it uses the text tower; token_texts: and reads it at every token of a sentence.
    reads_images: False for a floor whose scores are the same for every image.
    reference: the paper, or what stands in its place. equation: its main formula in one line of plain text.
    source, licence: the public code whose formulas and constants were read, with its commit, and its licence as it
    states it ("none stated": all rights reserved); both empty where no code was read, or where older fields name it.
    Formulas and constants carry over, code never.
    defaults_from: where the default settings come from. note: what a reader of its numbers must know, such as how it
    differs from its source.
    family: which page of the documentation it stands on, a key of `FAMILIES`; "" for a method of its own kind.
    flags: words that every table sets beside its numbers, such as "reconstruction".
    colour: the name of its colour in figures (`bench.report.figures.palette.PALETTE`), for methods that many others are
    compared with; all others take one by their name.
    baseline: how usual it is to compare with this method: of a table's methods the one with the largest number is the
    default baseline of gains. A subclass inherits neither.
    recipes: named settings from papers, each a dict of config fields; "paper" is used where it exists and nothing
    else is requested.
    switches: the parts that an ablation study can take out, in the order in which they are built up.
    ladder: rungs from a bare baseline to the whole method, each a dict of config fields, where the order or grouping
    of the paper's own table is not that of `switches`.
    sensitivity: by setting, the values over which a study of it is worth while.
    batches_suffice: whether it reads no observed labels but those of its batches: it then trains on any number of
    images and classes, where no table of all labels fits in memory.
    training_only: submodules whose state scores never need, such as guesses for training images: not kept at the end.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    Config: ClassVar[type[MethodConfig]] = MethodConfig
    labels: ClassVar[Literal["observed", "full", "none"]] = "observed"
    text: ClassVar[bool] = False
    token_texts: ClassVar[bool] = False
    reads_images: ClassVar[bool] = True
    reference: ClassVar[str] = ""
    equation: ClassVar[str] = ""
    source: ClassVar[str] = ""
    licence: ClassVar[str] = ""
    defaults_from: ClassVar[str] = ""
    note: ClassVar[str] = ""
    family: ClassVar[str] = ""
    flags: ClassVar[tuple[str, ...]] = ()
    colour: ClassVar[str] = ""
    baseline: ClassVar[int] = 0
    recipes: ClassVar[dict[str, dict[str, Any]]] = {}
    switches: ClassVar[Mapping[str, Part]] = {}
    ladder: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    sensitivity: ClassVar[Mapping[str, tuple[Any, ...]]] = {}
    training_only: ClassVar[tuple[str, ...]] = ()
    batches_suffice: ClassVar[bool] = False

    def __init__(self, config: Any, task: Task):
        super().__init__()
        self.config = config
        self.task = task
        self.recorder: PseudoLabels | None = None
        """The record that `record` writes to, if the run keeps one; never read in training, and in no checkpoint."""

    def record(self, batch: Batch, *, positive: Tensor | None = None, negative: Tensor | None = None) -> None:
        """Called in `loss` by methods that make pseudo-labels: what this step takes unknown labels for, bool (B, C)."""
        if self.recorder is not None:
            self.recorder.note(batch.rows, batch.labels, positive, negative)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Scalars by name; MMEngine sums those whose name holds "loss"."""
        raise NotImplementedError

    def scorer(self) -> Callable[[Features], Tensor]:
        """A function from features of B images to logits (B, C), larger = more likely present.

        Whatever does not depend on the images (text features) is computed once, here.
        """
        raise NotImplementedError

    def attention(self, features: Features) -> Tensor | None:
        """Attention of each class over the tokens: (B, C, HW), no weight below 0, rows sum to 1; or None.

        They are the weights with which tokens are averaged into what the class is scored by, in evaluation mode: a
        function of the trained state and the features alone. A method that has them says which of its equations.
        """
        return None

    def start_epoch(self, epoch: int) -> None:
        """Called before each training epoch, counted from 0; for schedules inside a method."""

    def finish(self) -> None:
        """Called once, behind the last step of the last epoch and before its scores: for what follows a training.

        With averaged weights it is the plain ones that it changes, and scores do not see it.
        """

    @classmethod
    def needs_negatives(cls, config: Any) -> bool:
        """Whether known negatives must be there, since its loss is smallest with everything present without them."""
        return getattr(config, "unknown", None) == "ignore"

    @classmethod
    def needs_table(cls, config: Any) -> bool:
        """Whether it reads `Task.observed`, the observed labels of all images, with these settings."""
        return not cls.batches_suffice

    @classmethod
    def needs_dense(cls, config: Any) -> bool:
        """Whether it reads the tokens; if not, batches come with `dense` of shape (B, 0, D), and faster."""
        return True

    @classmethod
    def training_memory(cls, config: Any, sizes: Sizes) -> int:
        """Bytes of training beyond a usual worker's, by the plan's estimate; here of learned prompts, two a class."""
        return prompt_memory(2 * sizes.classes, sizes.dim) if hasattr(config, "n_ctx") else 0

    @classmethod
    def fingerprint(cls, config: Any) -> str:
        """A hash of the content of the files that `config` names, wherever they lie; empty where it names none."""
        paths = [path for path in vars(config).values() if isinstance(path, Path)]
        return files_fingerprint(f"method {cls.name!r}", paths)

    @classmethod
    def lr_multipliers(cls, config: Any) -> dict[str, float]:
        """Learning-rate factors by a part of the parameter's name, for instance {"prompts": 0.1}."""
        return {}

    @classmethod
    def decay_multipliers(cls, config: Any) -> dict[str, float]:
        """Weight-decay factors by a part of the parameter's name, for instance {"estimates": 0.0}."""
        return {}

    def forward(
        self, features: Features, labels: Tensor, rows: Tensor, strong: Features | None = None, mode: str = "loss"
    ) -> Any:
        """MMEngine's entry point."""
        if mode != "loss":
            raise ValueError(f"mode {mode!r}: scores come from scorer()")
        return self.loss(Batch(Features(*features), labels, rows, Features(*strong) if strong is not None else None))

    @torch.no_grad()
    def score(self, features: Features) -> Tensor:
        """Logits float32 (B, C), in evaluation mode, training mode restored."""
        was_training = self.training
        self.eval()
        try:
            return self.scorer()(features).float()
        finally:
            self.train(was_training)


METHODS.base = Method
