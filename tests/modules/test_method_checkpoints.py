"""What a checkpoint of a training module holds: plain data that rebuilds it."""

import pytest
import torch
from cartoon_faces import EXPRESSIONS, CartoonFaces
from cartoon_training import CLASSIFIER, TUNED, adam, fit, make_module
from lightning import seed_everything

from geofer.errors import ConfigError
from geofer.modules import ExpressionClassifier, GeometryGuidedFER


@pytest.fixture(scope="module")
def few_faces():
    """As many as make a batch of 8 quick."""
    data = CartoonFaces(people=2, takes=1, batch_size=8)
    data.setup()
    return data


@pytest.mark.parametrize("kind", [GeometryGuidedFER, ExpressionClassifier])
def test_hyperparameters_are_plain_data_and_rebuild_the_module(few_faces, tmp_path, kind):
    settings = TUNED if kind is GeometryGuidedFER else {}
    seed_everything(0, verbose=False)
    module = kind(EXPRESSIONS, 32, CLASSIFIER, classifier_optimization=adam(3e-3), **settings)
    trainer = fit(module, few_faces, steps=1)
    trainer.save_checkpoint(tmp_path / "last.ckpt")

    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)["hyper_parameters"]
    assert saved["class_path"] == f"{kind.__module__}.{kind.__name__}"
    assert saved["expressions"] == list(EXPRESSIONS)
    assert saved["classifier"]["backbone_arguments"] == {"widths": [8, 16]}
    assert saved["classifier_optimization"]["optimizer"]["init_args"]["lr"] == 3e-3

    loaded = kind.load_from_checkpoint(tmp_path / "last.ckpt", weights_only=True)
    for name, value in module.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    with pytest.raises(ConfigError, match="has no optimizers"):  # a file says nothing of what is built
        loaded.configure_optimizers()
    again = kind.load_from_checkpoint(tmp_path / "last.ckpt", classifier_optimization=adam(1e-3))
    assert again.classifier_optimization.optimizer(again.classifier.parameters()).defaults["lr"] == 1e-3


def test_a_saved_module_never_asks_for_pretrained_weights_again(few_faces, tmp_path):
    module = make_module()
    module.hparams["classifier"]["pretrained"] = True
    trainer = fit(module, few_faces, steps=1)
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)["hyper_parameters"]
    assert saved["classifier"]["pretrained"] is False
    assert module.hparams["classifier"]["pretrained"] is True
