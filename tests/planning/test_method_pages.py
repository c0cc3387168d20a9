"""Pages on methods: the committed ones are current, each method stands on one of them with all that it says."""

from pathlib import Path

import pytest

from bench.planning.method_pages import COMMAND, SETTINGS_PAGE, method_pages
from methods import METHODS
from methods.families import FAMILIES

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "methods"


def test_the_committed_pages_are_current() -> None:
    committed = {path.name: path.read_text() for path in FOLDER.glob("*.md")}
    if committed != method_pages():
        pytest.fail(f"docs/methods is not what the registered methods say; run `{COMMAND}`.", pytrace=False)


def test_every_method_of_ours_has_a_family() -> None:
    assert {METHODS.get(name).family for name in METHODS.names()} == set(FAMILIES)


def test_a_method_stands_on_its_familys_page_with_all_that_it_says() -> None:
    pages = method_pages()
    for name in METHODS.names():
        method = METHODS.get(name)
        section = pages[f"{method.family}.md"].split(f"\n## {name}\n")[1].split("\n## ")[0]
        for text in (method.reference, method.equation, method.defaults_from, method.note):
            assert text in section, name
        assert all(f"recipe `{recipe}`" in section for recipe in method.recipes)
    asl = pages["losses.md"].split("\n## asl\n")[1].split("\n## ")[0]
    assert "| `clip` | `0.05` |" in asl, "its own settings"
    assert "`hidden`" not in asl, "shared ones stand once"
    assert "`hidden`" in pages[SETTINGS_PAGE].split("## HeadConfig")[1]


def test_tables_keep_their_columns() -> None:
    """A bar within a cell must not open another one."""
    for page in method_pages().values():
        for line in page.splitlines():
            if line.startswith("| "):
                assert line.replace("\\|", "").count("|") in (4, 5), line


def test_the_pages_come_from_the_command_line(call, tmp_path) -> None:
    assert call("ls", "methods", "--markdown", str(tmp_path / "pages")).code == 0
    assert {path.name: path.read_text() for path in (tmp_path / "pages").iterdir()} == method_pages()


@pytest.mark.parametrize("arguments", [("protocols",), ("methods", "asl"), ("methods", "--json")])
def test_there_are_pages_of_methods_only(arguments: tuple[str, ...], call, tmp_path) -> None:
    ended = call("ls", *arguments, "--markdown", str(tmp_path / "pages"))
    assert ended.code == 2
    assert "`bench ls methods --markdown FOLDER`" in ended.err
    assert not (tmp_path / "pages").exists()
