"""From a checkpoint of a training run to a recogniser: the classifier, and what its test found."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from geofer.app.model_file import ModelDescription
from geofer.app.reliability import Reliability
from geofer.checkpoints import read_checkpoint
from geofer.errors import CheckpointError, printable
from geofer.landmarks.alignment import CropRule

CLASSIFIER = "classifier."


def from_checkpoint(path: Path, crop: CropRule = "tight") -> tuple[nn.Module, ModelDescription]:
    """The classifier of a checkpoint, ready to predict, and its description.

    Args:
        path: ``checkpoints/best.ckpt`` of a run; if the run was tested, its accuracy by pose comes along.
        crop: How the faces of its data set were cropped.

    Raises:
        CheckpointError: The file is damaged, unsafe, or no checkpoint of geofer.
        DataError: The report of the run's test is damaged.
    """
    from geofer.metrics.tables import load_report, report_path

    checkpoint = read_checkpoint(path)
    held: Mapping[str, Any] = checkpoint.get("hyper_parameters", {})
    weights = {
        name.removeprefix(CLASSIFIER): value
        for name, value in checkpoint["state_dict"].items()
        if name.startswith(CLASSIFIER)
    }
    if not weights or not {"expressions", "image_size", "classifier"} <= set(held):
        raise CheckpointError(f"{printable(path)} holds no expression classifier of geofer.")
    run = path.absolute().parent.parent
    tested = load_report(run) if report_path(run, "test").is_file() else None
    description = ModelDescription(
        kind="picture",
        expressions=tuple(held["expressions"]),
        architecture={**held["classifier"], "pretrained": False},
        crop=crop,
        image_size=held["image_size"],
        reliability=Reliability.from_report(tested) if tested else None,
        provenance={"checkpoint": path.name, "test": tested.scalars() if tested else None},
    )
    network = description.network()
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"The weights of {printable(path)} do not fit its own classifier: {error}") from error
    return network.eval(), description
