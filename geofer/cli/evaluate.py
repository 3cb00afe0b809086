"""``geofer evaluate MODEL --config DATA``: all tables of ``geofer test`` for a trained model on any data."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from geofer.app.models.model_checkpoint import save_checkpoint
from geofer.app.models.model_source import named_path, read_model
from geofer.app.models.pretrained_folder import CONFIG as PRETRAINED
from geofer.checkpoints import read_checkpoint
from geofer.cli.command_parser import CommandParser
from geofer.cli.runs import checkpoint_file
from geofer.cli.trainer import run_trainer
from geofer.errors import CheckpointError, ConfigError, printable

FROM_DATA = ("expressions", "image_size")
"""Settings of a model that the data module gives; a checkpoint of others is refused."""


def evaluate(arguments: Sequence[str]) -> None:
    """Test a model on the test faces of a data module.

    Raises:
        ConfigError: The command line or the configuration is wrong, or the output folder is not empty.
        CheckpointError: The model is damaged or none of geofer, or was trained on other expressions, another image
            size or another crop than the data have.
        HubError: The Hub has no such model, or cannot be reached.
    """
    parser = CommandParser(
        "evaluate",
        "Test a trained model on the test faces of any data module, without its own configuration. Other options, such "
        "as --data.root, are those of `geofer test`.",
    )
    parser.add_argument(
        "checkpoint",
        metavar="MODEL",
        help="a checkpoint, a run's folder for its best one, a model file, the name of a bundled model (see geofer "
        "models), or user/name on the Hugging Face Hub",
    )
    parser.add_argument("--config", type=Path, required=True, help="a configuration whose data are tested on")
    parser.add_argument("--output", type=Path, required=True, help="a new folder for tables and pictures")
    given, more = parser.parse_known_args(list(arguments))
    evaluate_model(given.checkpoint, given.config, given.output, more)


def evaluate_model(model: str, config: Path, output: Path, more: Sequence[str]) -> None:
    """Test one model.

    Args:
        model: A checkpoint, a run's folder, or what `geofer.app.models.model_source.read_model` takes.
        config: Whose data are tested on.
        output: A new folder for tables and pictures.
        more: Options of ``geofer test``.

    Raises:
        ConfigError, CheckpointError, HubError: As `evaluate`.
    """
    if output.exists() and any(output.iterdir()):
        raise ConfigError(f"{printable(output)} is not empty; choose another folder with --output.")
    with TemporaryDirectory() as folder:
        checkpoint = _checkpoint_of(model, Path(folder))
        settings = {**_data_of(config), "model": _model_of(checkpoint)}
        written = Path(folder, "evaluate.yaml")
        written.write_text(yaml.safe_dump(settings), encoding="utf-8")
        chosen = ["--ckpt_path", str(checkpoint), "--trainer.default_root_dir", str(output)]
        run_trainer(["test", "--config", str(written), *more, *chosen])


def _checkpoint_of(model: str, folder: Path) -> Path:
    """The checkpoint of a model; one that has none gets one in ``folder``."""
    path = named_path(model)
    if path.suffix == ".ckpt":
        return path
    if path.is_dir() and not (path / PRETRAINED).is_file():
        return checkpoint_file(path, "best")
    checkpoint = folder / "model.ckpt"
    save_checkpoint(checkpoint, *read_model(model))
    return checkpoint


def _data_of(config: Path) -> dict[str, Any]:
    """What a configuration says, less its model."""
    try:
        settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{printable(config)} is no configuration: {error}") from error
    if not isinstance(settings, dict) or "data" not in settings:
        raise ConfigError(f"{printable(config)} names no data module under `data`.")
    return {name: value for name, value in settings.items() if name not in ("model", "ckpt_path")}


def _model_of(checkpoint: Path) -> dict[str, Any]:
    """The model of a checkpoint as a configuration names it, less its optimizers, which a test needs not."""
    held = dict(read_checkpoint(checkpoint).get("hyper_parameters", {}))
    name = held.get("_class_path")
    if not (isinstance(name, str) and name.startswith("geofer.")):  # a checkpoint chooses no other code to run
        raise CheckpointError(f"{printable(checkpoint)} holds {printable(name)}, which is no model of geofer.")
    arguments = {
        key: value
        for key, value in held.items()
        if key not in FROM_DATA and not key.startswith("_") and not key.endswith("_optimizer")
    }
    return {"class_path": name, "init_args": arguments}
