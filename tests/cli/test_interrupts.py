"""Ctrl-C ends a command as an interrupt, also where a library makes another error of it."""

import os
import signal
import subprocess
import sys
import threading
from functools import partial

import pytest

from geofer.cli import main
from geofer.cli.command import COMMANDS


def press_ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


def interrupted_import(arguments):
    try:
        press_ctrl_c()
    except KeyboardInterrupt:
        raise AttributeError("module 'numpy._core' has no attribute '_multiarray_umath'") from None


def broken(arguments):
    raise AttributeError("this one is real")


HALF_BUILT = """
import os, signal, sys
from geofer.cli import main
from geofer.cli.command import COMMANDS

class Image:
    def __init__(self):
        os.kill(os.getpid(), signal.SIGINT)
        self.pointer = 1

    def __del__(self):
        del self.pointer

COMMANDS["plugins"] = lambda arguments: Image(), "for this test"
sys.exit(main(["plugins"]))
"""


@pytest.fixture(autouse=True)
def hook(monkeypatch):
    """As in a terminal: Python hears of Ctrl-C, which it does not if the tests run behind an &."""
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # puts this one back at the end
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def command(monkeypatch):
    """Makes a function the command ``plugins``."""
    return lambda function: monkeypatch.setitem(COMMANDS, "plugins", (function, "for this test"))


def test_what_a_library_makes_of_an_interrupt_is_not_told(command, capsys):
    command(interrupted_import)
    assert main(["plugins"]) == 130
    assert capsys.readouterr().err == "geofer: interrupted\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_an_interrupt_leaves_half_built_is_not_told():
    """The process alone, as pytest has a hook of its own for what finalizers raise."""
    listening = partial(signal.signal, signal.SIGINT, signal.default_int_handler)  # not so if the tests run behind an &
    ended = subprocess.run([sys.executable, "-c", HALF_BUILT], capture_output=True, text=True, preexec_fn=listening)
    assert (ended.returncode, ended.stderr) == (130, "geofer: interrupted\n")


def test_an_error_without_an_interrupt_is_told(command, capsys):
    command(broken)
    assert main(["plugins"]) == 1
    assert "AttributeError: this one is real" in capsys.readouterr().err


def test_an_ignored_interrupt_stays_ignored(command):
    command(lambda arguments: press_ctrl_c())
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert main(["plugins"]) == 0
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_command_runs_in_any_thread(command):
    command(lambda arguments: None)
    codes = []
    thread = threading.Thread(target=lambda: codes.append(main(["plugins"])))
    thread.start()
    thread.join()
    assert codes == [0]
