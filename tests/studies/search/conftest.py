"""What the tests of searches share."""

import pytest


@pytest.fixture(autouse=True)
def nothing_waits_for_the_disk(monkeypatch) -> None:
    """Hundreds of small files a test; what a power cut would leave of them is not what is tested here."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results"
