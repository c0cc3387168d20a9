"""Properties of a method's state, and of its part in a checkpoint."""

import copy
import io
import pickle

import torch

from bench.conformance.methods.models import Kind, images, is_trained, make, partly, scorable, trained
from bench.conformance.properties import Properties, require, require_close
from bench.conformance.toy_data import build_task, fit

PROPERTIES = Properties()


@PROPERTIES.property("its state dict is all of it", "a finished cell, opened again, would score otherwise")
def state_is_complete(method: Kind) -> None:
    data = partly(images())
    model = trained(method, data)
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    restored = make(method, build_task(data.labels), seed=9)
    restored.load_state_dict(torch.load(file, weights_only=True))
    sentence = "a model that loads its state dict scores otherwise; keep state in parameters and buffers"
    require_close(restored.score(data.features), model.score(data.features), sentence)


@PROPERTIES.property("holds no text tower", "every checkpoint and every row would carry the frozen encoder")
def holds_no_text_tower(method: Kind) -> None:
    model = scorable(method)
    for key, value in [*model.state_dict().items(), *model.named_parameters()]:
        for frozen in model.task.text.parameters():
            same = value.shape == frozen.shape and torch.equal(value, frozen)
            require(not same, f"`{key}` is a parameter of the text tower; keep the tower in `task` only")


@PROPERTIES.property("copies are equal and independent", "averaged weights and other processes work on copies")
def copies_are_equal(method: Kind) -> None:
    data = partly(images())
    model = trained(method, data)
    scores, twin = model.score(data.features), copy.deepcopy(model)
    require(twin.task is model.task, "a copy has another task; the text tower in it is large")
    require_close(twin.score(data.features), scores, "a deep copy scores otherwise")
    pickled = pickle.loads(pickle.dumps(model))
    require_close(pickled.score(data.features), scores, "a pickled copy scores otherwise")
    if is_trained(method):
        fit(twin, data, 2)
        require(not torch.equal(twin.score(data.features), scores), "training a copy changes no score of it")
        require_close(model.score(data.features), scores, "training a copy changes the original")
