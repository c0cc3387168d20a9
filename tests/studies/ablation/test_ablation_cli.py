"""`bench ablate` and `bench sensitivity` through the real entry point, on tiny scenes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.copied_unknown import table

from bench.cli.options import ExecutionFlags
from bench.cli.studies import settings_of
from bench.planning.plan import open_dataset, plan
from bench.planning.request import Request
from bench.records.store import Store
from methods import METHODS

TINY = ("--data", "scenes.n_train=120", "--data", "scenes.n_test=60")
QUICK = ("--ratios", "0.5", "--seeds", "0-2", "--set", "asl.epochs=1", *TINY)


def test_help_needs_no_heavy_import(environment):
    code = """
import sys
from bench.cli import main
sys.argv = ["bench", sys.argv[1], "--help"]
try:
    main()
except SystemExit as ending:
    assert not ending.code
heavy = {"torch", "numpy", "pandas", "matplotlib", "bench.planning.plan", "bench.studies.ablation.designs", "methods"}
sys.exit(", ".join(heavy & set(sys.modules)) or 0)
"""
    for command in ("ablate", "sensitivity"):
        result = subprocess.run([sys.executable, "-c", code, command], env=environment, capture_output=True, text=True)
        assert result.returncode == 0, f"imported for help: {result.stderr}"
        assert "--method" in result.stdout


def test_a_study_starts_from_the_settings_of_the_protocol_that_the_data_call_for(tmp_path):
    """Labels that are unknown in the data make the protocol `native`, for which no settings were chosen by search."""
    data = table(tmp_path / "data")
    request = Request(
        methods=("em",),
        percents=(100,),
        dataset=data.name,
        root=data.root,
        backbone="tiny_clip",
        overrides={data.name: data.options},
    )
    execution = ExecutionFlags(cache=tmp_path / "cache")
    (place,) = plan(request, open_dataset(request, execution.cache))
    settings = settings_of(METHODS.get("em"), request, execution)
    assert settings
    assert settings == {option: place.cell.method.options[option] for option in settings}


@pytest.mark.slow
def test_an_ablation_from_end_to_end(call, tmp_path):
    """Run, looked at, asked for again, and under another design: nothing is trained twice."""
    result = call("ablate", "--method", "asl", *QUICK)
    assert result.code == 0, result.err
    assert "- focusing" in result.out
    assert "Change from the whole method" in result.out
    assert "n = 3 seeds" in result.out
    assert "note: Off already in these settings, and so not studied: shift (clip=0.0)." in result.err
    page = Path(next(line for line in result.out.splitlines() if line.startswith("report")).split(maxsplit=1)[1])
    assert page.parent.name.startswith("ablation-")
    assert {path.suffix for path in page.parent.iterdir()} >= {".md", ".csv", ".png", ".svg"}
    store = Store(tmp_path / "results")
    record = store.sweeps()[-1]
    assert record.study_kind == "ablation"
    assert record.study["design"] == "leave-one-out"
    by_place = {(place.method, place.percent, place.seed): store.row(key) for place, key in record.filled()}
    assert len(by_place) == 2 * 3
    for (name, percent, seed), row in by_place.items():
        whole = by_place["asl: whole", percent, seed]
        assert row.mask["sha256"] == whole.mask["sha256"], "pairs have the same mask"
        assert row.cell.method.options["gamma_neg"] == (0.0 if name.endswith("focusing") else 2.0)
    status = call("status")
    assert status.code == 0, status.err
    again = json.loads(call("ablate", "--method", "asl", *QUICK, "--json").out)
    assert again["study"]["design"] == "leave-one-out"
    assert {line["variant"] for line in again["table"]} == {"whole", "- focusing"}
    other = call("ablate", "--method", "asl", "--design", "add-one-in", *QUICK)
    assert other.code == 0
    assert "done mAP" not in other.err, "the baseline is the method without its one part: designs share cells"


def test_a_ladder_is_planned_with_its_rungs(call):
    result = call("ablate", "--design", "ladder", "--dry-run", "--seeds", "0", *TINY)
    assert result.code == 0, result.err
    assert "trm_ml: text-pixel baseline" in result.out
    assert "18 cells" in result.out


def test_the_parts_of_a_method_are_listed(call):
    result = call("ablate", "--method", "trm_ml", "--list")
    assert "prototypes" in result.out
    assert "needs" in result.out
    assert "ladder: text-pixel baseline | + region level" in result.out


@pytest.mark.slow
def test_a_sensitivity_study_from_end_to_end(call):
    result = call("sensitivity", "--method", "asl", "--over", "gamma_neg=0,1,4", *QUICK)
    assert result.code == 0, result.err
    assert "2.0 (default)" in result.out
    assert "Difference from gamma_neg=2.0" in result.out
    page = Path(next(line for line in result.out.splitlines() if line.startswith("report")).split(maxsplit=1)[1])
    assert (page.parent / "gamma_neg.svg").exists()


WRONG = {
    "design": (("ablate", "--design", "leave-one"), "--design 'leave-one' is not known; did you mean 'leave-one-out'?"),
    "part": (("ablate", "--parts", "region"), "'trm_ml' has no part 'region'; did you mean 'regions'?"),
    "method": (("ablate", "--method", "trm"), "There is no method 'trm'; did you mean 'trm_ml'?"),
    "several": (("ablate", "--method", "asl,trm_ml"), "--method takes one method, and asl, trm_ml were given"),
    "no parts": (("ablate", "--method", "prior"), "'prior' declares no parts"),
    "setting": (("sensitivity", "--over", "temperature=1"), "did you mean kd_temperature or contrast_temperature?"),
    "no setting": (("sensitivity",), "--over is missing"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use_is_one_sentence_and_exit_code_2(call, tmp_path, name):
    arguments, sentence = WRONG[name]
    result = call(*arguments, *TINY)
    assert result.code == 2
    assert sentence in result.err
    assert result.err.count("\n") == 1
    assert not (tmp_path / "results").exists()
