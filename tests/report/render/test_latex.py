"""LaTeX that compiles: balanced, escaped, as many columns everywhere, and nothing lost on the way."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.report import Table, Value, average_table, cost_table, ratio_table, read_results
from bench.report.render.latex import latex, standalone
from bench.report.render.latex_text import escaped

STYLES = st.sampled_from(["", "best", "second", "missing", "aside"])
TEXT = st.text(st.sampled_from(list("ab1 _%&$#{}~^\\<>[]|`±−")), max_size=12)
VALUES = st.builds(Value, TEXT, STYLES, st.lists(st.integers(1, 60), max_size=2).map(tuple))


def assert_sound(text: str) -> None:
    """Balanced braces and environments, the same number of columns in every line, no special letter left bare."""
    depth = 0
    for token in re.findall(r"\\.|[{}]|[^\\{}]+", text.replace("\n", " ")):
        depth += (token == "{") - (token == "}")
        assert depth >= 0
    assert depth == 0
    opened = []
    for verb, name in re.findall(r"\\(begin|end)\{([^}]*)\}", text):
        if verb == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert opened == []
    columns = len(re.search(r"\\begin\{tabular\}\{@\{\}(l?c*)@\{\}\}", text)[1])
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    lines = [line for line in body.split("\n") if line.endswith(r"\\")]
    assert all(len(re.findall(r"(?<!\\)&", line)) == columns - 1 for line in lines)
    for line in text.split("\n")[1:]:
        assert not re.search(r"(?<!\\)[%#]", line)
        assert not re.search(r"(?<!\\)_", line)
        assert len(re.findall(r"(?<!\\)\$", line)) % 2 == 0


@given(st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=4), TEXT, TEXT)
def test_any_table_is_sound(rows, title, note):
    table = Table(title, ("method", "10 %", note), tuple(rows), caption=note, footnotes=(note, title))
    assert_sound(latex(table, "label"))


@pytest.mark.parametrize("make", [ratio_table, average_table, cost_table])
def test_the_reports_tables_are_sound_and_complete(finished, make):
    table = make(read_results(finished[0]))
    text = latex(table, "t")
    assert_sound(text)
    for row in table.rows:
        for value in row:
            number = value.text.split(" ")[0]
            assert value.style == "missing" or escaped(number) in text


def test_the_papers_layout(finished):
    text = latex(ratio_table(read_results(finished[0])), "t")
    assert r"method & 10\% & 50\% & 90\% & average \\" in text
    assert re.search(r"\\textbf\{\d+\.\d\}\\,\{\\scriptsize\$\\pm\$\d+\.\d\}", text)
    assert r"\underline{" in text
    assert r"trm\_ml" in text
    assert r"clip\_zero\_shot\textsuperscript{" in text
    for rule in ("toprule", "midrule", "bottomrule"):
        assert text.count(rf"\{rule}") == 1


def test_marks_are_letters_and_every_one_has_its_note():
    table = Table("t", ("a", "b"), ((Value("x", marks=(1,)), Value("1 ± 2", "best", (2,))),), footnotes=("one", "two"))
    text = latex(table, "t")
    assert r"x\textsuperscript{a}" in text
    assert r"\textbf{1}\,{\scriptsize$\pm$2}\textsuperscript{b}" in text
    assert r"\textsuperscript{a}\,one" in text
    assert r"\textsuperscript{b}\,two" in text


def test_the_document_to_look_at_takes_in_every_table():
    text = standalone(["ratios", "gain"])
    assert r"\input{ratios}" in text
    assert r"\input{gain}" in text
    assert r"\usepackage{booktabs,graphicx}" in text


def test_a_mark_in_the_head_of_a_column_is_the_letter_of_its_footnote():
    table = Table("", ("method", "ranking loss ↓¹²", "R@5²"), ((Value("asl"), Value("1"), Value("2")),))
    text = latex(table, "marks")
    assert_sound(text)
    assert r"method & ranking loss $\downarrow$\textsuperscript{l} & R@5\textsuperscript{b} \\" in text
