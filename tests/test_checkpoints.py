"""Checkpoints: damaged, hostile, interrupted, unfit."""

import errno
import itertools
import multiprocessing
import os
import resource
import signal
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning import LightningModule
from torch import nn

from geofer.checkpoints import AtomicCheckpointIO, all_finite, check_fits, read_checkpoint
from geofer.errors import CheckpointError, NonFiniteError


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


class Model(LightningModule):
    def __init__(self, expressions=("anger", "fear"), image_size=32, width=3) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layer = nn.Linear(width, 2)


def checkpoint_of(model: LightningModule) -> dict:
    return {
        "state_dict": model.state_dict(),
        "hyper_parameters": dict(model.hparams),
        "callbacks": {},
        "optimizer_states": [],
        "epoch": 3,
    }


@pytest.fixture
def checkpoint() -> dict:
    torch.manual_seed(0)
    return checkpoint_of(Model())


@pytest.fixture
def saved(checkpoint, tmp_path) -> Path:
    path = tmp_path / "run" / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint(checkpoint, path)
    return path


def same(loaded: dict, original: dict) -> bool:
    return (
        loaded["epoch"] == original["epoch"]
        and loaded["hyper_parameters"] == original["hyper_parameters"]
        and all(torch.equal(loaded["state_dict"][name], value) for name, value in original["state_dict"].items())
    )


def test_a_model_file_is_told_from_a_damaged_checkpoint(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"whatever")
    with pytest.raises(CheckpointError, match=r"is a model file to recognize with; name a checkpoint"):
        read_checkpoint(path)


def test_round_trip(saved, checkpoint):
    assert same(read_checkpoint(saved), checkpoint)
    assert same(AtomicCheckpointIO().load_checkpoint(saved, weights_only=False), checkpoint)
    assert [file.name for file in saved.parent.iterdir()] == ["last.ckpt"]


def test_every_truncation_is_one_kind_of_error_that_names_the_file(saved):
    whole = saved.read_bytes()
    for cut in np.linspace(0, len(whole) - 1, 101).astype(int):
        saved.write_bytes(whole[:cut])
        with pytest.raises(CheckpointError, match=r"last\.ckpt is damaged"):
            read_checkpoint(saved)


def test_no_flipped_bit_loads_as_something_else(saved, checkpoint):
    whole = bytearray(saved.read_bytes())
    refused = 0
    for position in np.random.default_rng(0).choice(8 * len(whole), 400, replace=False):
        flipped = whole.copy()
        flipped[position // 8] ^= 1 << (position % 8)
        saved.write_bytes(flipped)
        try:
            assert same(read_checkpoint(saved), checkpoint), f"bit {position} changed what was loaded"
        except CheckpointError:
            refused += 1
    assert refused > 200, "most bits matter; the rest is padding between records"


@pytest.mark.parametrize("place", ["itself", "hyper_parameters", "callbacks", "optimizer_states", "state_dict"])
def test_a_payload_never_runs(place, checkpoint, tmp_path):
    marker, path = tmp_path / "ran", tmp_path / "hostile.ckpt"
    payload = Payload(marker)
    if place == "optimizer_states":
        checkpoint[place].append({"state": payload})
    elif place != "itself":
        checkpoint[place]["extra"] = payload
    torch.save(payload if place == "itself" else checkpoint, path)
    with pytest.raises(CheckpointError, match=r"hostile\.ckpt holds more than tensors and plain data"):
        read_checkpoint(path)
    assert not marker.exists()


def test_a_web_address_is_refused_without_asking_for_it(tmp_path, saved):
    asked = []

    class Server(SimpleHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            super().do_GET()

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=saved.parent)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for scheme in ("http", "HTTP", "file"):
            with pytest.raises(CheckpointError, match="not a file on this machine"):
                AtomicCheckpointIO().load_checkpoint(f"{scheme}://127.0.0.1:{server.server_port}/last.ckpt")
        server.shutdown()
    assert asked == []


def test_missing_and_foreign_files_are_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"nowhere\.ckpt: there is no such"):
        read_checkpoint(tmp_path / "nowhere.ckpt")
    torch.save({"weight": torch.ones(2)}, tmp_path / "weights.pt")
    with pytest.raises(CheckpointError, match=r"weights\.pt holds no state_dict"):
        read_checkpoint(tmp_path / "weights.pt")


