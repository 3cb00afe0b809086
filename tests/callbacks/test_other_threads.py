"""Training in another thread than the main one, as sweeps, Ray and web applications do: signals are left alone."""

import signal
import threading

import pytest
from adversarial_game import AdversarialGame, Data, trainer_in

from geofer.callbacks import Watchdog


def in_a_thread(function):
    """Runs it, and raises what it raised."""
    raised = []

    def run():
        try:
            function()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=120)
    assert not thread.is_alive()
    for error in raised:
        raise error


def test_a_run_with_all_callbacks_ends_and_leaves_the_signals_as_they_were(tmp_path):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    trainers = []

    def fit():
        trainers.append(trainer_in(tmp_path))
        trainers[0].fit(AdversarialGame(), datamodule=Data())

    in_a_thread(fit)
    assert trainers[0].state.finished
    assert (tmp_path / "checkpoints" / "last.ckpt").is_file()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_watchdog_watches_there_too(tmp_path):
    """It would start in a run of several processes alone."""

    def watch():
        watchdog = Watchdog(timeout=60)
        watchdog._start(trainer_in(tmp_path))
        assert watchdog._thread.is_alive()
        watchdog._stop()
        assert watchdog._thread is None

    in_a_thread(watch)
    watch()
    assert signal.set_wakeup_fd(-1) == -1  # what was set is put back


def test_an_error_in_the_thread_is_the_runs_own(tmp_path):
    class Broken(AdversarialGame):
        def training_step(self, batch, batch_idx):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_a_thread(lambda: trainer_in(tmp_path).fit(Broken(), datamodule=Data()))
