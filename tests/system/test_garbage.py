"""The first collection of a command is put off, all others are as usual."""

import atexit
import gc

from bench.system import garbage


def test_the_first_collection_is_late_and_the_next_are_as_usual(monkeypatch):
    ends = []
    monkeypatch.setattr(atexit, "register", ends.append)
    monkeypatch.setattr(atexit, "unregister", ends.remove)
    usual, callbacks = gc.get_threshold(), list(gc.callbacks)
    try:
        garbage.collect_later.__wrapped__()
        assert (gc.get_threshold(), ends) == ((garbage.FIRST, *usual[1:]), [gc.freeze])
        gc.collect()
        assert (gc.get_threshold(), gc.callbacks) == (usual, callbacks)
    finally:
        gc.set_threshold(*usual)
    assert not ends, "the end of a long command is as usual, too"


def test_a_second_command_of_a_process_changes_nothing():
    garbage.collect_later()
    gc.collect()
    before = gc.get_threshold()
    garbage.collect_later()
    assert gc.get_threshold() == before
