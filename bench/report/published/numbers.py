"""Numbers printed by papers, with what is known of how they came about: `results/published/`, typed and checked.

    for number in published().of("voc2007"): print(number.method, number.percent, number.mAP)

What is not known is empty there and None here; nothing is guessed. The files' README says what each column means.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bench.errors import UsageError
from bench.system.wording import nearest

Setting = Literal["partial", "single_positive", "fixed_per_class", "native", "full", "zero_shot"]

Metric = Literal["mAP", "mAP_asl", "mAP_voc"]
"""The names that the same definitions have in every row of ours (`bench.stats.metrics.summary`)."""

EpochSelection = Literal["best_on_test", "best_on_clean_validation", "best_on_observed_validation", "none"]
Encoder = Literal["frozen", "last stage trained", "trained"]
PRINTED_AVERAGE, UNSTATED = "average", "unstated"


def _percent(value: Any) -> Any:
    return value if value in ("", None, PRINTED_AVERAGE, UNSTATED) else int(value)


def _optional(value: Any) -> Any:
    return None if value == "" else value


class CheckedLine(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PublishedNumber(CheckedLine):
    """One printed mAP in percent.

    percent: of known labels; "average" over 10-90 as printed; "unstated"; None where the setting has no ratio.
    bench_method: what the method is called here, None for one that is not here;
    bench_options: an option of it that the number stands for (`pool=dense`). camp: the group within which numbers
    compare, None where too little is known for any. facts: where encoder, protocol, images, metric and selection come
    from: the code that made the number ("code"), the code of a method whose number another paper quotes ("quoted").
    images: which of the dataset's image lists; names as in the dataset's own options.
    """

    dataset: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    setting: Setting
    percent: Annotated[
        Annotated[int, Field(ge=1, le=99)] | Literal["average", "unstated"] | None,
        BeforeValidator(_percent),
        BeforeValidator(_optional),
    ]
    method: Annotated[str, Field(min_length=1)]
    bench_method: Annotated[str | None, BeforeValidator(_optional)]
    bench_options: Annotated[str, Field(pattern=r"^(\w+=\w+)?$")]
    mAP: Annotated[float, Field(gt=0, lt=100)]  # noqa: N815 - the field's own spelling
    camp: Annotated[str | None, BeforeValidator(_optional)]
    backbone: Annotated[str | None, BeforeValidator(_optional)]
    image_size: Annotated[int | None, BeforeValidator(_optional)]
    encoder: Annotated[Encoder | None, BeforeValidator(_optional)]
    protocol: Annotated[str | None, BeforeValidator(_optional)]
    images: Annotated[str | None, BeforeValidator(_optional)]
    metric: Annotated[Metric | None, BeforeValidator(_optional)]
    selection: Annotated[EpochSelection | None, BeforeValidator(_optional)]
    facts: Annotated[Literal["code", "quoted"] | None, BeforeValidator(_optional)]
    venue: str
    year: Annotated[int | None, BeforeValidator(_optional)]
    source: str
    note: str

    @property
    def option(self) -> tuple[str, str] | None:
        """`bench_options` as (name, value)."""
        name, _, value = self.bench_options.partition("=")
        return (name, value) if name else None

    @property
    def identity(self) -> tuple[Any, ...]:
        """What no two numbers share."""
        return (
            self.dataset, self.setting, self.percent, self.method, self.backbone, self.image_size, self.source,
        )  # fmt: skip


class Camp(CheckedLine):
    """Numbers that may be compared with each other. ranked: whether one line may be called better than another."""

    id: str
    title: Annotated[str, Field(min_length=1)]
    what: Annotated[str, Field(min_length=1)]
    ranked: bool


class PublishedSource(CheckedLine):
    """Where a number was read. reading: a text, a table published as an image, a training log, a third party's page."""

    id: str
    paper: Annotated[str, Field(min_length=1)]
    venue: str
    year: Annotated[int | None, BeforeValidator(_optional)]
    table: Annotated[str, Field(min_length=1)]
    where: str
    reading: Literal["text", "image", "log", "third party"]

    @property
    def citation(self) -> str:
        """`DualCoOp (arXiv:2206.09541), NeurIPS 2022, partial labels, COCO and VOC 2007`."""
        when = " ".join(str(part) for part in (self.venue, self.year) if part)
        return ", ".join(part for part in (self.paper, when, self.table) if part)


@dataclass(frozen=True)
class Published:
    """All numbers in the order of the file, and what their camps and sources are."""

    numbers: tuple[PublishedNumber, ...]
    camps: Mapping[str, Camp]
    sources: Mapping[str, PublishedSource]

    @property
    def datasets(self) -> tuple[str, ...]:
        """Those with a number, in the order of the file; not all of them can be run here."""
        return tuple(dict.fromkeys(number.dataset for number in self.numbers))

    def of(self, dataset: str) -> tuple[PublishedNumber, ...]:
        """The numbers of a dataset; UsageError if no paper's are known."""
        if dataset not in self.datasets:
            raise UsageError(
                f"there are no published numbers for dataset {dataset!r}; {nearest(dataset, self.datasets)}"
            )
        return tuple(number for number in self.numbers if number.dataset == dataset)
