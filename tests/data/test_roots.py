"""Where a dataset's files are found: the command line, then the environment, then the user's configuration file."""

from pathlib import Path

import pytest

from bench.data import roots
from bench.data.roots import find_root
from bench.errors import UsageError


@pytest.fixture
def config(tmp_path, monkeypatch) -> Path:
    """The user's configuration file, not there yet."""
    monkeypatch.delenv("BENCH_ROOT_VOC2007", raising=False)
    monkeypatch.setattr(roots.platformdirs, "user_config_dir", lambda name: str(tmp_path / name))
    path = roots.config_file()
    path.parent.mkdir()
    return path


def test_the_command_line_comes_before_the_environment_and_that_before_the_file(config, monkeypatch):
    config.write_text('[roots]\nvoc2007 = "/from/file"\ncoco = "/other"\n')
    assert find_root("voc2007", None) == Path("/from/file")
    monkeypatch.setenv("BENCH_ROOT_VOC2007", "/from/environment")
    assert find_root("voc2007", None) == Path("/from/environment")
    assert find_root("voc2007", Path("/given")) == Path("/given")
    assert find_root("coco", None) == Path("/other")


def test_a_home_folder_is_written_out(config):
    config.write_text('[roots]\nvoc2007 = "~/voc"\n')
    assert find_root("voc2007", None) == Path.home() / "voc"


@pytest.mark.parametrize("text", [None, "", "[roots]\ncoco = '/data'\n", "[other]\na = 1\n"])
def test_without_a_root_one_sentence_names_all_three_ways(config, text):
    if text is not None:
        config.write_text(text)
    with pytest.raises(UsageError) as caught:
        find_root("voc2007", None)
    for way in ("--root DIR", "BENCH_ROOT_VOC2007", 'voc2007 = "DIR" under [roots]', str(config)):
        assert way in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"), [("[roots", "is no TOML"), ("roots = 3", "must hold lines"), ("[roots]\na = 1", "must")]
)
def test_a_configuration_that_is_none_is_named(config, text, words):
    config.write_text(text)
    with pytest.raises(UsageError, match=words):
        find_root("voc2007", None)
