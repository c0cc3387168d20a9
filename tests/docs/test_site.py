"""The documentation site builds without a warning, and its pages ask no other host for anything."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from protocols import PROTOCOLS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_every_protocol_is_on_its_page():
    page = (ROOT / "docs" / "protocols.md").read_text()
    assert [name for name in PROTOCOLS.names() if f"`{name}`" not in page] == []


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    pytest.importorskip("sphinx", reason="needs the extra `docs`")
    folder = tmp_path_factory.mktemp("site")
    # Without running the tutorial: `test_tutorial.py` does.
    options = ["-W", "--keep-going", "-q", "-D", "nb_execution_mode=off", "-b", "html"]
    command = [sys.executable, "-m", "sphinx", *options, str(ROOT / "docs"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_pages_load_nothing_from_another_host(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        loaded = re.findall(r"<(?:script|img|iframe)[^>]+src=\"(\w+:)?//|<link[^>]+href=\"(\w+:)?//", page.read_text())
        assert not loaded, page
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", style.read_text()), style
