"""Copies of datasets, and a server of archives."""

import threading
from collections.abc import Iterator

import pytest
from helpers.archive_server import Server
from helpers.copies import COPIES, copied
from helpers.copy_files import Copy
from PIL import Image

from bench.data import download
from bench.data import images as images_module


@pytest.fixture(params=COPIES)
def copy(request, tmp_path) -> Copy:
    return copied(request.param, tmp_path)


@pytest.fixture
def server(small_blocks) -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(download, "BLOCK", 1 << 14)
    monkeypatch.setattr(download, "TIMEOUT", 5)


@pytest.fixture
def decoded(monkeypatch) -> list[int]:
    """One entry for each image that is decoded."""
    seen: list[int] = []
    real = images_module.decode

    def decode(content: bytes) -> Image.Image:
        seen.append(len(content))
        return real(content)

    monkeypatch.setattr(images_module, "decode", decode)
    return seen
