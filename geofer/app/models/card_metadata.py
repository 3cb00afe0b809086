"""What a model card says to machines: the front matter by which the Hugging Face Hub lists and compares models."""

import math
from collections.abc import Mapping
from typing import Any

from geofer.app.models.model_file import ModelDescription

TAGS = ["facial-expression-recognition", "head-pose", "geofer"]

METRICS = {
    "accuracy": ("accuracy", "Accuracy"),
    "balanced_accuracy": ("accuracy", "Balanced accuracy"),
    "macro_f1": ("f1", "Macro F1"),
    "calibration_error": ("expected_calibration_error", "Expected calibration error"),
}
"""Of a test's numbers, the metric's identifier on the Hub, and its name."""

TASK = {"type": "image-classification", "name": "Facial expression recognition"}


def card_metadata(description: ModelDescription, name: str, license_id: str | None) -> dict[str, Any]:
    """The front matter's entries.

    Args:
        description: Of the model.
        name: Of the model.
        license_id: Its license's identifier on the Hub, such as ``apache-2.0``; None names no license.

    Returns:
        Plain data; with a ``model-index`` if the model was tested.
    """
    metadata: dict[str, Any] = {"license": license_id} if license_id else {}
    metadata |= {
        "library_name": "geofer",
        "pipeline_tag": TASK["type"] if "image" in description.inputs else "tabular-classification",
        "tags": TAGS,
    }
    if metrics := _metrics(description.provenance.get("test")):
        data_set = str(description.provenance.get("data_set", "unknown"))
        tested = {"type": data_set, "name": f"{data_set}, its test people", "split": "test"}
        results = [{"task": TASK, "dataset": tested, "metrics": metrics}]
        metadata["model-index"] = [{"name": name, "results": results}]
    return metadata


def _metrics(test: object) -> list[dict[str, Any]]:
    """A test's numbers as the Hub wants them; none if there was no test."""
    if not isinstance(test, Mapping):
        return []
    return [
        {"type": kind, "name": name, "value": round(test[key], 4)}
        for key, (kind, name) in METRICS.items()
        if isinstance(test.get(key), float) and math.isfinite(test[key])
    ]