def test_what_would_not_load_is_not_written(saved, checkpoint):
    before = saved.read_bytes()
    with pytest.raises(CheckpointError, match="more than tensors and plain data"):
        AtomicCheckpointIO().save_checkpoint(checkpoint | {"hyper_parameters": {"object": Payload(saved)}}, saved)
    assert saved.read_bytes() == before
    assert len(list(saved.parent.iterdir())) == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_not_written(saved, checkpoint, value):
    before = saved.read_bytes()
    checkpoint["state_dict"]["layer.weight"][0, 0] = value
    with pytest.raises(NonFiniteError, match=r"layer\.weight"):
        AtomicCheckpointIO().save_checkpoint(checkpoint, saved)
    assert saved.read_bytes() == before


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_optimizers_that_are_not_finite_are_not_written(saved, checkpoint, value):
    before = saved.read_bytes()
    state = {0: {"step": torch.tensor(3.0), "exp_avg_sq": torch.tensor([1.0, value])}}
    checkpoint["optimizer_states"] = [{"state": state, "param_groups": [{"lr": 1e-3}]}]
    with pytest.raises(NonFiniteError, match="an optimizer's state is NaN or infinite"):
        AtomicCheckpointIO().save_checkpoint(checkpoint, saved)
    assert saved.read_bytes() == before


def test_full_disk_leaves_the_previous_file(saved, checkpoint, monkeypatch):
    before = saved.read_bytes()

    def full(*_) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match="No space left on device"):
        AtomicCheckpointIO().save_checkpoint(checkpoint, saved)
    assert saved.read_bytes() == before
    assert len(list(saved.parent.iterdir())) == 1


def in_child(function) -> multiprocessing.Process:
    """Starts a copy of this process that calls ``function``, with one thread: OpenMP's do not survive a fork."""

    def alone() -> None:
        torch.set_num_threads(1)
        function()

    child = multiprocessing.get_context("fork").Process(target=alone)
    child.start()
    return child


def test_file_size_limit_leaves_the_previous_file(saved):
    """A real write that fails half way, by the limit that the system sets on the size of a file."""
    before = saved.read_bytes()

    def write() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            AtomicCheckpointIO().save_checkpoint({"state_dict": {"w": torch.ones(100_000)}}, saved)
        except CheckpointError as error:
            os._exit(7 if os.strerror(errno.EFBIG) in str(error) else 8)

    child = in_child(write)
    child.join()
    assert child.exitcode == 7
    assert saved.read_bytes() == before
    assert len(list(saved.parent.iterdir())) == 1


def test_kill_while_saving_leaves_a_file_that_loads(saved, checkpoint):
    def write_forever() -> None:
        for number in itertools.count():
            weights = torch.full((1_000_000,), float(number))
            AtomicCheckpointIO().save_checkpoint({"state_dict": {"a": weights, "b": weights.clone()}}, saved)

    killed_half_way = 0
    for delay in range(20):
        child = in_child(write_forever)
        time.sleep(0.05 + 0.003 * delay)
        child.kill()
        child.join()
        state = read_checkpoint(saved)["state_dict"]
        assert "a" not in state or torch.equal(state["a"], state["b"])
        killed_half_way += len(list(saved.parent.iterdir())) > 1
    assert killed_half_way, "no kill fell into a write; the test shows nothing"
    AtomicCheckpointIO().save_checkpoint(checkpoint, saved)
    assert [file.name for file in saved.parent.iterdir()] == ["last.ckpt"]


def test_all_finite():
    fine = [torch.ones(3), torch.arange(3), torch.zeros(0), torch.tensor(3e38)]
    assert all_finite(fine)
    assert all_finite([])
    for bad in (float("nan"), float("inf"), -float("inf")):
        for dtype in (torch.float32, torch.bfloat16):
            assert not all_finite([*fine, torch.tensor([0.0, bad], dtype=dtype)])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"expressions": ("fear", "anger")}, "classes anger, fear, but this run has fear, anger"),
        ({"expressions": ("anger", "fear", "joy")}, "classes anger, fear, but"),
        ({"image_size": 64}, "image size 32, but this run has 64"),
        ({"width": 4}, r"1 weights .* first layer.weight: shape \(2, 3\) there, \(2, 4\) here"),
    ],
)
def test_an_unfit_model_is_an_error_that_says_why(other, message, checkpoint):
    with pytest.raises(CheckpointError, match=message):
        check_fits(checkpoint, Model(**other))


def test_a_list_of_the_same_classes_fits(checkpoint):
    check_fits(checkpoint, Model(expressions=["anger", "fear"]))
