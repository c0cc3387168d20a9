"""Ctrl-C ends what it was meant for, whatever a library makes of it."""

import signal
import subprocess
import sys
import threading

import mmengine
import pytest
import torch
from helpers.toys import TOYS
from helpers.trainings import QUICK, make_cell, run

from bench.cli import main
from bench.executors import Inline
from bench.records.store import Store
from bench.system.interrupts import SIGNALS, held_signals, kept_from_children, reraised_signals
from bench.system.plain_files import load_plain


def swallow(error: Exception | None, number: signal.Signals = signal.SIGINT) -> None:
    """As a bare `except:` in a library does."""
    try:
        signal.raise_signal(number)
    except BaseException as raised:
        if error:
            raise error from raised


@pytest.mark.parametrize("error", [SyntaxError("please check"), None], ids=["taken for an error", "lost"])
def test_a_swallowed_interrupt_still_interrupts(error):
    with pytest.raises(KeyboardInterrupt), reraised_signals():
        swallow(error)


def test_other_errors_pass():
    with pytest.raises(ZeroDivisionError), reraised_signals():
        raise ZeroDivisionError


def test_a_termination_that_leaves_in_order_is_obeyed():
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    try:
        with pytest.raises(SystemExit, match="3"), reraised_signals():
            swallow(OSError("please check"), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_handlers_are_put_back():
    before = [signal.getsignal(number) for number in SIGNALS]
    with reraised_signals():
        pass
    with pytest.raises(ZeroDivisionError), reraised_signals():
        raise ZeroDivisionError
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with reraised_signals():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_held_signal_comes_when_the_block_has_ended():
    done = []

    def work() -> None:
        with reraised_signals(), held_signals():
            signal.raise_signal(signal.SIGINT)
            done.append("the rest of the block")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["the rest of the block"]


def test_a_held_signal_comes_after_an_error_too():
    def work() -> None:
        with held_signals():
            signal.raise_signal(signal.SIGINT)
            raise ZeroDivisionError

    with pytest.raises(KeyboardInterrupt) as caught:
        work()
    assert isinstance(caught.value.__context__, ZeroDivisionError)


def test_an_interrupt_while_a_checkpoint_is_written_leaves_a_whole_one(resources, toys, tmp_path, monkeypatch):
    """Torch's writer calls the file's `write` from native code, where an exception may end the process."""
    cell = make_cell(resources, "toy_linear", **QUICK)
    save = torch.save

    def interrupted(state, file) -> None:
        monkeypatch.setattr(mmengine.runner.checkpoint.torch, "save", save)
        signal.raise_signal(signal.SIGINT)
        save(state, file)

    monkeypatch.setattr(mmengine.runner.checkpoint.torch, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(cell, resources, tmp_path)
    assert load_plain(tmp_path / "checkpoint" / "last.pth")["meta"]["epoch"] == 1


def test_other_threads_are_left_alone():
    reached = []

    def work() -> None:
        with reraised_signals():
            reached.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert reached == [before]


def test_an_interrupt_that_was_lost_ends_the_cell_after_its_epoch(resources, toys, tmp_path, monkeypatch):
    begun = []

    def start_epoch(self, epoch: int) -> None:
        begun.append(epoch)
        if epoch == 1:
            swallow(None)

    monkeypatch.setattr(TOYS["toy_swallowing"], "start_epoch", start_epoch)
    cell, store = make_cell(resources, "toy_swallowing", **QUICK), Store(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        Inline(resources, store).submit(cell)
    assert begun == [0, 1]
    assert store.state(cell.key) == "planned"


def test_every_command_is_guarded_from_its_imports_on(monkeypatch, capsys):
    """A compiled module that is interrupted while it is imported says ImportError."""
    monkeypatch.setattr("bench.cli.app", lambda: swallow(ImportError("initialization failed")))
    with pytest.raises(SystemExit, match="130"):
        main()
    assert capsys.readouterr().err.startswith("interrupted; ")


def test_children_started_meanwhile_do_not_hear_of_an_interrupt():
    look = [sys.executable, "-c", "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))"]
    with kept_from_children():
        inside = subprocess.run(look, capture_output=True, text=True, check=True).stdout
    outside = subprocess.run(look, capture_output=True, text=True, check=True).stdout
    assert (inside, outside) == ("True\n", "False\n")


def test_an_interrupted_cell_has_not_failed(resources, toys, tmp_path):
    cell, store = make_cell(resources, "toy_swallowing", **QUICK), Store(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        Inline(resources, store).submit(cell)
    assert store.state(cell.key) == "planned"
    assert (store.folder(cell.key) / "checkpoint" / "last.pth").exists(), "the first epoch's work is kept"
