"""A recognizer as a program of `torch.export`, which runs without geofer."""

import io

import torch
from torch import nn

from geofer.app.export.exported_program import check_same_probabilities, exported_program
from geofer.app.models.model_file import ModelDescription
from geofer.paths import AnyPath, as_path, written_whole
from geofer.weight_files import HEADER

DESCRIPTION = f"{HEADER}.json"
"""Name of the extra file in the ``.pt2`` archive that holds the description."""


def export_torch(path: AnyPath, network: nn.Module, description: ModelDescription) -> float:
    """Writes ``path``, commonly ``….pt2``, once it is known to give the probabilities that the network gives.

    Args:
        path: The file.
        network: As `geofer.app.models.model_file.load_model` returns it.
        description: What it is; it is stored in the file too.

    Returns:
        The largest difference of a probability from the network's, on random inputs.

    Raises:
        CheckpointError: The network cannot be exported, or the export differs; no file is written.
    """
    archive = io.BytesIO()
    program = exported_program(network, description)
    torch.export.save(program, archive, extra_files={DESCRIPTION: description.to_json()})
    archive.seek(0)
    loaded = torch.export.load(archive).module()
    difference = check_same_probabilities(network, description, lambda inputs: loaded(*inputs))
    path = as_path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as file:
        file.write(archive.getvalue())
    return difference
