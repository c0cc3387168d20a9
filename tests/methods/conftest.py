"""Fixtures of the toy world for methods."""

import pytest
from helpers.toy_world import NAMES, Data, ToyText, build_task, draw_toy_data

from methods import Task


@pytest.fixture
def text() -> ToyText:
    return ToyText()


@pytest.fixture
def names() -> tuple[str, ...]:
    return NAMES


@pytest.fixture
def data() -> Data:
    """40 training images."""
    return draw_toy_data(40, seed=0)


@pytest.fixture
def unseen() -> Data:
    """200 more images of the same world."""
    return draw_toy_data(200, seed=1)


@pytest.fixture
def task(data: Data) -> Task:
    """All labels known."""
    return build_task(data.labels)
