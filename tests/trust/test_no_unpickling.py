"""No line of the program can run what stands in a file: calls that unpickle are not in its source at all."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("bench", "methods", "protocols", "benchmarks")
LOADERS = {"load", "loads", "Unpickler"}
MODULES = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
ALWAYS = {"read_pickle", "torch.jit.load", "mmengine.load", "load_from_http", "torch.hub.load", "scipy.io.readsav"}
ONLY_HERE = {
    ("bench/system/plain_files.py", "pickle.Unpickler"): 1,
    ("bench/conformance/methods/state.py", "pickle.loads"): 1,
}
"""The two places that may: one names what it allows, one copies what it has pickled itself."""


def problems(source: str) -> Iterator[str]:
    """Calls, imports and base classes that could run a file's content."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in names if _unpickles(name) or name == "torch.load")
        elif isinstance(node, ast.Attribute) and _unpickles(ast.unparse(node)):
            yield ast.unparse(node)
        elif isinstance(node, ast.Call):
            called, given = ast.unparse(node.func), {word.arg: ast.unparse(word.value) for word in node.keywords}
            if called == "torch.load" and given.get("weights_only") != "True":
                yield called
            if given.get("weights_only", "True") != "True" or given.get("allow_pickle", "False") != "False":
                yield called


def _unpickles(name: str) -> bool:
    module, _, last = name.rpartition(".")
    return name in ALWAYS or last in ALWAYS or (module in MODULES and last in LOADERS)


def test_nothing_is_unpickled():
    names: dict[tuple[str, str], int] = {}
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(files) > 200
    for path in files:
        for problem in problems(path.read_text(encoding="utf-8")):
            place = (path.relative_to(ROOT).as_posix(), problem)
            names[place] = names.get(place, 0) + 1
    assert names == ONLY_HERE


@pytest.mark.parametrize("line", [
    "torch.load(path)", "torch.load(path, weights_only=False)", "torch.load(path, weights_only=trusted)",
    "from torch import load", "torch.jit.load(path)", "pickle.load(file)", "pickle.loads(content)",
    "from pickle import loads", "class Mine(pickle.Unpickler): ...", "np.load(path, allow_pickle=True)",
    "np.load(path, allow_pickle=trusted)", "pd.read_pickle(path)", "from pandas import read_pickle",
    "joblib.load(path)", "load_state_dict(path, weights_only=False)", "read = pickle.load",
])  # fmt: skip
def test_it_would_be_seen(line):
    assert list(problems(line))


@pytest.mark.parametrize("line", [
    "torch.load(path, weights_only=True)", "np.load(path)", "np.load(path, allow_pickle=False)",
    "pickle.dumps(content)", "from pickle import UnpicklingError", "model.load_state_dict(state)", "json.load(file)",
])  # fmt: skip
def test_other_lines_are_allowed(line):
    assert not list(problems(line))
