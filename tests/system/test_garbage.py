"""The first collection of a command is put off, all others are as usual."""

import atexit
import gc

from bench.system import garbage


def test_the_first_collection_is_late_and_the_next_are_as_usual(monkeypatch):
    ends = []
    monkeypatch.setattr(atexit, "register", ends.append)
    usual, callbacks = gc.get_threshold(), list(gc.callbacks)
    try:
        garbage.collect_later.__wrapped__()
        assert gc.get_threshold() == (garbage.FIRST, *usual[1:])
        gc.collect()
        assert (gc.get_threshold(), gc.callbacks) == (usual, callbacks)
    finally:
        gc.set_threshold(*usual)
    assert ends == [gc.freeze]


def test_a_second_command_of_a_process_changes_nothing():
    garbage.collect_later()
    gc.collect()
    before = gc.get_threshold()
    garbage.collect_later()
    assert gc.get_threshold() == before
