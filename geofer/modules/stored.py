"""From what a file says of a network to the network, without trusting it: first the description, then the shapes.

A description chooses among geofer's own classes and their arguments, and nothing else. Before anything takes memory,
the network that it describes is built without numbers, and compared with the weights that the file holds.
"""

import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.overrides import TorchFunctionMode

from geofer.errors import CheckpointError, printable
from geofer.networks.classifier import Classifier, ClassifierConfig
from geofer.networks.geometry_classifier import GeometryClassifier
from geofer.networks.geometry_ensemble import geometry_network
from geofer.schema import ImageSize, SchemaError, read, read_arguments, read_expressions, shown

HOMES = {
    "ExpressionClassifier": "geofer.modules.expression_classifier",
    "GeometryGuidedFER": "geofer.modules.geometry_guided_fer",
    "GeometryRecognition": "geofer.modules.geometry_recognition",
    "OneShotFER": "geofer.study.baselines.siamese",
    **dict.fromkeys(("AAE", "CAAE", "ConditionalGAN", "DRGAN", "GCGAN"), "geofer.study.baselines.generators"),
}
"""The classes that a checkpoint may name, and where they live. Only the name is compared with what a file says."""

FROM_DATA = ("expressions", "image_size")
"""What a module must know of its data; each has its own rules here."""

INIT_FROM = "init_from"
"""The argument that names a file of first weights: checkpoints have their own, and may name no other file."""

REPLACED = 64
"""Weights that a network may make more than it keeps, such as the last layers of VGG."""


def stored_kind(held: Mapping[str, Any]) -> type[nn.Module] | None:
    """The class that a checkpoint's hyperparameters name; None if it is none of geofer."""
    name = held.get("class_path")
    home, _, name = name.rpartition(".") if isinstance(name, str) else ("", "", "")
    if name not in HOMES or not home.startswith("geofer."):
        return None
    kind: type[nn.Module] = getattr(import_module(HOMES[name]), name)
    return kind


