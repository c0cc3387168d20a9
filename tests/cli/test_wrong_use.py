"""Wrong use of the command line is refused in one sentence with exit code 2, before anything is made."""

import json

import pytest
from helpers.store_factory import Grid, make_store

from bench import __version__
from bench.errors import UsageError
from bench.planning.plan import plan
from bench.planning.request import Request

TINY = ("--set", "scenes.n_train=60", "--set", "scenes.n_test=40")
ASL = ("--methods", "asl", "--ratios", "0.5", *TINY)
LAUGHS = "a: &a [x, x]\nb: &b [*a, *a]\nasl: *b\n"

REFUSED = {
    "ratios of two kinds": (("run", "--ratios", "1,5,10"), "1 is a share (100 %) and 5 a percent"),
    "many seeds": (("run", "--seeds", "0-5000"), "are more than 1,000"),
    "large seed": (("run", "--seeds", "0-99999999999"), "99999999999 is too large"),
    "other digits": (("run", "--seeds", "\u0663"), "is no seed"),
    "other digits of a setting": (("run", *ASL, "--set", "asl.lr=\uff11"), "asl.lr = '\uff11' is not allowed"),
    "large setting": (("run", *ASL, "--set", f"asl.epochs={'9' * 400}"), "give a whole number up to 9007199254740992"),
    "many scenes": (("run", "--methods", "asl", "--data", "scenes.n_test=99999999"), "from 1 to 1,000,000"),
    "many views": (("run", *ASL, "--set", "views.count=5000", "--views", "2"), "views"),
    "empty dataset": (("run", "--dataset", ""), "--dataset is empty; give a value"),
    "blank backbone": (("run", "--backbone= "), "--backbone is empty; give a value"),
    "empty store": (("status", "--results", ""), "--results is empty; give a value"),
    "empty key": (("show", ""), "an argument is empty; give a value"),
    "empty name in the cache": (("cache", "ls", "--dataset", ""), "--dataset is empty; give a value"),
    "no parts": (("ablate", "--parts", ""), "--parts is empty"),
    "parts of commas": (("ablate", "--parts", " , "), "--parts is empty; name at least one of regions"),
    "value twice": (("sensitivity", "--method", "asl", "--over", "lr=1,2,1.0"), "lr has the value 1.0 twice"),
    "many values": (
        ("sensitivity", "--method", "asl", "--over", f"lr={','.join(map(str, range(1, 200)))}"),
        "--over lr has 199 values; at most 100",
    ),
    "papers beside nothing": (("compare", "--published", "voc2007", "--results", "TYPO"), "There is no store at TYPO"),
    "two stores, one of nothing": (("report", "--results", ".", "--results", "TYPO"), "There is no store at TYPO"),
    "tracking nowhere": (
        ("run", *ASL, "--tracking-uri", "sqlite:///none/d/x.db"),
        "there is no folder none/d; make it",
    ),
    "tracking by a word": (("run", *ASL, "--tracking-uri", "foo"), "'foo' is no address of a database or server"),
    "tracking in memory": (("run", *ASL, "--tracking-uri", "sqlite:///:memory:"), "is no address of a database"),
    **{
        f"{command} of nothing": ((*command.split(), "--results", "TYPO"), "There is no store at TYPO; give the folder")
        for command in ("sync", "status", "report", "ui", "compare", "compare --across", "show abc")
    },
    **{
        f"cache {command} of nothing": (("cache", *command.split(), "--cache", "TYPO"), "There is no cache at TYPO")
        for command in ("ls", "verify", "rm --all")
    },
    "unknown dataset in the cache": (("cache", "rm", "--dataset", "nope"), "no dataset 'nope'; allowed: chexpert"),
    "unknown backbone in the cache": (("cache", "ls", "--backbone", "RN11"), "did you mean 'RN101'?"),
    "storage without a file": (("search", *ASL, "--storage", "sqlite:///"), "sqlite:/// names no file"),
    "storage in memory": (("search", *ASL, "--storage", "sqlite+pysqlite:///:memory:"), "names no file"),
    "storage of another program": (("search", *ASL, "--storage", "mysql://me:secret@h/d"), "@h/d needs a package"),
    "tuning what is not trained": (("tune", "--methods", "prior", *TINY), "prior is not trained"),
    "tuned settings in no recipe file": (("tune", *ASL, "--out", "a.yaml"), "--out a.yaml does not end in .toml"),
    "no recipe file": (("run", *ASL, "--recipe", "none.toml"), "recipe file none.toml cannot be read"),
    "empty key in the cache": (("cache", "verify", ""), "an argument is empty; give a value"),
    "storage that cannot be": (("search", *ASL, "--storage", "sqlite:////none/d/x.db"), "cannot be opened"),
    "endless memory": (("run", *ASL, "--executor", "ray", "--memory-per-cell", "inf"), "are finite numbers"),
    "aliases": (("run", "laughs.yaml"), "laughs.yaml is not YAML that can be read, line 1: anchors"),
    "aliases in a space": (("search", *ASL, "--space", "laughs.yaml"), "line 1: anchors and aliases"),
    "large range": (("search", *ASL, "--space", "large.yaml"), "a number of 400 characters is too long"),
}


