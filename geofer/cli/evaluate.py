"""``geofer evaluate MODEL --config DATA``: all tables of ``geofer test`` for a trained model on any data."""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lightning
import torch
import yaml

from geofer import datamodules
from geofer.app.models.checkpoint_conversion import save_checkpoint
from geofer.app.models.model_source import named_path, read_model
from geofer.app.models.pretrained_folder import CONFIG as PRETRAINED
from geofer.checkpoints import read_checkpoint
from geofer.cli.parsers import evaluate_parser
from geofer.cli.runs import checkpoint_file
from geofer.cli.trainer import run_trainer
from geofer.configurations import read_settings
from geofer.datamodules.datasets.expression_words import ExpressionWords
from geofer.errors import CheckpointError, ConfigError, DataError, printable
from geofer.faces import EXPRESSIONS
from geofer.modules.stored import FROM_DATA, stored_arguments, stored_kind
from geofer.schema import shown

ONNX = "geofer.modules.onnx_recognition.OnnxRecognition"


def evaluate(arguments: Sequence[str]) -> None:
    """Test a model on the test faces of a data module.

    Raises:
        ConfigError: The command line or the configuration is wrong, or the output folder is not empty.
        CheckpointError: The model is damaged or none of geofer, or was trained on other expressions, another image
            size or another crop than the data have.
        HubError: The Hub has no such model, or cannot be reached.
    """
    given, more = evaluate_parser().parse_known_args(list(arguments))
    if named_path(given.checkpoint).suffix != ".onnx":
        evaluate_model(given.checkpoint, given.config, given.output, more)
        return
    if not given.classes:
        raise ConfigError("Name the network's classes in the order of its outputs, such as --classes angry,happy,calm.")
    names = {"file": given.checkpoint, "classes": _class_names(given.classes), "size": given.size}
    settings = {**names, "mean": given.mean, "std": given.std}
    with TemporaryDirectory() as folder:
        nothing = Path(folder, "nothing.ckpt")  # the weights are in the file
        torch.save({"state_dict": {}, "pytorch-lightning_version": lightning.__version__, "epoch": 0}, nothing)
        _test({"class_path": ONNX, "init_args": settings}, nothing, given.config, given.output, more)


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
    with TemporaryDirectory() as folder:
        checkpoint = _checkpoint_of(model, Path(folder))
        _test(_model_of(checkpoint), checkpoint, config, output, more)


def _test(model: dict[str, Any], checkpoint: Path, config: Path, output: Path, more: Sequence[str]) -> None:
    """``geofer test`` with a model as configurations name it, and its checkpoint."""
    if output.exists() and any(output.iterdir()):
        raise ConfigError(f"{printable(output)} is not empty; choose another folder with --output.")
    settings = {**_data_of(config), "model": model}
    _set_size(settings["data"], checkpoint)
    with TemporaryDirectory() as folder:
        written = Path(folder, "evaluate.yaml")
        written.write_text(yaml.safe_dump(settings), encoding="utf-8")
        chosen = ["--ckpt_path", str(checkpoint), "--trainer.default_root_dir", str(output)]
        run_trainer(["test", "--config", str(written), *more, *chosen])


def _class_names(text: str) -> list[str]:
    """Names of classes as expressions are called here; others, such as ``contempt``, stay as they are."""
    known = ExpressionWords((*EXPRESSIONS, "contempt"))
    names = [name.strip() for name in text.split(",")]
    for place, name in enumerate(names):
        with contextlib.suppress(DataError):
            names[place] = known(name, "--classes")
    if len(set(names)) < len(names) or "" in names:
        raise ConfigError(f"--classes {printable(text)} names one twice, or has none between two commas.")
    return names


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
    settings = read_settings(config)
    if not isinstance(settings, dict) or "data" not in settings:
        raise ConfigError(f"{printable(config)} names no data module under `data`.")
    return {name: value for name, value in settings.items() if name not in ("model", "ckpt_path")}


def _set_size(data: dict[str, Any], checkpoint: Path) -> None:
    """Gives data that name no ``image_size`` the model's, if they can be made of any size."""
    size = read_checkpoint(checkpoint).get("hyper_parameters", {}).get("image_size")
    kind = getattr(datamodules, str(data.get("class_path", "")).rpartition(".")[2], None)
    sizable = (datamodules.RenderedFaces, datamodules.PictureFaces, datamodules.CrossDataSet)
    if size and isinstance(kind, type) and issubclass(kind, sizable):
        data.setdefault("init_args", {}).setdefault("image_size", size)


def _model_of(checkpoint: Path) -> dict[str, Any]:
    """The model of a checkpoint as a configuration names it, less its optimizers, which a test needs not."""
    held = read_checkpoint(checkpoint).get("hyper_parameters")
    kind = stored_kind(held) if isinstance(held, dict) else None
    if held is None or kind is None:  # a checkpoint chooses no other code to run
        name = held.get("class_path") if isinstance(held, dict) else None
        raise CheckpointError(f"{printable(checkpoint)} holds {shown(name)}, which is no model of geofer.")
    try:
        arguments = stored_arguments(kind, held)
    except CheckpointError as error:
        raise CheckpointError(f"{printable(checkpoint)} cannot be used: {error}.") from error
    own = {key: value for key, value in arguments.items() if key not in FROM_DATA}
    plain = json.loads(json.dumps(own, default=asdict))  # dataclasses and tuples, as YAML has them
    return {"class_path": f"{kind.__module__}.{kind.__qualname__}", "init_args": plain}