def stored_arguments(kind: Callable[..., Any], held: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a module's class, as a checkpoint has them.

    Args:
        kind: The class.
        held: The checkpoint's hyperparameters.

    Returns:
        By name. What builds an optimizer is never among them: a module for predictions has none, and for training the
        configuration says which. A recognizer of geometry may have no ``image_size``.

    Raises:
        CheckpointError: It names the entry that is not what it has to be.
    """
    where = "hyper_parameters"
    try:
        rest = {name: held[name] for name in held if name not in ("class_path", *FROM_DATA)}
        arguments = read_arguments(kind, rest, where, leave_out=(*FROM_DATA, INIT_FROM))
        arguments["expressions"] = read_expressions(held.get("expressions"), f"{where}.expressions")
        if "image_size" in held:
            arguments["image_size"] = read(ImageSize, held["image_size"], f"{where}.image_size")
    except SchemaError as error:
        raise CheckpointError(str(error)) from error
    return arguments


def read_architecture(kind: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a recognizer's network, as a model file has them, checked; none names what must be fetched.

    Args:
        kind: ``picture`` or ``geometry``, as `geofer.app.models.model_file.ModelDescription` has it.
        told: What the file says.

    Raises:
        SchemaError: An entry is unknown, of another type or out of its bounds.
    """
    if kind == "picture":
        config = read(ClassifierConfig, told, "architecture")
        return {name: getattr(config, name) for name in told}
    members = told.get("members", [])
    if not isinstance(members, list):
        raise SchemaError(f"architecture.members is {shown(members)}, not a list")
    one = {name: value for name, value in told.items() if name != "members"}
    of_class = ("num_classes",)
    arguments = read_arguments(GeometryClassifier, one, "architecture", of_class)
    if members:
        names = (f"architecture.members[{place}]" for place in range(len(members)))
        pairs = zip(members, names, strict=True)
        arguments["members"] = [read_arguments(GeometryClassifier, *pair, of_class) for pair in pairs]
    return arguments


def recognizer_network(kind: str, num_classes: int, architecture: Mapping[str, Any]) -> nn.Module:
    """The network that such arguments describe, with random weights."""
    if kind == "geometry":
        return geometry_network(num_classes, **architecture)
    return Classifier(num_classes, ClassifierConfig(**{**architecture, "pretrained": False}))


def check_weights(weights: Mapping[str, Tensor], build: Callable[[], nn.Module]) -> None:
    """Compares weights with the network that they are said to be of, before it is built.

    Args:
        weights: By name.
        build: Builds the network; here on torch's device ``meta``, where nothing takes memory.

    Raises:
        CheckpointError: Names, shapes or types differ, a number is NaN or infinite, or the network cannot be built.
    """
    check_shapes({name: (tuple(value.shape), value.dtype) for name, value in weights.items()}, build)
    check_finite(weights)


def check_finite(weights: Mapping[str, Tensor]) -> None:
    """Looks at the numbers.

    Raises:
        CheckpointError: One is NaN or infinite.
    """
    broken = [name for name, value in weights.items() if value.is_floating_point() and not value.isfinite().all()]
    if broken:
        raise CheckpointError(f"{len(broken)} of its weights are NaN or infinite, first {printable(broken[0])}")


def check_shapes(found: "Mapping[str, Shaped]", build: Callable[[], nn.Module]) -> None:
    """As `check_weights`, by shapes and types alone.

    Raises:
        CheckpointError: They differ, or the network cannot be built.
    """
    try:
        with torch.device("meta"), _undrawn(), _at_most(len(found)):
            expected = {name: (tuple(value.shape), value.dtype) for name, value in build().state_dict().items()}
    except CheckpointError:
        raise
    except Exception as error:  # a description can be wrong in a hundred ways
        told = f"{type(error).__name__}: {error}"
        raise CheckpointError(f"what it says it is cannot be built ({printable(told[:300])})") from error
    wrong = [name for name in expected.keys() | found.keys() if not _fits(expected.get(name), found.get(name))]
    if wrong:
        name = min(wrong)
        raise CheckpointError(
            f"{len(wrong)} of its weights do not fit what it says it is, first {shown(name)}: "
            f"{_shape(found.get(name))} there, {_shape(expected.get(name))} expected"
        )


Shaped = tuple[tuple[int, ...], torch.dtype | None]
"""Shape and type of a weight; None is a type that no network has."""


def _fits(expected: Shaped | None, found: Shaped | None) -> bool:
    """Whether a weight can be loaded; half precision into single, but no other kind of number."""
    if expected is None or found is None or expected[0] != found[0]:
        return False
    return expected[1] == found[1] or all(of is not None and of.is_floating_point for of in (expected[1], found[1]))


def _shape(weight: Shaped | None) -> str:
    return "none" if weight is None else f"{weight[0]} of {weight[1]}"


class _undrawn(TorchFunctionMode):  # noqa: N801 - a context manager
    """Leaves weights as they are that shall be drawn from a normal distribution.

    On the device ``meta`` there is nothing to draw, but torch would import its compiler for it, for two seconds.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> object:
        kwargs = kwargs or {}
        if func in (Tensor.normal_, nn.init.normal_):
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


class _at_most:  # noqa: N801 - a context manager
    """Stops a network that is being built in this thread when it has many more parameters than a file has weights."""

    def __init__(self, count: int) -> None:
        self._count, self._left = count, count + REPLACED

    def __enter__(self) -> None:
        self._thread = threading.get_ident()
        self._hook = register_module_parameter_registration_hook(self._watch)

    def __exit__(self, *_: object) -> None:
        self._hook.remove()

    def _watch(self, *_: object) -> None:
        if threading.get_ident() == self._thread:
            self._left -= 1
            if self._left < 0:
                raise CheckpointError(f"it has {self._count} weights, and what it says it is has many more")
