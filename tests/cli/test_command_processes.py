"""Commands in forks of a prepared process: the same results as in processes of their own, and nothing left behind."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from geofer.callbacks.reports import write_numbers
from geofer.cli.command_processes import can_fork, ending, in_parallel, run_command
from geofer.metrics.report import RecognitionReport
from geofer.metrics.tables import load_report

SMALL = """
model:
  class_path: geofer.modules.GeometryGuidedFER
  init_args:
    classifier: {backbone: small_resnet, pretrained: false, hidden: 8, backbone_arguments: {widths: [4, 8]}}
    generator: {width: 4, initial_std: null, warp: true}
    discriminator: {width: 4}
    schedule: {warmup: 1, adversarial_ramp: 1, synthetic_start: 1, synthetic_ramp: 1}
data:
  class_path: geofer.datamodules.RenderedFaces
  init_args: {train_subjects: 1, val_subjects: 1, test_subjects: 1, views: 1, batch_size: 4, root: cache}
trainer: {accelerator: cpu, max_epochs: 1, enable_progress_bar: false}
"""

needs_fork = pytest.mark.skipif(sys.platform != "linux", reason="commands are forked on Linux alone")


@pytest.mark.parametrize(
    ("trainer", "extra", "expected"),
    [
        ({"accelerator": "cpu"}, [], True),
        ({"accelerator": "gpu", "devices": 1}, [], True),
        ({"accelerator": "gpu"}, [], False),
        ({}, [], False),
        ({"accelerator": "cpu", "devices": 2}, [], False),
        ({"accelerator": "cpu"}, ["--trainer.devices=2"], False),
        ({"accelerator": "cpu"}, ["--config", "two-devices.yaml"], False),
        ({"accelerator": "cpu"}, ["--model.ema_decay", "0.1"], True),
    ],
)
@needs_fork
def test_only_a_run_on_one_device_is_forked(trainer, extra, expected):
    assert can_fork({"trainer": trainer}, extra) is expected


@needs_fork
def test_a_fork_begins_in_the_folder_of_now(tmp_path, monkeypatch, capfd):
    """The server was started by an earlier command, in another folder."""
    counts = np.array([[5]]), np.array([[10]])
    report = RecognitionReport(("a",), np.zeros((1, 2)), *counts, np.array([[10]]), 0.1, 0.4, 0.6, 2)
    for place in ("here", "there"):
        run = tmp_path / place / f"run-{place}"
        run.mkdir(parents=True)
        write_numbers(run, "test", report)
        monkeypatch.chdir(run.parent)
        run_command(["report", run.name], os.environ, fork=True)
        assert run.name in capfd.readouterr().out


@needs_fork
def test_a_fork_that_fails_says_so(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run_command(["fit", "--config", "missing.yaml"], os.environ, fork=True)
    assert failed.value.cmd[3:] == ["fit", "--config", "missing.yaml"]
    assert failed.value.returncode in (1, 2)
    assert "missing.yaml" in capfd.readouterr().err


COUNTING = """
from pathlib import Path
import torch
from lightning import Callback

class CountingThreads(Callback):
    def on_fit_end(self, trainer, module):
        Path("threads.txt").write_text(str(torch.get_num_threads()))
"""


@needs_fork
def test_a_fork_computes_with_the_threads_that_its_environment_names(tmp_path, monkeypatch):
    """Its torch was imported by the server, whose environment may have named others."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    tmp_path.joinpath("counting.py").write_text(COUNTING)
    tmp_path.joinpath("small.yaml").write_text(SMALL)
    counting = ["--trainer.callbacks", "counting.CountingThreads", "--trainer.default_root_dir", "run"]
    run_command(["fit", "--config", "small.yaml", *counting], {**os.environ, "OMP_NUM_THREADS": "3"}, fork=True)
    assert tmp_path.joinpath("threads.txt").read_text() == "3"


@needs_fork
def test_no_fork_that_succeeds_is_taken_for_a_failure_while_others_start(tmp_path, monkeypatch):
    """Starting a process asks all others for their end, which can be read once; so one of five failed here, once."""
    monkeypatch.chdir(tmp_path)
    commands = [["--version"]] * 80
    assert list(in_parallel(lambda command: run_command(command, os.environ, fork=True), commands, 8)) == [None] * 80


@pytest.mark.parametrize(("code", "words"), [(1, "failed"), (-9, "was killed by SIGKILL")])
def test_how_a_command_ended_is_said(code, words):
    assert ending(code) == words


@pytest.mark.slow
@needs_fork
def test_a_run_comes_to_the_same_in_a_fork_and_in_a_process_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("small.yaml").write_text(SMALL)
    for run, fork in (("own", False), ("fork", True), ("again", True)):
        place = ["--trainer.default_root_dir", run]
        run_command(["fit", "--config", "small.yaml", "--seed_everything", "3", *place], os.environ, fork=fork)
        run_command(["test", "--config", f"{run}/config.yaml", *place], os.environ, fork=fork)
    predictions = [tmp_path.joinpath(run, "test_predictions.csv").read_text() for run in ("own", "fork", "again")]
    assert predictions[0] == predictions[1] == predictions[2]
    assert load_report(tmp_path / "own").to_dict() == load_report(tmp_path / "fork").to_dict()
    weights = [
        torch.load(tmp_path / run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        for run in ("own", "fork")
    ]
    assert all(weights[0][name].equal(weights[1][name]) for name in weights[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "fork"),
    [
        pytest.param(signal.SIGKILL, True, marks=needs_fork),
        pytest.param(signal.SIGINT, True, marks=needs_fork),
        (signal.SIGINT, False),
    ],
)
def test_a_training_ends_with_a_checkpoint_when_who_asked_for_it_ends(tmp_path, number, fork):
    """Its output is open for as long as it runs; the signal reaches who asked alone, unlike Ctrl-C at a terminal."""
    tmp_path.joinpath("small.yaml").write_text(SMALL)
    arguments = ["fit", "--config", "small.yaml", "--trainer.max_epochs=100000", "--trainer.default_root_dir=run"]
    script = (
        "import os, signal, geofer.cli.command_processes as c\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"c.run_command({arguments}, os.environ, fork={fork})"
    )
    asking = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    metrics = tmp_path / "run" / "logs" / "version_0" / "metrics.csv"
    while not metrics.exists():
        assert asking.poll() is None
        time.sleep(0.2)
    asking.send_signal(number)
    asking.communicate(timeout=60)
    assert asking.returncode == -number
    state = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    assert state["global_step"] > 0
