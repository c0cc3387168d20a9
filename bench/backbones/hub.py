"""Offline use of a weights hub: where it cannot be reached, only its cache is read, without a minute of retries."""

import contextlib
import socket
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlparse

from huggingface_hub import constants


@contextlib.contextmanager
def without_waiting() -> Iterator[None]:
    """While the block fetches from the hub: offline mode where the hub's name cannot be resolved."""
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not _resolves(urlparse(constants.ENDPOINT).hostname or "")
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _resolves(host: str) -> bool:
    """Whether a connection is worth a try; with a proxy, which resolves names itself, it always is."""
    if urllib.request.getproxies():
        return True
    try:
        socket.getaddrinfo(host, 443)
    except OSError:
        return False
    return True
