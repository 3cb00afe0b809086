"""Two processes give what one gives, resume exactly, and never outlive an accident of one of them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from adversarial_game import AdversarialGame, Data, trainer_in
from lightning import seed_everything

from geofer.datamodules.loader import FaceLoader

pytestmark = [pytest.mark.ddp, pytest.mark.slow]

SCRIPT = Path(__file__).with_name("fit_worker.py")
TESTS = SCRIPT.parents[1]


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    environment = {name: value for name, value in os.environ.items() if name not in ("LOCAL_RANK", "WORLD_SIZE")}
    environment |= {"PYTHONPATH": str(TESTS / "helpers"), "OMP_NUM_THREADS": "1"}
    with (folder / "log").open("w") as log:
        command = [sys.executable, str(SCRIPT), str(folder), *arguments]
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)


@pytest.fixture(scope="module")
def fits(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fits")
    assert start(folder, "fit").wait(240) == 0, (folder / "log").read_text()
    return folder


def load(fits: Path, name: str, rank: int) -> dict:
    return torch.load(fits / f"{name}-{rank}.pt", weights_only=True)


class Rounds:
    """For one process: the batches that two processes see at a time, joined."""

    batch_sampler = None

    def __init__(self, loader: FaceLoader) -> None:
        self.sampler = loader

    def __len__(self) -> int:
        return len(self.sampler) // 2

    def __iter__(self):
        batches = iter(self.sampler)
        for first in batches:
            second = next(batches)
            yield {name: torch.cat([first[name], second[name]]) for name in first}


class DataForOne(Data):
    def train_dataloader(self):
        return Rounds(super().train_dataloader())


def test_two_processes_give_what_one_gives(fits, tmp_path):
    seed_everything(7, verbose=False)
    one = AdversarialGame(noise=False, batch_norm=False)
    trainer_in(tmp_path).fit(one, datamodule=DataForOne())
    first, second = (load(fits, "equal", rank) for rank in range(2))
    assert [a + b for a, b in zip(first["seen"], second["seen"], strict=True)] == one.seen
    for name, value in one.state_dict().items():
        torch.testing.assert_close(first["weights"][name], value, rtol=0, atol=1e-6)
        assert torch.equal(first["weights"][name], second["weights"][name])


@pytest.mark.parametrize("stopped", ["epoch", "signal"])
@pytest.mark.parametrize("rank", [0, 1])
def test_resumes_exactly(fits, stopped, rank):
    whole, resumed = load(fits, "whole", rank), load(fits, stopped, rank)
    assert 0 < len(resumed["seen"]) < len(whole["seen"])
    for field in ("seen", "validated"):
        assert resumed[field] == whole[field][len(whole[field]) - len(resumed[field]) :]
    trained = [name for name in whole["weights"] if "running" not in name or rank == 0]
    for name in trained:
        assert torch.equal(resumed["weights"][name], whole["weights"][name]), name


def test_processes_draw_different_numbers(fits):
    drawn = [[value for _, value in load(fits, "whole", rank)["validated"]] for rank in range(2)]
    assert not set(drawn[0]) & set(drawn[1])


def test_the_method_resumes_exactly_within_an_epoch(tmp_path):
    assert start(tmp_path, "method").wait(240) == 0, (tmp_path / "log").read_text()
    whole, stopped = (
        [torch.load(tmp_path / f"{name}-{rank}.pt", weights_only=True) for rank in range(2)]
        for name in ("whole", "stopped")
    )
    assert (tmp_path / "pid-1").exists(), "it was stopped"
    for name, value in whole[0].items():
        assert torch.equal(stopped[0][name], value), name
        assert torch.equal(whole[1][name], value), name


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("accident", "timeout", "terminate", "within"),
    [("raises", 100, False, 10), ("dies", 100, False, 10), ("hangs", 3, False, 10), ("hangs", 100, True, 10)],
)
def test_nobody_outlives_an_accident(tmp_path, accident, timeout, terminate, within):
    process = start(tmp_path, accident, str(timeout))
    marks = [tmp_path / f"pid-{rank}" for rank in range(2)]
    try:
        deadline = time.monotonic() + 60
        while not all(mark.exists() and mark.read_text() for mark in marks) and time.monotonic() < deadline:
            time.sleep(0.05)
        pids = [int(mark.read_text()) for mark in marks]
        if terminate:
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            os.kill(pids[1], signal.SIGTERM)
        began = time.monotonic()
        while any(map(alive, pids)) and time.monotonic() - began < 60:
            process.poll()
            time.sleep(0.05)
        assert time.monotonic() - began < within, (tmp_path / "log").read_text()
        assert process.wait(10) != 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
