"""`--plugin`: what it adds is listed and planned, and a sweep file cannot load code by itself."""

import json

import pytest

from bench.settings import plugins

pytestmark = pytest.mark.slow

DRY = ("--ratios", "0.5", "--dry-run", "--data", "scenes.n_train=20", "--data", "scenes.n_test=10")


def test_ls_says_where_each_entry_comes_from(call, write):
    path = write()
    rows = {row["name"]: row for row in json.loads(call("ls", "methods", "--plugin", str(path), "--json").out)}
    assert rows["outside"]["from"] == f"file {path}"
    assert rows["asl"]["from"] == "built in"
    assert f"from file {path}" in call("ls", "methods").out
    assert f"file {path}" in call("ls", "methods", "outside").out
    assert "built in" in call("ls", "protocols").out


def test_a_broken_one_is_told_of_by_ls_and_run_goes_on_without_it(call, write):
    path = write("x =")
    result = call("ls", "methods", "--plugin", str(path))
    assert result.code == 0
    assert "asl" in result.out
    assert f"the plugin {path} could not be loaded: SyntaxError" in result.err
    result = call("run", "--plugin", str(path), "--methods", "asl", *DRY)
    assert result.code == 0
    assert f"warning: the plugin {path} could not be loaded" in result.err


def test_a_flag_may_be_given_several_times(call, write):
    other = write("from protocols import PROTOCOLS\nfrom protocols.full import *\n" + PROTOCOL, "other.py")
    result = call(
        "run", "--plugin", str(write()), "--plugin", str(other), "--methods", "outside", "--protocol", "all", *DRY
    )
    assert result.code == 0, result.err
    assert "outside" in result.out


PROTOCOL = '''
from protocols import Protocol

@PROTOCOLS.register("all")
class All(Protocol):
    """Hides nothing."""

    def hide(self, labels, percent, seed, images):
        return labels.copy()
'''


def test_a_sweep_file_names_a_plugin_and_somebody_else_allows_it(call, write, tmp_path):
    path = write()
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text(f"methods: outside\nplugin: [{path}]\n")
    result = call("run", str(sweep), *DRY)
    assert result.code == 2
    assert f"the sweep file names the plugin {path}, which is code" in result.err
    assert plugins.loaded() == []
    other = write("x = 1", "other.py")
    assert call("run", str(sweep), "--plugin", str(other), *DRY).code == 2, "another one allows nothing"
    assert plugins.loaded() == []
    assert "outside" in call("run", str(sweep), "--plugin", str(path), *DRY).out


@pytest.mark.parametrize("how", ["flag", "environment"])
def test_all_plugins_of_a_file_may_be_allowed(how, call, write, tmp_path, monkeypatch):
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text(f"methods: outside\nplugin: {write()}\n")
    if how == "environment":
        monkeypatch.setenv(plugins.VARIABLE, str(tmp_path / "plugins" / "mine.py"))
    result = call("run", str(sweep), *(["--allow-plugins"] if how == "flag" else []), *DRY)
    assert (result.code, result.err) == (0, "")


def test_a_file_cannot_allow_itself(call, write, tmp_path):
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text(f"methods: outside\nplugin: {write()}\nallow-plugins: true\n")
    result = call("run", str(sweep), *DRY)
    assert result.code == 2
    assert "there is no key 'allow-plugins'" in result.err
    assert plugins.loaded() == []


def test_a_command_is_written_with_its_plugins(call, write, tmp_path):
    path = write()
    written = [a for a in DRY if a != "--dry-run"]
    assert call("run", "--methods", "outside", "--plugin", str(path), *written, "--write", "sweep.yaml").code == 0
    assert f"plugin: {path}\n" in (tmp_path / "sweep.yaml").read_text()
    assert "outside" in call("run", "sweep.yaml", "--plugin", str(path), "--dry-run").out


def test_a_store_loads_no_plugin(call, write):
    """What a sweep's record says of its command is not taken for one."""
    path = write()
    quick = [*[a for a in DRY if a != "--dry-run"], "--set", "outside.epochs=1"]
    assert call("run", "--plugin", str(path), "--methods", "outside", *quick).code == 0
    plugins.known.unload_all()
    result = call("status")
    assert "method outside is not installed here" in result.out
    assert call("report").code == 0
    assert plugins.loaded() == []
