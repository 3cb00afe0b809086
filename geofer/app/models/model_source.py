"""From what a user names to a recognizer: a model file, a checkpoint, a folder, or a model of the Hugging Face Hub."""

from pathlib import Path

from torch import nn

from geofer.app.models.bundled import DEFAULT
from geofer.app.models.hub import hub_name, pull
from geofer.app.models.model_file import ModelDescription, load_model
from geofer.app.models.pretrained_folder import CONFIG, load_pretrained
from geofer.errors import CheckpointError, ConfigError, printable
from geofer.faces import CropRule
from geofer.paths import AnyPath, as_path
from geofer.weight_files import FOLDER, bundled_models

BEST = Path("checkpoints", "best.ckpt")
"""A run's best checkpoint, in its folder."""

BUNDLED = FOLDER / f"{DEFAULT}.safetensors"
"""The recognizer that is taken where none is named."""

EXPORTS = (".onnx", ".pt2")
"""What `geofer export` writes and geofer itself does not read."""


def named_path(source: AnyPath) -> Path:
    """The path of a source: ``photo`` and ``rendered`` are bundled recognizers, ``./photo`` is the user's."""
    bundled = bundled_models().get(source) if isinstance(source, str) else None
    return bundled or as_path(source, "The model")


def read_model(source: AnyPath, crop: CropRule | None = None) -> tuple[nn.Module, ModelDescription]:
    """A recognizer's network, ready to predict on the CPU, and its description.

    Args:
        source: ``photo``, ``rendered`` or the name of another bundled recognizer, see `geofer.app.models.bundled`; a
            model file; a checkpoint (``.ckpt``) of a run; the folder of a run, for its best checkpoint, or one with
            ``config.json`` and ``model.safetensors``; or, if there is no such file or folder, ``user/name`` or
            ``user/name@revision`` on the Hugging Face Hub. Nothing else makes geofer use the network.
        crop: How the faces of a checkpoint's data set were cropped, if it does not say so itself.

    Raises:
        CheckpointError: It is missing, damaged, tampered with, or something else.
        ConfigError: ``crop`` is named for what is no checkpoint; or the extra ``hub`` is not installed.
        HubError: The Hub has no such model, or cannot be reached.
        DataError: The report of the run's test is damaged.
    """
    path = named_path(source)
    if path.is_dir() and not (path / CONFIG).is_file():
        path = path / BEST
        if not path.is_file():
            raise CheckpointError(
                f"{printable(source)} is no run, which has a {BEST}, and no model, which has a {CONFIG}."
            )
    if path.suffix == ".ckpt":
        from geofer.app.models.checkpoint_conversion import (
            from_checkpoint,  # with Lightning, which takes three seconds to load
        )

        return from_checkpoint(path, crop)
    if crop is not None:
        raise ConfigError("A crop is named for checkpoints of runs; a model file knows its own.")
    if path.is_dir():
        return load_pretrained(path)
    if path.suffix in EXPORTS:
        raise CheckpointError(
            f"{printable(source)} is an export for other programs; geofer reads the checkpoint that it was made from, "
            "or a .safetensors file that `geofer export` makes of that."
        )
    if not path.exists() and (name := hub_name(str(source))) is not None:
        return load_pretrained(pull(name))
    return load_model(path)
