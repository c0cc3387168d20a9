"""A stranger's names of images and classes are shown on the page and in the terminal, and do nothing there."""

from dataclasses import replace

from helpers.copies import coco
from helpers.scored_copies import finish_scored

from bench.cli.mistakes import _tell
from bench.mistakes import write_mistakes
from bench.records.store import Store

EVIL = '"><script>alert(1)</script>\x1b[31m\u202e'


def test_names_are_escaped(tmp_path, capsys):
    copy = replace(coco(tmp_path / "coco"), classes=(EVIL, "<img src=x onerror=alert(2)>", "[link](javascript:x)"))
    store = Store(tmp_path / "results")
    cell = finish_scored(store, copy, [[2.0, 0.0, 1.0], [1.0, 3.0, 0.0]], ids=("a", EVIL))
    written = write_mistakes(store, [cell], tmp_path / "cache", root=tmp_path)
    html = written.page.read_text()
    assert "alert(1)" in html
    assert "alert(2)" in html
    assert html.count("<script>") == 1, "the page's own"
    assert "<img" not in html
    assert not set("\x1b\u202e") & set(html)
    _tell(written)
    printed = capsys.readouterr()
    assert "alert" in printed.out
    assert not set("\x1b\u202e") & set(printed.out + printed.err)
