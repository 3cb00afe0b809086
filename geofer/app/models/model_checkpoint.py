"""From a recognizer back to a checkpoint, which the commands that test models take."""

import lightning
import torch
from torch import nn

from geofer.app.models.model_file import ModelDescription
from geofer.checkpoints import PROVENANCE
from geofer.modules import ClassifierConfig, ExpressionClassifier, RecognitionModule
from geofer.modules.geometry_recognition import GeometryRecognition
from geofer.paths import AnyPath, as_path, written_whole


def save_checkpoint(path: AnyPath, network: nn.Module, description: ModelDescription) -> None:
    """Writes a checkpoint of a module that tests the network, as a training run would.

    A recognizer of geometry alone says neither an image size nor a crop, so that it fits faces of any.

    Args:
        path: The file, ``….ckpt``.
        network: As `geofer.app.models.model_file.load_model` returns it.
        description: What it is.
    """
    module = _module(description)
    module.classifier.load_state_dict(network.state_dict())
    held = dict(module.hparams)
    crop: str | None = description.crop
    if description.kind == "geometry":
        del held["image_size"]
        crop = None
    checkpoint = {
        "pytorch-lightning_version": lightning.__version__,
        "epoch": 0,
        "global_step": 0,
        "state_dict": module.state_dict(),
        "hyper_parameters": held,
        PROVENANCE: {**description.provenance, "crop": crop},
    }
    with written_whole(as_path(path)) as file:
        torch.save(checkpoint, file)


def _module(description: ModelDescription) -> RecognitionModule:
    if description.kind == "geometry":
        return GeometryRecognition(description.expressions, description.image_size, **description.architecture)
    config = ClassifierConfig(**{**description.architecture, "pretrained": False})
    return ExpressionClassifier(description.expressions, description.image_size, classifier=config)
