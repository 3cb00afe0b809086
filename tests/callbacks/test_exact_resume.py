"""A run that stops anywhere and goes on is the run that never stopped."""

import os
import signal

import pytest
import torch
from adversarial_game import AdversarialGame, Data, trainer_in
from lightning import Callback, seed_everything

from geofer.checkpoints import read_checkpoint

EPOCHS, BATCHES = 3, 4


class Kill(Callback):
    """Sends this process a signal in the middle of a step."""

    def __init__(self, number: signal.Signals, epoch: int, batch: int, validation: bool = False) -> None:
        self.number, self.epoch, self.batch, self.validation = number, epoch, batch, validation
        self.sent = False

    def send(self) -> None:
        if not self.sent:
            self.sent = True
            os.kill(os.getpid(), self.number)

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        if not self.validation and (trainer.current_epoch, trainer.fit_loop.batch_idx) == (self.epoch, self.batch):
            self.send()

    def on_validation_batch_start(self, trainer, pl_module, batch, batch_idx, dataloader_idx=0):
        if self.validation and (trainer.current_epoch, batch_idx) == (self.epoch, self.batch):
            self.send()


def fit(folder, *, ckpt_path=None, num_workers=0, seed=11, **options) -> AdversarialGame:
    seed_everything(seed, verbose=False)
    module = AdversarialGame()
    trainer_in(folder, **options).fit(module, datamodule=Data(num_workers=num_workers), ckpt_path=ckpt_path)
    return module


def assert_same(resumed: AdversarialGame, whole: AdversarialGame) -> None:
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name
    assert resumed.seen
    assert resumed.seen == whole.seen[len(whole.seen) - len(resumed.seen) :]
    assert resumed.validated == whole.validated[len(whole.validated) - len(resumed.validated) :]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> AdversarialGame:
    return fit(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("file", ["last.ckpt", "best.ckpt"])
def test_at_the_end_of_an_epoch(tmp_path, whole, num_workers, file):
    stopped = fit(tmp_path, max_epochs=2, num_workers=num_workers)
    path = tmp_path / "checkpoints" / file
    epoch = read_checkpoint(path)["epoch"]
    resumed = fit(tmp_path, ckpt_path=path, num_workers=num_workers, seed=99)
    assert stopped.seen == whole.seen[: 2 * BATCHES]
    assert len(resumed.seen) == (EPOCHS - 1 - epoch) * BATCHES
    assert_same(resumed, whole)


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(("epoch", "batch"), [(0, 0), (1, 1), (1, 3), (2, 2)])
def test_at_any_step(tmp_path, whole, num_workers, number, epoch, batch):
    with pytest.raises(SystemExit) as ended:
        fit(tmp_path, callbacks=[Kill(number, epoch, batch)], num_workers=num_workers)
    assert ended.value.code == 128 + number
    resumed = fit(tmp_path, ckpt_path=tmp_path / "checkpoints" / "last.ckpt", num_workers=num_workers, seed=99)
    assert len(resumed.seen) == EPOCHS * BATCHES - (epoch * BATCHES + batch + 1)
    assert_same(resumed, whole)


@pytest.mark.parametrize("batch", [0, 1, 3])
def test_within_a_validation(tmp_path, whole, batch):
    with pytest.raises(SystemExit):
        fit(tmp_path, callbacks=[Kill(signal.SIGTERM, 1, batch, validation=True)])
    resumed = fit(tmp_path, ckpt_path=tmp_path / "checkpoints" / "last.ckpt", seed=99)
    assert len(resumed.seen) == BATCHES
    assert len(resumed.validated) == (1 if batch == 3 else 2) * BATCHES, "a cut validation is repeated as a whole"
    assert_same(resumed, whole)


@pytest.mark.parametrize("options", [{"val_check_interval": 2}, {"max_steps": 20, "max_epochs": 9}], ids=str)
@pytest.mark.parametrize(
    "kill", [(0, 1, False), (1, 2, False), (1, 3, False), (1, 0, True), (1, 3, True)], ids="{0[0]}-{0[1]}-{0[2]}".format
)
def test_with_other_intervals(tmp_path, options, kill):
    epoch, batch, validation = kill
    whole = fit(tmp_path / "whole", **options)
    with pytest.raises(SystemExit):
        fit(tmp_path, callbacks=[Kill(signal.SIGTERM, epoch, batch, validation)], **options)
    resumed = fit(tmp_path, ckpt_path=tmp_path / "checkpoints" / "last.ckpt", seed=99, **options)
    assert_same(resumed, whole)


def test_after_the_end_of_an_epoch_of_a_run_by_steps(tmp_path):
    whole = fit(tmp_path / "whole", max_steps=20, max_epochs=-1)
    fit(tmp_path, max_steps=16, max_epochs=-1)
    assert_same(fit(tmp_path, ckpt_path=tmp_path / "checkpoints" / "last.ckpt", max_steps=20, max_epochs=-1), whole)


def test_handlers_are_put_back(tmp_path):
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    fit(tmp_path, max_epochs=1)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
