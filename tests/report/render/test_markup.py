"""Names of methods and classes mean nothing to a browser, a spreadsheet, TeX or a terminal: they are only shown."""

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from helpers import store_factory
from helpers.store_factory import Grid, fail, finish, save_sweep
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console
from typer.testing import CliRunner

from bench.api.live_display import live_progress
from bench.cli import app
from bench.records.store import Store
from bench.report import Table, Value, markdown, read_results, write_report
from bench.report.render.safe_markdown import fenced, tame
from bench.system.spreadsheet import STARTS, csv_text, frame_csv

pytestmark = pytest.mark.slow

METHODS = (
    "asl",
    "=cmd|' /C calc'!A0",
    "@SUM(1)",
    "+x",
    "-x",
    "\tx",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "`<img src=y onerror=alert(2)>",
    "[a](javascript:alert(3))",
    "![b](http://example.org/x.png)",
    '" onmouseover="alert(4)',
    "[red]x[/] [/] :dog:",
    r"\input{x} $\frac$ %_&#~^{",
    "a|b\n\n# c",
)
CLASSES = ('a, "b"', "<script>alert(5)</script>", r"\input{y}_$\bad$", "=1+1", "[/]", "-c")


class Tags(HTMLParser):
    """All start tags of a page, and its links and sources."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.targets: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attributes}
        self.targets += [value or "" for name, value in attributes if name in ("src", "href")]


@pytest.fixture(scope="module")
def named(tmp_path_factory) -> tuple[Store, Path]:
    """A report over methods and classes whose names try everything; one cell failed with such a message."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_factory, "CLASSES", CLASSES)
        grid = Grid(methods=METHODS, percents=(10, 50), epochs=2)
        store = Store(tmp_path_factory.mktemp("named") / "results")
        save_sweep(store, grid)
        failed, *others = grid.cells()[::-1]
        for cell in others:
            finish(store, cell, flags=("<b>flag</b>", "=flag"))
        fail(store, failed, message="<script>alert(6)</script> | [x](javascript:y)")
    return store, write_report(read_results(store), store).parent


def test_the_web_pages_run_no_script_but_their_own(named):
    folder = named[1]
    whole = Tags((folder / "report.html").read_text())
    assert whole.tags.count("script") == 1
    for page in (folder / "report.html", *(folder / "cells").glob("*.html")):
        tags = Tags(page.read_text())
        assert tags.tags.count("script") == (page.name == "report.html")
        assert not {name for name in tags.attributes if name.startswith("on")}
        assert not [target for target in tags.targets if re.match(r"(?!data:)[a-z]+:|//", target)]
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in (folder / "report.html").read_text()


