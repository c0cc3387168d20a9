"""Copies of datasets, and a server of archives."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.archive_server import Server
from helpers.copies import COPIES, copied
from helpers.copy_files import Copy

from bench.data import download, examined


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
    monkeypatch.setattr(download, "DOWNLOAD_BLOCK", 1 << 14)
    monkeypatch.setattr(download, "TIMEOUT", 5)


@pytest.fixture
def decoded(monkeypatch) -> list[int]:
    """One entry for each image that is decoded."""
    recorded: list[int] = []
    real = examined.look_into

    def look_into(path: Path, content: bytes) -> Any:
        recorded.append(len(content))
        return real(path, content)

    monkeypatch.setattr(examined, "look_into", look_into)
    return recorded
