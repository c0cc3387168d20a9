"""What a sweep file may not say, and files that cannot be read."""

import itertools
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.planning.sweep_file import parse_sweep_file, read_sweep_file

pytestmark = pytest.mark.slow


FLAGS = ("methods", "ratios", "seeds", "holdout", "live", "tracking-uri", "dataset")


WRONG = {
    "key": ("metods: asl", "there is no key 'metods'; did you mean 'methods'?"),
    "twice": ("methods: asl\nmethods: hill", "line 2: 'methods' is given twice"),
    "twice by spelling": ("tracking-uri: a\ntracking_uri: b", "'tracking-uri' is given twice"),
    "empty value": ("methods:", "methods is empty"),
    "empty list": ("methods: []", "methods is empty"),
    "nested": ("methods: {asl: 1}", "methods is {'asl': 1}; give a word"),
    "list of lists": ("methods: [[asl]]", "give a word, a number or a list of them"),
    "nothing": ("", "it holds nothing"),
    "a list": ("- asl", "it holds a list"),
    "broken": ("methods: [asl", "is not YAML that can be read, line 1"),
    "python": ("methods: !!python/name:os.system", "is not YAML that can be read"),
    "alias": ("methods: &m asl\ndataset: *m", "line 1: anchors and aliases (& and *) are not read"),
    "number as key": ("methods: asl\n5: asl", "line 2: a key is a word, which '5' is not"),
    "list as key": ("methods: asl\n? [a]\n: b", "line 2: a key is a word, which a list or a mapping is not"),
    "mapping as key": ("{a: b}: c", "line 1: a key is a word"),
    "truth as key": ("set: {asl: {true: 1}}", "line 1: a key is a word, which 'true' is not"),
    "tag": ("methods: asl\nviews: !!int abc", "line 2: tags (!) are not read"),
    "set tag": ("!!set {a, b}", "line 1: tags (!) are not read"),
    "deep": ("methods: " + "[" * 3000, "line 1: lists and mappings lie more than 16 deep"),
    "deep blocks": ("\n".join(" " * n + "a:" for n in range(40)), "lie more than 16 deep"),
    "long number": ("methods: asl\nviews: " + "9" * 5000, "line 2: a number of 5,000 characters is too long"),
    "character": ("methods: asl\ndataset: a\0b", "line 2: it holds the character 0x0000"),
    "escape": ('a: b\nmethods: "\\UFFFFFFFF"', "is not YAML that can be read, line 2"),
    "version": ("%YAML " + "9" * 5000 + ".1\n---\na: b", "is not YAML that can be read, line 1"),
    "too long": ("#" * 200_001, "is too long: at most 200,000 characters are read"),
    "settings": ("set: {asl: 3}", "for instance asl: {lr: 1e-3}; 'asl' holds 3"),
    "flat settings": ("set: {asl.lr: 3}", "'asl.lr' holds 3"),
    "empty setting": ("set: {asl: {lr: }}", "asl.lr holds None"),
    "grid of one": ("grid: {asl: {lr: 3}}", "grid asl.lr must be a list of values; it holds 3"),
    "empty axis": ("grid: {asl: {lr: []}}", "must be a list of values"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_what_is_refused_and_how(text, message):
    with pytest.raises(UsageError) as refusal:
        parse_sweep_file(text, "sweep.yaml", FLAGS)
    assert message in str(refusal.value)
    assert str(refusal.value).startswith("sweep.yaml")


def test_a_few_aliases_make_no_long_list():
    """Nine lists of nine of each other: 200 bytes that would be 400 million words."""
    lists = [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in itertools.pairwise("abcdefghi")]
    laughs = "\n".join(["a: &a [x, x, x, x, x, x, x, x, x]", *lists, "methods: *i"])
    with pytest.raises(UsageError, match="line 1: anchors and aliases"):
        parse_sweep_file(laughs, "sweep.yaml", FLAGS)


def test_a_value_in_an_error_is_cut_off(tmp_path):
    for text in (f"methods: [[{'x, ' * 60_000}x]]", f"set: {'x' * 190_000}", f"{'y' * 1000}: asl"):
        with pytest.raises(UsageError) as caught:
            parse_sweep_file(text, "sweep.yaml", FLAGS)
        assert len(str(caught.value)) < 700


def test_a_file_without_an_end_is_not_read_to_it():
    with pytest.raises(UsageError, match="too long"):
        read_sweep_file(Path("/dev/zero"), FLAGS)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_sweep_file(tmp_path / "none.yaml", FLAGS)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(UsageError, match="is no text"):
        read_sweep_file(tmp_path / "binary.yaml", FLAGS)
