"""A folder with a recognizer as repositories of the Hugging Face Hub hold one: weights, configuration, and card."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from torch import nn

from geofer.app.models.model_card import model_card
from geofer.app.models.model_file import ModelDescription, load_model, save_model
from geofer.errors import CheckpointError, GeoferError, printable
from geofer.paths import AnyPath, as_path, written_whole
from geofer.schema import LONGEST_NAME, SchemaError
from geofer.weight_files import HEADER, LONGEST

WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "README.md"


def save_pretrained(
    folder: AnyPath, network: nn.Module, description: ModelDescription, name: str, license_id: str | None = None
) -> None:
    """Writes ``model.safetensors``, a model file; ``config.json``, its description once more; and ``README.md``.

    Args:
        folder: Where to; it is made when missing.
        network: As ``description.network()`` builds it, trained.
        description: What it is.
        name: What `geofer.load` takes for it, for the card.
        license_id: The license's identifier, for the card.

    Raises:
        CheckpointError: A weight is not finite, or the network is not the one described.
    """
    folder = as_path(folder)
    save_model(folder / WEIGHTS, network, description)
    labels = dict(enumerate(description.expressions))
    config = {
        "model_type": "geofer",
        "id2label": labels,
        "label2id": {label: number for number, label in labels.items()},
        HEADER: json.loads(description.to_json()),
    }
    for file, text in ((CONFIG, json.dumps(config, indent=2)), (CARD, model_card(description, name, license_id))):
        with written_whole(folder / file) as written:
            written.write(text.encode())


def load_pretrained(folder: AnyPath) -> tuple[nn.Module, ModelDescription]:
    """Reads such a folder.

    Raises:
        CheckpointError: A file is missing, damaged or tampered with, or of something else; or the two descriptions
            differ, for example in the order of the expressions or in the crop.
    """
    folder = as_path(folder)
    told = read_config(folder / CONFIG)
    network, description = load_model(folder / WEIGHTS)
    names = [field.name for field in fields(ModelDescription)]
    if differing := [name for name in names if getattr(told, name) != getattr(description, name)]:
        raise CheckpointError(
            f"{printable(folder)}: {CONFIG} and {WEIGHTS} differ in {', '.join(differing)}; one of them was changed or "
            "is of another model. Get both again from their source."
        )
    return network, description


def read_config(path: Path) -> ModelDescription:
    """What a ``config.json`` says the model is.

    Raises:
        CheckpointError: It is missing, damaged, or of something else than a recognizer of geofer.
    """
    if path.exists() and not path.is_file():  # a pipe would wait for somebody to write
        raise CheckpointError(f"{printable(path)} is not a regular file.")
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LONGEST + 1)
        if len(text) > LONGEST:
            raise ValueError(f"it has more than {LONGEST} letters")
        config: Any = json.loads(text)
    except FileNotFoundError:
        raise CheckpointError(f"{printable(path.parent)} holds no {CONFIG}, so no model of geofer.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{printable(path)} is damaged ({error}).") from error
    if not isinstance(config, dict) or HEADER not in config:
        kind = (
            printable(config["model_type"])[:LONGEST_NAME]
            if isinstance(config, dict) and "model_type" in config
            else "another kind"
        )
        raise CheckpointError(f"{printable(path)} describes a model of {kind}, not of geofer.")
    try:
        return ModelDescription.from_json(json.dumps(config[HEADER]))
    except (GeoferError, SchemaError) as error:
        raise CheckpointError(f"{printable(path)} cannot be used: {error}.") from error
    except Exception as error:  # a description can be wrong in a hundred ways
        raise CheckpointError(f"{printable(path)} is damaged ({type(error).__name__}: {error}).") from error
