"""Where a training starts: the weights of a bundled model, a model file or a checkpoint, for any module."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from geofer.checkpoints import read_checkpoint
from geofer.errors import CheckpointError, ConfigError, GeoferError, printable
from geofer.modules.stored import check_finite, check_shapes, read_architecture, recognizer_network
from geofer.networks.classifier import Classifier
from geofer.networks.synthesizer import GeneratorConfig, build_synthesizer
from geofer.schema import CropSize, SchemaError, read, read_expressions
from geofer.weight_files import (
    GENERATOR_FORMAT,
    LONGEST,
    Shapes,
    bundled_generators,
    bundled_models,
    unpacked,
)

CLASSIFIER = "classifier."
"""What the names of a recognizer's weights begin with in a module; in a model file they stand without it."""


GENERATOR = ("synthesizer.", "averaged.")
"""The same for a generator's weights: what is trained, and its average over time."""


@dataclass(frozen=True)
class InitialWeights:
    """What a file holds.

    Attributes:
        source: How the user named it.
        weights: By their names in a module.
        expressions: That its last layers tell apart, in the order of their rows; empty if it has no classifier.
        settings: What its networks were built with.
    """

    source: str
    weights: dict[str, Tensor]
    expressions: tuple[str, ...]
    settings: Mapping[str, Any]


def read_initial_weights(source: str) -> InitialWeights:
    """The weights of a bundled model or generator by its name, of a file of either, or of a checkpoint (``.ckpt``).

    Raises:
        CheckpointError: The file is missing, damaged, changed, or something else.
    """
    path = (bundled_models() | bundled_generators()).get(source, Path(source))
    if not path.is_file():
        raise CheckpointError(
            f"init_from: there is no file {printable(source)}; the bundled models are "
            f"{', '.join([*bundled_models(), *bundled_generators()])}."
        )
    try:
        if path.suffix == ".ckpt":
            checkpoint = read_checkpoint(path, mapped=True)
            told, prefix, weights = _table(checkpoint.get("hyper_parameters")), ("",), checkpoint["state_dict"]
            settings = told.get("classifier")
        else:
            weights, text = unpacked(path, _check_described)
            check_finite(weights)
            told, prefix = _description(text), (CLASSIFIER,)
            settings = told.get("architecture")
        generates = told.get("format") == GENERATOR_FORMAT
        expressions = () if generates else read_expressions(told.get("expressions"))
    except (GeoferError, SchemaError, ValueError, RecursionError) as error:
        raise CheckpointError(f"init_from: {printable(source)} cannot be used: {error}") from error
    named = {
        f"{start}{name}": value for start in (GENERATOR if generates else prefix) for name, value in weights.items()
    }
    return InitialWeights(source, named, expressions, settings if isinstance(settings, dict) else {})


def _description(text: str) -> dict[str, Any]:
    return _table(json.loads(text) if len(text) <= LONGEST else None)


def _table(told: object) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise CheckpointError("it does not say what it is")
    return told


def _check_described(text: str, shapes: Shapes) -> None:
    """Compares what a model file says it is with the shapes of its weights, before a weight is read.

    Raises:
        CheckpointError: They differ.
        SchemaError: It says what cannot be.
    """
    told = _description(text)
    if told.get("format") == GENERATOR_FORMAT:
        size, config = told.get("image_size"), told.get("architecture")
        build = partial(
            build_synthesizer, read(CropSize, size, "image_size"), read(GeneratorConfig, config, "architecture")
        )
        check_shapes(shapes, build)
        return
    kind = read(Literal["picture", "geometry"], told.get("kind"), "kind")
    architecture = read_architecture(kind, _table(told.get("architecture")))
    expressions = read_expressions(told.get("expressions"))
    check_shapes(shapes, lambda: recognizer_network(kind, len(expressions), architecture))


@torch.no_grad()
def initialize_from(module: nn.Module, expressions: tuple[str, ...], initial: InitialWeights) -> frozenset[str]:
    """Gives a module the weights of a file, network by network.

    A network that the file lacks, such as a geometry branch or a generator, keeps its own start, and one that the
    module lacks is left out. Of the layers with a row for each expression the rows of those that the file knows are
    taken, by their names; the others keep their start.

    Args:
        module: Changed in place. Its networks are two levels deep, such as ``classifier.backbone``.
        expressions: Of its last layers, in the order of their rows.
        initial: What the file holds.

    Returns:
        The names of the weights that were taken.

    Raises:
        ConfigError: A network that both have is not the same in both, or they have none in common.
    """
    own = module.state_dict()
    here, there = ({_network(name) for name in names} for names in (own, initial.weights))
    rows = {
        f"{path}.{layer}.{what}"
        for path, part in module.named_modules()
        if isinstance(part, Classifier)
        for layer in part.expression_layers
        for what in ("weight", "bias")
    }
    taken = []
    for name in sorted(own.keys() | initial.weights.keys()):
        if _network(name) not in here & there:
            continue
        mine, theirs = own.get(name), initial.weights.get(name)
        known = [one for one in expressions if one in initial.expressions] if name in rows else []
        if name in rows and mine is not None and theirs is not None and mine.shape[1:] == theirs.shape[1:]:
            mine[[expressions.index(one) for one in known]] = theirs[
                [initial.expressions.index(one) for one in known]
            ].to(mine.dtype)
        elif mine is not None and theirs is not None and mine.shape == theirs.shape:
            mine.copy_(theirs)
        else:
            raise ConfigError(
                f"init_from: the {_network(name)} of {printable(initial.source)} is not that of the configuration: "
                f"{name} is {_shape(theirs)} there and {_shape(mine)} here. Its settings are "
                f"{printable(json.dumps(initial.settings, default=str))[:500]}."
            )
        taken.append(name)
    if not taken:
        raise ConfigError(
            f"init_from: {printable(initial.source)} has no network that this model has. It has "
            f"{', '.join(sorted(map(printable, there)))}; the model has {', '.join(sorted(here))}."
        )
    return frozenset(taken)


def _network(name: str) -> str:
    """The first two parts of a weight's name."""
    return ".".join(name.split(".")[:2])


def _shape(weight: Tensor | None) -> str:
    return "missing" if weight is None else str(tuple(weight.shape))
