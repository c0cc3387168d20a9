"""Feeds, the sources of a training batch's features: the cache, cached views, or an encoder that runs live.

Test images are never augmented.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from bench.errors import UsageError
from bench.features.augmentation import AUGMENTATIONS, Augmentation
from bench.records.component import Component
from bench.settings.config import NoOptions, setting
from bench.settings.conversion import build, values
from bench.settings.registry import Registry

FEEDS: Registry[type["Feed"]] = Registry("feed", packages=())


class Feed:
    """Base of all feeds: a name, a version and options; `bench.training.resources` opens what they need."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    Options: ClassVar[type] = NoOptions


@FEEDS.register("plain")
class PlainFeed(Feed):
    """Features of the plain image, encoded once and cached."""


@dataclass(frozen=True, kw_only=True)
class ViewsOptions:
    """Settings of cached augmented views."""

    count: int = setting(
        2, "augmented views of every training image; each takes the cache's space once more", ge=1, le=1000
    )
    augment: str = setting("dualcoop", "augmentation of the views; see `bench ls augmentations`")
    strong: str = setting("", "augmentation of as many further views, for methods that compare two; empty: none")

    def __post_init__(self) -> None:
        augmentations(self)


@FEEDS.register("views")
class ViewsFeed(Feed):
    """Cached features of K augmented views of every training image; in each epoch an image takes one of them."""

    Options = ViewsOptions


@dataclass(frozen=True, kw_only=True)
class LiveOptions:
    """Settings of live encoding."""

    augment: str = setting("none", "augmentation of every training image in every epoch; see `bench ls augmentations`")
    strong: str = setting("", "augmentation of a second view, for methods that compare two; empty: none")
    train: Literal["none", "last", "all"] = setting(
        "none",
        "what of the image encoder is trained: nothing, its last stage (layer4 and attention pool, or last block), all",
    )
    lr_mult: float = setting(1.0, "the encoder's learning rate as a factor of the method's", gt=0)
    evaluate: Literal["last", "each"] = setting(
        "last", "with a trained encoder: score the test images after the last epoch only, or after each"
    )

    def __post_init__(self) -> None:
        augmentations(self)


@FEEDS.register("live")
class LiveFeed(Feed):
    """Images are decoded, augmented and encoded in every step; the encoder may be trained with the method.

    BatchNorm keeps the statistics of its checkpoint, as in the papers.
    """

    Options = LiveOptions


def feed_component(name: str, overrides: Mapping[str, Any]) -> Component:
    """The feed with all options resolved; its fingerprint is the versions of augmentations, and a plugin's source."""
    feed = FEEDS.get(name)
    options: Any = build(feed.Options, overrides, owner=name)
    used = [
        " ".join(filter(None, (a.name, f"v{a.version}", AUGMENTATIONS.plugin(a.name)))) for a in augmentations(options)
    ]
    return Component(name, feed.version, values(options), fingerprint=", ".join(used))


def feed_options(feed: Component) -> Any:
    """The typed options of a cell's feed."""
    return build(FEEDS.get(feed.name).Options, feed.options, owner=feed.name)


def augmentations(options: Any) -> list[type[Augmentation]]:
    """The augmentations that these options name; UsageError for one that is not there."""
    named = (getattr(options, field, "") for field in ("augment", "strong"))
    return [AUGMENTATIONS.get(name) for name in named if name]


def view_variant(augmentation: type[Augmentation], number: int) -> dict[str, Any]:
    """What names the features of view `number` in the cache and in a feature pack."""
    variant = {"augment": augmentation.name, "version": augmentation.version, "view": number}
    plugin = AUGMENTATIONS.plugin(augmentation.name)
    return {**variant, "plugin": plugin} if plugin else variant


def feed_text(feed: Component) -> str:
    """Readable form: "" for the plain feed, else `views (count=2, augment=tai)` with what is set."""
    options = ", ".join(f"{name}={value}" for name, value in feed.options.items() if value != "")
    return "" if feed.name == "plain" else f"{feed.name} ({options})"


def feed_flags(feed: Component) -> tuple[str, ...]:
    """Flags for every table: a trained encoder is another budget than frozen features."""
    trained = feed.options.get("train", "none")
    return () if trained == "none" else (f"image encoder trained: {trained}",)


def requested_feed(
    views: int, live: bool, augment: str | None, overrides: Mapping[str, Mapping[str, Any]]
) -> tuple[str, dict[str, dict[str, Any]]]:
    """The requested feed and all overrides, from `--views K`, `--live` and `--augment NAME`."""
    if views and live:
        raise UsageError("--views and --live were both given; views are cached, live ones are not: give one of them.")
    merged: dict[str, dict[str, Any]] = {owner: dict(options) for owner, options in overrides.items()}
    name = "views" if views else "live" if live else "plain"
    if name == "plain":
        if augment is not None:
            raise UsageError(
                f"--augment {augment} needs --views K (cached views) or --live (a fresh view every epoch)."
            )
        return name, merged
    feed: dict[str, Any] = {} if augment is None else {"augment": augment}
    if views:
        feed["count"] = views
    for option, value in feed.items():
        if option in merged.setdefault(name, {}):
            raise UsageError(f"{name}.{option} is set twice; give it once.")
        merged[name][option] = value
    if name == "views" and "augment" not in merged[name]:
        raise UsageError(f"--views {views} needs --augment NAME; views without an augmentation would all be alike.")
    merged.setdefault(name, {})
    return name, merged
