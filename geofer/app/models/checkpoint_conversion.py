"""From a checkpoint to a recognizer, and back to a checkpoint, which the commands that test models take."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from geofer.app.models.model_file import ModelDescription
from geofer.app.models.reliability import Reliability
from geofer.app.models.training_crop import training_crop
from geofer.checkpoints import PROVENANCE, provenance_of, read_checkpoint
from geofer.errors import CheckpointError, DataError, printable
from geofer.faces import CropRule
from geofer.modules.stored import check_weights
from geofer.networks.classifier import ClassifierConfig
from geofer.paths import AnyPath, as_path, written_whole
from geofer.schema import CropSize, SchemaError, read, read_expressions

if TYPE_CHECKING:  # torchmetrics behind them takes a second to load
    from geofer.metrics.report import RecognitionReport
    from geofer.modules import RecognitionModule

CLASSIFIER = "classifier."

TOLD = ("data_set", "arguments", "subjects", "faces", "seed", "geofer")
"""What a model file says of its training, of all that the checkpoint knows."""


def from_checkpoint(path: AnyPath, crop: CropRule | None = None) -> tuple[nn.Module, ModelDescription]:
    """The classifier of a checkpoint, ready to predict, and its description.

    Args:
        path: ``checkpoints/best.ckpt`` of a run; if the run was tested, its accuracy by pose comes along.
        crop: How the faces of its data set were cropped, for checkpoints that do not say it.

    Raises:
        CheckpointError: The file is damaged, unsafe, or no checkpoint of geofer; or its classes or its crop are not
            those of its training, of its test, or of ``crop``.
        DataError: The report of the run's test is damaged.
    """
    path = as_path(path)
    checkpoint = read_checkpoint(path, mapped=True)
    weights = {
        name.removeprefix(CLASSIFIER): value
        for name, value in checkpoint["state_dict"].items()
        if isinstance(name, str) and name.startswith(CLASSIFIER)
    }
    held = checkpoint.get("hyper_parameters")
    if not weights or not isinstance(held, dict) or not {"expressions", "image_size", "classifier"} <= set(held):
        raise CheckpointError(f"{printable(path)} holds no expression classifier of geofer.")
    try:
        expressions = read_expressions(held["expressions"], "hyper_parameters.expressions")
        image_size = read(CropSize, held["image_size"], "hyper_parameters.image_size")
        classifier = read(ClassifierConfig, held["classifier"], "hyper_parameters.classifier")
        epoch = read(int | None, checkpoint.get("epoch"), "epoch")
    except SchemaError as error:
        raise CheckpointError(f"{printable(path)} cannot be used: {error}.") from error
    trained = provenance_of(checkpoint)
    _check_same(path, "training data", trained, held)
    tested = _test_report(path, held)
    description = ModelDescription(
        kind="picture",
        expressions=expressions,
        architecture=asdict(classifier),
        crop=training_crop(trained, path, crop),
        image_size=image_size,
        reliability=Reliability.from_report(tested) if tested else None,
        provenance={
            **{name: trained[name] for name in TOLD if name in trained},
            "checkpoint": path.name,
            "epoch": epoch,
            "test": {**tested.scalars(), "faces": tested.faces, "subjects": tested.subjects} if tested else None,
        },
    )
    try:
        check_weights(weights, description.network)
    except CheckpointError as error:
        raise CheckpointError(f"The weights of {printable(path)} do not fit its own classifier: {error}.") from error
    network = description.network()
    network.load_state_dict(weights)
    return network.eval(), description


def _test_report(path: Path, held: Mapping[str, Any]) -> "RecognitionReport | None":
    """What the test of the checkpoint's run found; None if there was none."""
    from geofer.metrics.tables import load_report, report_path

    run = path.absolute().parent.parent
    if not report_path(run, "test").is_file():
        return None
    report = load_report(run)
    try:
        _check_same(path, "test", {"expressions": report.expressions}, held)
    except CheckpointError as error:
        raise DataError(f"{error} {report_path(run, 'test')} is of another run: test this one again.") from error
    return report


def _check_same(path: Path, source: str, theirs: Mapping[str, Any], held: Mapping[str, Any]) -> None:
    """Compares classes, their order, and the image size, as far as ``theirs`` has them, with the checkpoint's own."""
    for name, meaning in (("expressions", "expressions"), ("image_size", "image size")):
        if name in theirs and _text(theirs[name]) != _text(held[name]):
            raise CheckpointError(
                f"{printable(path)} has the {meaning} {_text(held[name])}, but its {source} had {_text(theirs[name])}."
            )


def _text(setting: object) -> str:
    return printable(", ".join(map(str, setting)) if isinstance(setting, list | tuple) else setting)


def save_checkpoint(path: AnyPath, network: nn.Module, description: ModelDescription) -> None:
    """Writes a checkpoint of a module that tests the network, as a training run would.

    A recognizer of geometry alone says neither an image size nor a crop, so that it fits faces of any.

    Args:
        path: The file, ``….ckpt``.
        network: As `geofer.app.models.model_file.load_model` returns it.
        description: What it is.
    """
    import lightning

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


def _module(description: ModelDescription) -> "RecognitionModule":
    from geofer.modules import ClassifierConfig, ExpressionClassifier
    from geofer.modules.geometry_recognition import GeometryRecognition

    if description.kind == "geometry":
        return GeometryRecognition(description.expressions, description.image_size, **description.architecture)
    config = ClassifierConfig(**{**description.architecture, "pretrained": False})
    return ExpressionClassifier(description.expressions, description.image_size, classifier=config)
