"""Arrays and masks from others: refused in one sentence, and no code in them is run."""

import contextlib
import pickle

import numpy as np
import pytest
import torch
from helpers.eye import Eye, features
from helpers.hostile import NUMPY, TORCH, Hostile, assert_refused

from bench.errors import DataError
from bench.records.store import Store
from bench.system.plain_files import load_plain, unpickled
from methods.structure.glove import glove_features
from protocols.dualcoop import read_mask

KEY = "0" * 16


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "marker"


@pytest.mark.parametrize("write", TORCH.values(), ids=TORCH)
def test_these_files_do_run_code_where_they_are_trusted(write, tmp_path, marker):
    write(tmp_path / "file", {"state_dict": Hostile(marker)})
    with contextlib.suppress(RuntimeError):  # of a plain pickle, when it was run already
        torch.load(tmp_path / "file", weights_only=False)
    assert marker.exists()


@pytest.mark.parametrize("write", NUMPY.values(), ids=NUMPY)
def test_these_arrays_do_run_code_where_they_are_trusted(write, tmp_path, marker):
    write(tmp_path / "file", Hostile(marker))
    result = np.load(tmp_path / "file", allow_pickle=True)
    if isinstance(result, np.lib.npyio.NpzFile):
        with result, pytest.raises(FileExistsError):  # by the second of its arrays
            [result[name] for name in result.files]
    assert marker.exists()


@pytest.mark.parametrize("write", TORCH.values(), ids=TORCH)
def test_a_variable_of_the_environment_does_not_open_them(write, tmp_path, marker, monkeypatch):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    write(tmp_path / "file", Hostile(marker))
    with pytest.raises(pickle.UnpicklingError):
        load_plain(tmp_path / "file")
    assert not marker.exists()


def test_a_pickle_uses_the_names_it_is_allowed_alone(marker):
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL posix\.mkdir"):
        unpickled(pickle.dumps(Hostile(marker)), {"builtins.print": print}.get)
    assert not marker.exists()
    with pytest.raises(pickle.UnpicklingError, match="outside itself"):
        unpickled(b"Vx\nQ.", {}.get)


@pytest.mark.parametrize("write", TORCH.values(), ids=TORCH)
def test_a_mask_of_dualcoop(write, tmp_path, marker):
    path = tmp_path / "partial_label_0.50.pt"
    write(path, Hostile(marker))
    with pytest.raises(DataError, match="is no mask file") as caught:
        read_mask(path)
    assert_refused(caught.value, path, marker)


@pytest.mark.parametrize("write", NUMPY.values(), ids=NUMPY)
def test_word_vectors(write, tmp_path, marker):
    path = tmp_path / "words.npy"
    write(path, Hostile(marker))
    with pytest.raises(DataError) as caught:
        glove_features(path, ["cat"])
    assert_refused(caught.value, path, marker)


@pytest.mark.parametrize("write", NUMPY.values(), ids=NUMPY)
@pytest.mark.parametrize("kind", ["scores", "targets"])
def test_scores_and_targets_of_a_store(kind, write, tmp_path, marker):
    store = Store(tmp_path)
    path = store.folder(KEY) / "scores.npz" if kind == "scores" else tmp_path / "targets" / f"{KEY}.npz"
    path.parent.mkdir(parents=True)
    write(path, Hostile(marker))
    with pytest.raises(DataError) as caught:
        getattr(store, kind)(KEY)
    assert_refused(caught.value, path, marker)


@pytest.mark.parametrize("write", NUMPY.values(), ids=NUMPY)
@pytest.mark.parametrize("array", ["dense", "pooled"])
def test_a_feature_cache(array, write, tmp_path, marker):
    features(tmp_path, Eye())
    [path] = tmp_path.rglob(f"{array}.npy")
    write(path, Hostile(marker))
    with pytest.raises(DataError) as caught:
        features(tmp_path, Eye())
    assert_refused(caught.value, path.parent, marker)
