"""The recognizers bundled with geofer, by name: each is a model file in this folder."""

import json

from geofer.app.models.model_file import ModelDescription
from geofer.errors import CheckpointError, printable
from geofer.weight_files import HEADER, bundled_models

DEFAULT = "photo"
"""The one that `geofer.load` takes if none is named."""


def bundled_description(name: str) -> ModelDescription:
    """What a bundled recognizer is; its weights are not read.

    Raises:
        CheckpointError: There is no such recognizer, or its file is damaged.

    Examples:
        >>> bundled_description('photo').inputs
        ('image', 'blendshapes')
    """
    from safetensors import SafetensorError, safe_open

    if name not in (models := bundled_models()):
        raise CheckpointError(f"No model {printable(name)} is bundled; there are {', '.join(models)}.")
    try:
        with safe_open(models[name], framework="pt") as file:
            return ModelDescription.from_json(file.metadata()[HEADER])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{models[name]} is damaged ({error}); install geofer again.") from error


def model_line(description: ModelDescription) -> str:
    """One line on a recognizer: what it looks at, what it tells apart, what it was trained on."""
    looks_at = " and ".join({"image": "pixels"}.get(name, name) for name in _inputs(description))
    trained = description.provenance.get("data") or description.provenance.get("data_set") or "unknown data"
    if not isinstance(trained, str):
        trained = json.dumps(trained)
    return f"{len(description.expressions)} expressions from {looks_at}; trained on {trained.partition(';')[0]}"


def _inputs(description: ModelDescription) -> tuple[str, ...]:
    """What really counts: members of an ensemble of geometry may all leave out one of its two inputs."""
    if description.kind != "geometry":
        return description.inputs
    members = description.architecture.get("members") or [description.architecture]
    named = {member.get("inputs", "both") for member in members}
    return tuple(name for name in description.inputs if named & {name, "both"})