@pytest.mark.parametrize(("arguments", "words"), REFUSED.values(), ids=REFUSED)
def test_one_sentence_and_nothing_made(arguments, words, call, tmp_path):
    (tmp_path / "laughs.yaml").write_text(LAUGHS)
    (tmp_path / "large.yaml").write_text(f"asl: {{lr: {{low: 1, high: {'9' * 400}}}}}")
    result = call(*arguments)
    assert result.code == 2
    assert words in result.err
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["large.yaml", "laughs.yaml"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--workers", "1000000000"),
        ("run", "--threads", "1000000000"),
        ("run", "--views", "1000000000"),
        ("search", "--trials", "1000000000"),
        ("tune", "--trials", "0"),
        ("search", "--retries", "1000000000"),
        ("search", "--search-seed", "99999999999"),
        ("show", "abc", "--images", "1000000000"),
        ("show", "abc", "--seed", "99999999999"),
    ],
    ids=lambda arguments: arguments[-2],
)
def test_numbers_are_bounded(arguments, call, tmp_path):
    result = call(*arguments)
    assert result.code == 2
    assert f"Invalid value for '{arguments[-2]}'" in result.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("digits", ["\u0663", "\uff11", "\u0967\u0968"], ids=ascii)
@pytest.mark.parametrize(
    "arguments",
    [
        *(("run", flag) for flag in ("--ratios", "--seeds", "--workers", "--threads", "--views", "--holdout")),
        *(("run", flag) for flag in ("--cpus-per-cell", "--gpus-per-cell", "--memory-per-cell")),
        *(("search", flag) for flag in ("--trials", "--retries", "--search-seed")),
        *(("show", "abc", flag) for flag in ("--images", "--seed")),
        ("ui", "--port"),
        ("report", "--seeds"),
        ("compare", "--ratios"),
    ],
    ids=" ".join,
)
def test_digits_of_other_scripts_are_no_number(arguments, digits, call, tmp_path):
    (tmp_path / "results").mkdir()
    result = call(*arguments, digits)
    assert result.code == 2
    assert "Traceback" not in result.err
    assert arguments[-1] in result.err
    assert [path.name for path in tmp_path.rglob("*")] == ["results"]


def test_a_store_is_not_synced_into_a_folder_that_is_not_there(call, tmp_path):
    make_store(tmp_path / "results")
    before = sorted(tmp_path.rglob("*"))
    result = call("sync", "--tracking-uri", f"sqlite:///{tmp_path}/none/d/x.db")
    assert result.code == 2
    assert f"there is no folder {tmp_path}/none/d; make it" in result.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_known_dataset_of_which_nothing_is_cached_is_no_error(call, tmp_path):
    (tmp_path / "cache").mkdir()
    result = call("cache", "rm", "--dataset", "voc2007", "--cache", "cache")
    assert result.code == 0
    assert "removed 0 entries" in result.out


def test_a_plan_of_too_many_places_is_refused(resources):
    sweep = Request(("asl", "hill"), tuple(range(1, 101)), seeds=tuple(range(501)))
    with pytest.raises(
        UsageError, match="2 methods at 100 ratios and 501 seeds are 100,200 places of a table; at most 100,000"
    ):
        plan(sweep, resources.dataset)


def test_the_largest_plan_is_planned(resources, monkeypatch):
    monkeypatch.setattr("bench.planning.plan.LARGEST_TABLE", 4)
    assert len(plan(Request(("asl",), (10, 50), seeds=(0, 1)), resources.dataset)) == 4
    with pytest.raises(UsageError, match="are 5 places of a table; at most 4"):
        plan(Request(("asl",), (10,), seeds=tuple(range(5))), resources.dataset)


def test_status_shows_a_method_that_is_not_installed(call, tmp_path):
    make_store(tmp_path / "results", Grid(methods=("asl", "of_another_machine"), percents=(50,)))
    result = call("status", "--json")
    assert result.code == 0, result.err
    rows = {row["method"]: row for row in json.loads(result.out)["cells"]}
    assert rows["of_another_machine"]["state"] == "done"
    assert rows["of_another_machine"]["detail"].endswith("method of_another_machine is not installed here")
    assert "not installed" not in rows["asl"]["detail"]


def test_the_version(call):
    result = call("--version")
    assert (result.code, result.out) == (0, f"bench {__version__}\n")
