"""A recognizer in one file: weights as safetensors, and in its header all that a prediction needs.

Loading needs neither Lightning nor pickle; see `geofer.weight_files`.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Protocol, Self, TypeVar

import torch
from torch import nn

from geofer.app.models.reliability import Reliability
from geofer.errors import CheckpointError, GeoferError, printable
from geofer.faces import CropRule
from geofer.modules.stored import check_finite, check_shapes, check_weights, read_architecture, recognizer_network
from geofer.paths import AnyPath, as_path, written_whole
from geofer.schema import CropSize, ImageSize, SchemaError, read, read_arguments, read_expressions, shown
from geofer.version import __version__
from geofer.weight_files import LONGEST, packed, unpacked

FORMAT = 3
"""Version of the format; any other is refused."""


@dataclass(frozen=True)
class ModelDescription:
    """What a recognizer is, beside its weights.

    Attributes:
        kind: ``picture``, a `geofer.networks.classifier.Classifier` of crops, or ``geometry``, a
            `geofer.networks.geometry_ensemble.geometry_network` of landmarks and blendshapes.
        expressions: Names of the K expressions, in the order of the logits.
        architecture: Arguments of `ClassifierConfig`, or of `geometry_network` without ``num_classes``.
        crop: How faces are cropped; the ``geometry`` kind needs no crop.
        image_size: Side of the crop in pixels; 0 for the ``geometry`` kind.
        reliability: Accuracy by pose, if it was measured.
        provenance: What it was trained on, by which command; plain data, for model cards.
        color: Order of the channels.
        normalization: Of the pixels, from 0–255.
        versions: Of the packages that wrote the file.
    """

    kind: Literal["picture", "geometry"]
    expressions: tuple[str, ...]
    architecture: dict[str, Any]
    crop: CropRule = "tight"
    image_size: int = 0
    reliability: Reliability | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
    color: str = "RGB"
    normalization: str = "x / 127.5 - 1"
    versions: dict[str, str] = field(
        default_factory=lambda: {"geofer": __version__, "torch": str(torch.__version__).partition("+")[0]}
    )

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps({"format": FORMAT, **asdict(self)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`.

        Raises:
            CheckpointError: The format is another, or the model needs something that this version does not do.
            ValueError: It is no description, or an entry is missing, unknown, or not what it has to be.
        """
        if len(text) > LONGEST:
            raise SchemaError(f"its description has {len(text)} letters; at most {LONGEST} are read")
        data = json.loads(text)
        version = data.pop("format", None) if isinstance(data, dict) else None
        if type(version) is not int or version != FORMAT:
            raise CheckpointError(
                f"its format is {shown(version)} and geofer {__version__} reads {FORMAT}; "
                "install the geofer that wrote it"
            )
        expressions = read_expressions(data.pop("expressions", None))
        found = read_arguments(cls, data, "description", leave_out=("expressions",))
        description = cls(**found, expressions=expressions)
        described = (description.color, description.normalization)
        if described != ("RGB", "x / 127.5 - 1"):
            raise CheckpointError(f"it is a {description.kind} model of {described[0]} pixels as {described[1]}")
        read(
            ImageSize if description.kind == "geometry" else CropSize, description.image_size, "description.image_size"
        )
        return replace(description, architecture=read_architecture(description.kind, description.architecture))

    @property
    def inputs(self) -> tuple[str, ...]:
        """What the network takes, in order, of ``image``, ``landmarks`` and ``blendshapes``."""
        if self.kind == "geometry":
            return ("landmarks", "blendshapes")
        second = self.architecture.get("geometry", "none")
        return ("image",) if second == "none" else ("image", second)

    def network(self) -> nn.Module:
        """The network, with random weights."""
        return recognizer_network(self.kind, len(self.expressions), self.architecture)


def save_model(path: AnyPath, network: nn.Module, description: ModelDescription) -> None:
    """Writes a recognizer, whole or not at all.

    Args:
        path: The file, commonly ``….safetensors``.
        network: As ``description.network()`` builds it, trained.
        description: What it is.

    Raises:
        CheckpointError: A weight is not finite, or the network is not the one described.
    """
    save_described(path, network, description)


class Description(Protocol):
    """What stands in the header of a model file."""

    def to_json(self) -> str:
        """One line of JSON."""
        ...

    def network(self) -> nn.Module:
        """The network, with random weights."""
        ...


Described = TypeVar("Described", bound=Description)


def save_described(path: AnyPath, network: nn.Module, description: Description) -> None:
    """As `save_model`, for any network with a description."""
    path = as_path(path)
    weights = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    check_weights(weights, description.network)
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as file:
        file.write(packed(weights, description.to_json()))


def load_model(path: AnyPath) -> tuple[nn.Module, ModelDescription]:
    """Reads a recognizer, on the CPU and ready to predict.

    Raises:
        CheckpointError: The file is missing, damaged, tampered with, newer than this version, or something else.
    """
    return load_described(path, ModelDescription.from_json)


def load_described(path: AnyPath, describe: Callable[[str], Described]) -> tuple[nn.Module, Described]:
    """As `load_model`, for any network whose description ``describe`` reads from JSON."""
    path = as_path(path)
    if not path.is_file():
        raise CheckpointError(f"{printable(path)}: there is no such model file.")
    try:
        weights, text = unpacked(path, lambda text, shapes: check_shapes(shapes, describe(text).network))
        description = describe(text)
        check_finite(weights)
        network = description.network()
        network.load_state_dict(weights)
    except (GeoferError, SchemaError) as error:
        raise CheckpointError(f"{printable(path)} cannot be used: {error}.") from error
    except Exception as error:  # a description can be wrong in a hundred ways
        raise CheckpointError(
            f"{printable(path)} is damaged or no model of geofer ({type(error).__name__}: {error})."
        ) from error
    return network.eval(), description