def test_markdown_brings_no_markup_and_no_links_to_elsewhere(named):
    text = (named[1] / "report.md").read_text()
    tags = Tags(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    assert not {"script", "b"} & set(tags.tags)
    assert not {name for name in tags.attributes if name.startswith("on")}
    assert not [target for target in tags.targets if re.match(r"[a-z]+:|/", target)]
    assert "alert(1)" in text
    assert {"details", "u", "table", "img", "a"} <= set(tags.tags)


@given(
    st.lists(st.sampled_from(["<", "b", ">", "[a]", "(", "x:y", ")", "`", "``", "\\", "|", "]", "/", "\n", "- ", ":"]))
)
def test_no_text_becomes_markup(pieces):
    text = tame("".join(pieces))
    tags = Tags(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    assert set(tags.tags) <= {
        *["p", "em", "strong", "ul", "li", "code", "pre", "h1", "h2", "hr", "br", "blockquote", "a"]
    }
    assert not [target for target in tags.targets if ":" in target]
    assert tame(text) == text


@pytest.mark.parametrize("before", ["", "> ", "- ", "1. ", "  "])
def test_no_text_defines_where_links_lead(before):
    tags = Tags(
        MarkdownIt().render(tame(f"{before}[a]: javascript&colon;b\n{before}[c]: https://example.org\n\n[a] [c]"))
    )
    assert tags.targets == []


def test_a_name_of_several_lines_stays_in_its_place_of_the_table():
    text = markdown(Table("t", ("a\n\n# b", "c"), ((Value("d\n\n# e"), Value("f|g")),)))
    assert Tags(MarkdownIt().enable("table").render(text)).tags.count("td") == 2
    assert "h1" not in Tags(MarkdownIt().enable("table").render(text)).tags


@given(st.text(st.sampled_from("`a<\n")))
def test_nothing_ends_a_block_of_code(text):
    rendered = MarkdownIt("commonmark", {"html": True}).render(fenced(text))
    assert Tags(rendered).tags == ["pre", "code"]


def test_every_csv_holds_no_formula_and_all_names(named):
    files = sorted(named[1].glob("*.csv"))
    assert {"results.csv", "gain.csv"} <= {file.name for file in files}
    for file in files:
        for line in csv.reader(io.StringIO(file.read_text(), newline="")):
            for value in line:
                assert not value.startswith(STARTS) or _is_number(value), (file.name, value)
    frame = pd.read_csv(named[1] / "results.csv")
    assert {"'=cmd|' /C calc'!A0", "'-x", "asl"} <= set(frame["method"])
    assert frame["mAP"].dtype == float


def _is_number(text: str) -> bool:
    try:
        return float(text) is not None
    except ValueError:
        return False


def test_numbers_in_a_csv_stay_numbers():
    frame = pd.DataFrame({"=x": [-0.3, 1.0], "n": [-1, 2], "o": pd.Series(["-0.3", None], dtype=object)})
    assert frame_csv(frame) == "'=x,n,o\n-0.3,-1,-0.3\n1.0,2,\n"
    assert csv_text([("a", "=b"), ("-c", -0.3)]) == "a,'=b\n'-c,-0.3\n"


def test_tables_of_tex_hold_no_command_of_a_name(named):
    for file in named[1].glob("*.tex"):
        text = file.read_text()
        assert not re.search(r"\\input\{x\}|\\frac|\\bad|\\input\{y\}", text), file.name
    assert r"\textbackslash" in (named[1] / "ratios.tex").read_text()


def test_no_plain_csv_writer_is_left():
    own = Path(__file__).parents[3] / "bench"
    writers = [p for p in own.rglob("*.py") if re.search(r"to_csv\(|csv\.(writer|DictWriter)", p.read_text())]
    assert writers == [own / "system" / "spreadsheet.py"]


def test_no_console_reads_markup():
    own = Path(__file__).parents[3] / "bench"
    makers = [p for p in own.rglob("*.py") if re.search(r"\b(Console|TextColumn)\(", p.read_text())]
    assert makers == [own / "system" / "console.py"]


@pytest.mark.parametrize("command", [["report"], ["status"], ["compare"]])
def test_the_terminal_shows_names_as_they_are(named, command):
    done = CliRunner().invoke(app, [*command, "--results", str(named[0].root)], env={"COLUMNS": "400"})
    assert done.exit_code == 0, done.output
    assert "[red]x[/] [/] :dog:" in done.output


def test_a_live_bar_shows_names_as_they_are():
    console = Console(file=io.StringIO(), force_terminal=True, width=200)
    with live_progress(console) as progress:
        progress.add_task("[/] [red]x", total=1, detail="[/nothing]")
        console.print(progress.get_renderable())
    assert "[/] [red]x" in console.file.getvalue()
    assert "[/nothing]" in console.file.getvalue()


def test_control_characters_of_a_store_do_not_reach_the_terminal(tmp_path):
    store, grid = Store(tmp_path / "results"), Grid(methods=("asl", "\x1b[31mx"), percents=(10,), epochs=1)
    save_sweep(store, grid)
    fail(store, grid.cells()[1], message="\x1b]0;title\x07")
    done = CliRunner().invoke(app, ["status", "--results", str(store.root)])
    assert done.exit_code == 0, done.output
    assert "\x1b" not in done.output
    assert "title" in done.output
