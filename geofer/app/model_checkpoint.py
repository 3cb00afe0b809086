"""From a recogniser back to a checkpoint, which the commands that test models take."""

from pathlib import Path

import lightning
import torch
from torch import nn

from geofer.app.model_file import ModelDescription
from geofer.checkpoints import PROVENANCE
from geofer.errors import ConfigError
from geofer.modules import ClassifierConfig, ExpressionClassifier
from geofer.paths import written_whole


def save_checkpoint(path: Path, network: nn.Module, description: ModelDescription) -> None:
    """Writes a checkpoint of `geofer.modules.ExpressionClassifier`, as a training run would.

    Args:
        path: The file, ``….ckpt``.
        network: As `geofer.app.model_file.load_model` returns it.
        description: What it is.

    Raises:
        ConfigError: The recogniser is one of geometry, which no data module's faces are enough for.
    """
    if description.kind != "picture":
        raise ConfigError("Recognisers of geometry are not tested on data modules, whose faces are pictures.")
    config = ClassifierConfig(**{**description.architecture, "pretrained": False})
    module = ExpressionClassifier(description.expressions, description.image_size, classifier=config)
    module.classifier.load_state_dict(network.state_dict())
    checkpoint = {
        "pytorch-lightning_version": lightning.__version__,
        "epoch": 0,
        "global_step": 0,
        "state_dict": module.state_dict(),
        "hyper_parameters": dict(module.hparams),
        PROVENANCE: {"crop": description.crop},
    }
    with written_whole(path) as file:
        torch.save(checkpoint, file)
