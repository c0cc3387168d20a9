"""Each dataset names the encoder of a run that names none; weights that are not at hand are told at once."""

import socket
import urllib.request

import open_clip
import pytest
from huggingface_hub import constants

from bench.api.request import request_of
from bench.backbones import BACKBONES
from bench.backbones.hub import without_waiting
from bench.data import DATASETS
from bench.errors import DataError


@pytest.fixture
def unreachable(monkeypatch):
    def resolve(*address):
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(urllib.request, "getproxies", dict)


def backbone_of(dataset: str | None, **words: str) -> str:
    return request_of("asl", "0.5", "0", dataset=dataset, **words).backbone


def test_drawings_take_the_miniature_and_photographs_the_fields_encoder():
    assert (backbone_of(None), backbone_of("scenes")) == ("tiny_clip", "tiny_clip")
    others = [name for name in DATASETS.names() if name not in ("scenes", "pack")]  # a pack says itself
    assert {backbone_of(name) for name in others} == {"RN101"}


def test_what_is_named_is_taken():
    assert backbone_of("coco", backbone="tiny_clip") == "tiny_clip"
    assert backbone_of("scenes", backbone="RN50") == "RN50"


def test_a_mark_stands_on_other_datasets_than_the_encoders_own():
    miniature = BACKBONES.get("tiny_clip")
    assert miniature.mark_on("tiny_clip") == ""
    assert miniature.mark_on("RN101") == "miniature"
    assert BACKBONES.get("RN50").mark_on("RN101") == ""


def test_weights_that_are_not_at_hand_say_what_to_give(unreachable, monkeypatch):
    entry, modes = BACKBONES.get("RN101"), []

    def fetch(config):
        modes.append(constants.HF_HUB_OFFLINE)
        raise FileNotFoundError("not in the cache")

    monkeypatch.setattr(open_clip, "download_pretrained", fetch)
    with pytest.raises(DataError, match=r"--set RN101\.weights=FILE, or another encoder with --backbone"):
        entry.fingerprint(entry.Options())
    assert modes == [True]
    assert not constants.HF_HUB_OFFLINE


def test_a_hub_that_can_be_reached_is_asked(unreachable, monkeypatch):
    monkeypatch.setattr(urllib.request, "getproxies", lambda: {"https": "http://proxy:3128"})
    with without_waiting():
        assert not constants.HF_HUB_OFFLINE
