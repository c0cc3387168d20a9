"""Plans on feature packs: the backbone is the pack's, nothing reads images, and text methods need its text tower."""

import dataclasses
from typing import Any

from bench.backbones import BACKBONES
from bench.backbones.packed import weights_problem
from bench.data.pack import Pack
from bench.errors import UsageError
from bench.features.augmentation import AUGMENTATIONS
from bench.features.feeds import ViewsFeed, view_variant
from bench.planning.request import Request
from bench.records.component import Component
from bench.settings.conversion import build
from bench.system.wording import some
from methods import METHODS

FILE_OPTION = "weights"
"""The option of a backbone that may be another on this machine: where the same weights lie."""
NO_TOWER = "which is not at hand"


def request_on(request: Request, dataset: Pack) -> Request:
    """The request with the names of the dataset and backbone that the pack was made from."""
    planned = dataset.pack.backbone.name
    if request.backbone != planned:
        raise UsageError(
            f"{dataset.root} holds features of {planned}; leave --backbone {request.backbone} out, or give the "
            f"dataset's own files with --root DIR."
        )
    if request.feed == ViewsFeed.name:
        _refuse_missing_views(request, dataset)
    elif request.feed != "plain":
        raise UsageError(
            f"--{request.feed} reads images, and {dataset.root} holds none; leave it out, or give the dataset's own "
            "files with --root DIR."
        )
    return dataclasses.replace(request, dataset=dataset.pack.dataset.name)


def _refuse_missing_views(request: Request, dataset: Pack) -> None:
    """UsageError unless the pack holds every view that the request trains on."""
    options: Any = build(ViewsFeed.Options, request.overrides.get(ViewsFeed.name, {}), owner=ViewsFeed.name)
    for name in filter(None, (options.augment, options.strong)):
        variants = (view_variant(AUGMENTATIONS.get(name), number) for number in range(options.count))
        present = sum(dataset.pack.view(variant) is not None for variant in variants)
        if present < options.count:
            raise UsageError(
                f"--views {options.count} with {name} needs {options.count} views, and {dataset.root} holds {present} "
                "of them; ask its maker for an export of a cache that has them, or give the dataset's own files with "
                "--root DIR."
            )


def packed_backbone(request: Request, dataset: Pack) -> Component:
    """The pack's backbone as it stands in cells, with the place of its weights on this machine if it was given."""
    planned, paths = dataset.pack.backbone, {}
    for option, value in request.overrides.get(planned.name, {}).items():
        if option == FILE_OPTION:
            paths[option] = str(value)
        elif str(planned.options.get(option)) != str(value):
            raise UsageError(
                f"{dataset.root} was made with {planned.name}.{option}={planned.options.get(option)}; leave "
                f"{planned.name}.{option}={value} out."
            )
    return dataclasses.replace(planned, paths=paths)


def no_text_tower(backbone: Component) -> str:
    """Why methods that need the text tower cannot run on a pack of this backbone, "" if they can."""
    problem = weights_problem(backbone)
    return f"needs the text tower of {backbone.name}, {NO_TOWER}: {problem}" if problem else ""


def text_sentence(dataset: Pack, reason: str) -> str:
    """What can run without the text tower, and what to give for the rest; `reason` is that of a skipped method."""
    name, problem = dataset.pack.backbone.name, reason.partition(f"{NO_TOWER}: ")[2]
    able = [method for method in METHODS.names() if not METHODS.get(method).text]
    takes_file = FILE_OPTION in {option.name for option in dataclasses.fields(BACKBONES.get(name).Options)}
    advice = f"give the pack's weights with --set {name}.{FILE_OPTION}=FILE" if takes_file else "mend that to run them"
    return (
        f"the text tower of {name} is not at hand ({problem}): methods that need it are left out ({advice}), and "
        f"{len(able)} others can run on {dataset.root} ({some(able, 6)})"
    )
