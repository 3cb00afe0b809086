"""The whole method resumes exactly, and refuses a checkpoint that is not its own."""

import os
import signal

import pytest
import torch
from adversarial_game import trainer_in
from cartoon_faces import EXPRESSIONS, CartoonFaces
from lightning import Callback, seed_everything
from narrow_method import CLASSIFIER, EVERYTHING

from geofer.checkpoints import read_checkpoint
from geofer.errors import CheckpointError, NonFiniteError
from geofer.modules import ClassifierConfig, ExpressionClassifier, GeometryGuidedFER


class Seen(Callback):
    """Keeps the losses of each step; at one step, does something else."""

    def __init__(self, at: int | None = None, action=None) -> None:
        self.losses: list[dict[str, float]] = []
        self.at, self.action = at, action

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.losses.append({name: loss.item() for name, loss in outputs.items()})

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if trainer.global_step == self.at:
            self.action(pl_module)


def fit(folder, seen, *, kind=GeometryGuidedFER, seed=5, ckpt_path=None, max_epochs=2, num_workers=0, **settings):
    seed_everything(seed, verbose=False)
    settings = (EVERYTHING if kind is GeometryGuidedFER else {"classifier": CLASSIFIER}) | settings
    module = kind(EXPRESSIONS, 32, **settings)
    data = CartoonFaces(people=2, takes=4, batch_size=16, num_workers=num_workers)
    trainer_in(folder, callbacks=[seen], max_epochs=max_epochs).fit(module, datamodule=data, ckpt_path=ckpt_path)
    return module


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    seen = Seen()
    return fit(tmp_path_factory.mktemp("whole"), seen), seen.losses


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("step", [1, 3, 6])
def test_resumes_exactly_after_any_step(tmp_path, whole, step, num_workers):
    module, losses = whole
    with pytest.raises(SystemExit):
        fit(tmp_path, Seen(step, lambda _: os.kill(os.getpid(), signal.SIGTERM)), num_workers=num_workers)
    seen = Seen()
    resumed = fit(tmp_path, seen, seed=99, ckpt_path=tmp_path / "checkpoints" / "last.ckpt", num_workers=num_workers)
    assert seen.losses == losses[step + 1 :]
    for name, value in module.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name


@pytest.mark.parametrize("network", ["synthesizer", "attribute_discriminator", "identity_discriminator", "classifier"])
def test_nan_in_any_network_ends_in_that_step(tmp_path, network):
    def spoil(module) -> None:
        next(module.get_submodule(network).parameters()).data.fill_(float("nan"))

    seen = Seen(5, spoil)
    with pytest.raises(NonFiniteError, match=rf"epoch 1, batch 1: .*weights of .*{network}"):
        fit(tmp_path, seen)
    assert len(seen.losses) <= 6
    assert read_checkpoint(tmp_path / "checkpoints" / "last.ckpt")["epoch"] == 0


@pytest.fixture(scope="module")
def classifier_checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classifier")
    fit(folder, Seen(), kind=ExpressionClassifier, max_epochs=1)
    return folder / "checkpoints" / "last.ckpt"


def test_a_checkpoint_builds_its_own_module(classifier_checkpoint):
    module = ExpressionClassifier.load_from_checkpoint(classifier_checkpoint)
    assert (module.expressions, module.image_size) == (EXPRESSIONS, 32)
    with pytest.raises(CheckpointError, match="not a file on this machine"):
        ExpressionClassifier.load_from_checkpoint("http://127.0.0.1:9/last.ckpt", weights_only=False)


@pytest.mark.parametrize(
    ("expressions", "size", "hidden", "message"),
    [
        (EXPRESSIONS[::-1], 32, 16, "classes happiness, sadness, surprise, but this run has surprise"),
        (EXPRESSIONS[:2], 32, 16, "classes"),
        (EXPRESSIONS, 64, 16, "image size 32, but this run has 64"),
        (EXPRESSIONS, 32, 8, "weights of the checkpoint do not fit"),
    ],
)
def test_another_setting_is_an_error_before_training(
    tmp_path, classifier_checkpoint, expressions, size, hidden, message
):
    config = ClassifierConfig("small_resnet", pretrained=False, hidden=hidden, backbone_arguments={"widths": [4, 8]})
    module = ExpressionClassifier(expressions, size, classifier=config)
    seen = Seen()
    with pytest.raises(CheckpointError, match=message):
        trainer_in(tmp_path, callbacks=[seen]).fit(
            module, datamodule=CartoonFaces(people=2), ckpt_path=classifier_checkpoint
        )
    assert seen.losses == []
