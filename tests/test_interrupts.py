"""Ctrl-C ends a command as an interrupt, also where a library makes another error of it."""

import os
import signal
import threading

import pytest

from geofer.cli import main
from geofer.cli.command import VERBS


def press_ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


def interrupted_import(arguments):
    try:
        press_ctrl_c()
    except KeyboardInterrupt:
        raise AttributeError("module 'numpy._core' has no attribute '_multiarray_umath'") from None


def broken(arguments):
    raise AttributeError("this one is real")


@pytest.fixture
def verb(monkeypatch):
    """Makes a function the verb ``plugins``."""
    return lambda function: monkeypatch.setitem(VERBS, "plugins", (function, "for this test"))


def test_what_a_library_makes_of_an_interrupt_is_not_told(verb, capsys):
    verb(interrupted_import)
    assert main(["plugins"]) == 130
    assert capsys.readouterr().err == "geofer: interrupted\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_without_an_interrupt_is_told(verb, capsys):
    verb(broken)
    assert main(["plugins"]) == 1
    assert "AttributeError: this one is real" in capsys.readouterr().err


def test_an_ignored_interrupt_stays_ignored(verb):
    verb(lambda arguments: press_ctrl_c())
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert main(["plugins"]) == 0
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_command_runs_in_any_thread(verb):
    verb(lambda arguments: None)
    codes = []
    thread = threading.Thread(target=lambda: codes.append(main(["plugins"])))
    thread.start()
    thread.join()
    assert codes == [0]
