"""From a checkpoint of a training run to a recognizer: the classifier, its origin, and what its test found."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from geofer.app.models.model_file import ModelDescription
from geofer.app.models.reliability import Reliability
from geofer.app.models.training_crop import training_crop
from geofer.checkpoints import provenance_of, read_checkpoint
from geofer.errors import CheckpointError, DataError, printable
from geofer.landmarks.alignment import CropRule
from geofer.paths import AnyPath, as_path

if TYPE_CHECKING:  # torchmetrics behind it takes a second to load
    from geofer.metrics.report import RecognitionReport

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
    checkpoint = read_checkpoint(path)
    held: Mapping[str, Any] = checkpoint.get("hyper_parameters", {})
    weights = {
        name.removeprefix(CLASSIFIER): value
        for name, value in checkpoint["state_dict"].items()
        if name.startswith(CLASSIFIER)
    }
    if not weights or not {"expressions", "image_size", "classifier"} <= set(held):
        raise CheckpointError(f"{printable(path)} holds no expression classifier of geofer.")
    trained = provenance_of(checkpoint)
    _check_same(path, "training data", trained, held)
    tested = _test_report(path, held)
    description = ModelDescription(
        kind="picture",
        expressions=tuple(held["expressions"]),
        architecture={**held["classifier"], "pretrained": False},
        crop=training_crop(trained, path, crop),
        image_size=held["image_size"],
        reliability=Reliability.from_report(tested) if tested else None,
        provenance={
            **{name: trained[name] for name in TOLD if name in trained},
            "checkpoint": path.name,
            "epoch": checkpoint.get("epoch"),
            "test": {**tested.scalars(), "faces": tested.faces, "subjects": tested.subjects} if tested else None,
        },
    )
    network = description.network()
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"The weights of {printable(path)} do not fit its own classifier: {error}") from error
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
