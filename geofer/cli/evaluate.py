"""``geofer evaluate CHECKPOINT --config DATA``: all tables of ``geofer test`` for a trained model on any data."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from geofer.checkpoints import read_checkpoint
from geofer.cli.runs import checkpoint_file
from geofer.cli.trainer import run_trainer
from geofer.cli.verb_parser import VerbParser
from geofer.errors import CheckpointError, ConfigError, printable

FROM_DATA = ("expressions", "image_size")
"""Settings of a model that the data module gives; a checkpoint of others is refused."""


def evaluate(arguments: Sequence[str]) -> None:
    """Test a checkpoint on the test faces of a data module.

    Raises:
        ConfigError: The command line or the configuration is wrong, or the output folder is not empty.
        CheckpointError: The checkpoint is damaged or of no model of geofer, or was trained on other expressions or
            another image size than the data have.
    """
    parser = VerbParser(
        "evaluate",
        "Test a trained model on the test faces of any data module, without its own configuration. Other options, such "
        "as --data.root, are those of `geofer test`.",
    )
    parser.add_argument(
        "checkpoint", type=Path, metavar="CHECKPOINT", help="a file, or a run's folder for its best one"
    )
    parser.add_argument("--config", type=Path, required=True, help="a configuration whose data are tested on")
    parser.add_argument("--output", type=Path, required=True, help="a new folder for tables and pictures")
    given, more = parser.parse_known_args(list(arguments))
    checkpoint = checkpoint_file(given.checkpoint, "best") if given.checkpoint.is_dir() else given.checkpoint
    if given.output.exists() and any(given.output.iterdir()):
        raise ConfigError(f"{printable(given.output)} is not empty; choose another folder with --output.")
    settings = {**_data_of(given.config), "model": _model_of(checkpoint)}
    with TemporaryDirectory() as folder:
        config = Path(folder, "evaluate.yaml")
        config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        chosen = ["--ckpt_path", str(checkpoint), "--trainer.default_root_dir", str(given.output)]
        run_trainer(["test", "--config", str(config), *more, *chosen])


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
    """The model of a checkpoint as a configuration names it, less its optimisers, which a test needs not."""
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
