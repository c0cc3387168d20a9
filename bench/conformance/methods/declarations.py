"""Properties of a method's declarations."""

import dataclasses

from torch import Tensor

from bench.conformance.methods.models import Kind, images, is_trained, make
from bench.conformance.properties import Properties, fail, require, require_close
from bench.conformance.toy_data import ToyText, build_task, fit
from bench.errors import UsageError
from bench.settings.conversion import build, values
from methods import Features

PROPERTIES = Properties()


@PROPERTIES.property("says what it is", "reports could not say where its numbers come from")
def says_what_it_is(method: Kind) -> None:
    for field in ("reference", "equation", "defaults_from"):
        require(getattr(method, field), f"`{field}` is empty")
    require(bool(method.source) == bool(method.licence), "it names a source without its licence, or the reverse")
    require(
        (method.__doc__ or "").strip().split("\n")[0].endswith("."), "the docstring's first line is no whole sentence"
    )
    for known in dataclasses.fields(method.Config):
        require(known.metadata.get("help"), f"the setting `{known.name}` has no help text; declare it with `setting`")


@PROPERTIES.property("declares the text tower", "it would be planned with backbones that cannot serve it, or left out")
def declares_text(method: Kind) -> None:
    data = images()
    task = dataclasses.replace(build_task(data.labels), text_tower=None)
    if not method.text:
        require(
            make(method, task).score(data.features).isfinite().all(), "its scores without a text tower are not finite"
        )
        return
    try:
        make(method, task).scorer()
    except AssertionError:
        return
    fail("it says `text = True`, and it scores without a text tower")


class _OneVector(ToyText):
    """A text tower that gives one vector per text, as bidirectional ones do."""

    def sequence(self, embedded: Tensor) -> Tensor:
        raise NotImplementedError


@PROPERTIES.property(
    "declares token texts",
    "it would fail late with a tower that has one vector a text, or be left out where it could run",
    applies=lambda method: method.text,
)
def declares_token_texts(method: Kind) -> None:
    data = images()
    task = dataclasses.replace(build_task(data.labels), text_tower=_OneVector())
    try:
        fit(make(method, task), data, epochs=1).score(data.features)
    except NotImplementedError:
        require(method.token_texts, "it reads text features at every token, and does not say `token_texts = True`")
    else:
        require(not method.token_texts, "it says `token_texts = True`, and one vector a text will do")


@PROPERTIES.property(
    "declares the tokens",
    "a run would give it no tokens, since it says that it reads none",
    applies=lambda method: not method.needs_dense(method.Config()),
)
def declares_dense(method: Kind) -> None:
    data = images()
    pooled = Features(data.features.dense[:, :0], data.features.pooled)
    model = make(method, build_task(data.labels))
    require_close(model.score(pooled), model.score(data.features), "its scores change when the tokens are left out")


@PROPERTIES.property("settings and recipes are valid", "a cell of it could not be planned, or not be opened again")
def settings_are_valid(method: Kind) -> None:
    data = images()
    task = build_task(data.labels)
    for name, recipe in {"defaults": {}, **method.recipes}.items():
        config = build(method.Config, recipe, owner=method.name)
        same = build(method.Config, values(config), owner=method.name)
        require(same == config, f"its {name} do not survive the way through JSON")
        finite = method(config, task).score(data.features).isfinite().all()
        require(finite, f"its scores with {name} are not finite")


@PROPERTIES.property("rate factors name its parameters", "a parameter would silently be trained at the common rate")
def factors_name_parameters(method: Kind) -> None:
    config = method.Config()
    keys = [key for key, _ in make(method, build_task(images().labels)).named_parameters()]
    for part in {**method.lr_multipliers(config), **method.decay_multipliers(config)}:
        require(any(part in key for key in keys), f"a factor is for {part!r}, and no parameter's name holds it")
        require(not all(part in key for key in keys), f"{part!r} is in every parameter's name; set the rate itself")


@PROPERTIES.property(
    "is trained or cannot be",
    "a default of no epochs would keep it out of all checks of training",
    applies=lambda method: not is_trained(method),
)
def untrained_cannot_be(method: Kind) -> None:
    try:
        build(method.Config, {"epochs": 1}, owner=method.name)
    except UsageError as error:
        require("epochs" in str(error), "it refuses an epoch without saying so")
    else:
        fail("its default is no epochs, and it takes one; give it a default above 0, or refuse epochs")
    require(not list(make(method, build_task(images().labels)).parameters()), "it has parameters that nothing trains")
