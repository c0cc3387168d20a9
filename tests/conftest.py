"""What the tests of the core share: one thread, one cache, a tiny dataset, and cells on it."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import atexit
import ctypes
import gc
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import HealthCheck, settings

torch.set_num_threads(1)
# Autograd decides at its first gradient whether it starts threads, after which no forked process may take gradients. An
# export makes PyTorch believe in a GPU; a gradient before it keeps tests that fork independent of tests that export.
torch.ones(1, requires_grad=True).backward()
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts tests in the background has it ignored

# Property tests draw the same examples each time, and a busy machine is no failure.
# `--hypothesis-profile explore` looks further.
settings.register_profile("same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", settings.get_profile("same"), derandomize=False, max_examples=1000)
settings.load_profile("same")

ROOT = Path(__file__).resolve().parent.parent
BLANK = b'<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt"/>'
TRAINING = ("run", "variance", "ablate", "sensitivity")

gc.disable()  # what collecting the tests makes is kept to the end; looking through it again and again takes seconds


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
    atexit.register(gc.unfreeze)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: of several processes, none is left with a long one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True, scope="module")
def _memory_goes_back() -> Iterator[None]:
    """What a file's tests freed goes back to the system: the C library would keep gigabytes of it to the end."""
    yield
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc alone
    if trim:
        trim(0)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn images and features, made once for the whole test session; subprocesses find it too."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["BENCH_CACHE"] = str(folder)
    return folder


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy methods, registered for one test."""
    from helpers.toys import TOYS

    from methods import METHODS

    METHODS.names()  # look for the real ones first
    for name, toy in TOYS.items():
        monkeypatch.setitem(METHODS._entries, name, toy)


@pytest.fixture(autouse=True, scope="session")
def rendering() -> Iterator[SimpleNamespace]:
    """Figures are composed and stay blank, since drawing them takes most of a run's time.

    `rendering.of(*formats)`: a context in which they are drawn; in all formats of the program by default.
    """
    from bench.report.figures import style

    formats, contents = style.SUFFIXES, style.file_contents

    @contextmanager
    def drawing(*wanted: str) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(style, "SUFFIXES", wanted or formats)
            patch.setattr(style, "file_contents", contents)
            yield

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(style, "file_contents", lambda figure: dict.fromkeys(formats, BLANK))
        yield SimpleNamespace(of=drawing)


@pytest.fixture
def sketched(rendering: SimpleNamespace) -> Iterator[None]:
    """Figures are drawn, as SVG, for a test that looks at them."""
    with rendering.of("svg"):
        yield


@pytest.fixture
def drawn(rendering: SimpleNamespace) -> Iterator[None]:
    """Figures are drawn in each of the program's formats, for a test that looks at them."""
    with rendering.of():
        yield


@pytest.fixture(scope="session")
def make_resources(cache: Path) -> Callable:
    """Opens resources on the tiny scenes, or on any dataset."""
    from helpers.trainings import TINY, quiet

    from bench.planning.plan import open_dataset
    from bench.planning.request import Request
    from bench.training.resources import Resources

    def make(dataset=None) -> Resources:
        sweep = Request(methods=(), percents=(), overrides={"scenes": TINY})
        return Resources(dataset or open_dataset(sweep, cache), torch.device("cpu"), cache, progress=quiet)

    return make


@pytest.fixture(scope="session")
def resources(make_resources: Callable):
    """Resources on the tiny scenes."""
    return make_resources()


@pytest.fixture(scope="session")
def environment(cache: Path) -> dict[str, str]:
    """Environment of a subprocess that runs `python -m bench` from any folder, with the toys at hand."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, "BENCH_CACHE": str(cache), "OMP_NUM_THREADS": "1", "COLUMNS": "200"}


@pytest.fixture(scope="session")
def elsewhere(environment: dict[str, str]) -> dict:
    """`elsewhere.facts()` as another process with another hash seed sees them."""
    command = [sys.executable, str(ROOT / "tests" / "helpers" / "elsewhere.py")]
    result = subprocess.run(command, env={**environment, "PYTHONHASHSEED": "7"}, capture_output=True, check=True)
    return json.loads(result.stdout)


@pytest.fixture
def call(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable:
    """`call("run", ...)` in an empty folder: the real entry point, in this process; without MLflow, on one worker."""
    from bench.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "250")

    def run(*arguments: str) -> SimpleNamespace:
        if arguments[0] in TRAINING and not {"--dry-run", "--list"} & set(arguments):
            arguments = (arguments[0], "--no-mlflow", "--workers", "1", *arguments[1:])
        monkeypatch.setattr(sys, "argv", ["bench", *arguments])
        with pytest.raises(SystemExit) as ending:
            main()
        captured = capsys.readouterr()
        return SimpleNamespace(code=ending.value.code or 0, out=captured.out, err=captured.err)

    return run
