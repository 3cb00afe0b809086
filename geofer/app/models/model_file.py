"""A recognizer in one file: weights as safetensors, and in its header all that a prediction needs.

Loading needs neither Lightning nor pickle. The header also holds a checksum over everything in the file, since
safetensors itself loads a file with flipped bits in silence.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from geofer import __version__
from geofer.app.models.reliability import Reliability
from geofer.errors import CheckpointError, GeoferError, printable
from geofer.landmarks.alignment import CropRule
from geofer.networks.classifier import Classifier, ClassifierConfig
from geofer.networks.geometry_ensemble import geometry_network
from geofer.paths import AnyPath, as_path, written_whole

FORMAT = 3
"""Version of the format; any other is refused."""

HEADER, CHECKSUM = "geofer", "geofer_sha256"
"""Names of the description and of the checksum in the file's metadata."""


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
            ValueError: It is no description.
            TypeError: An entry is missing or unknown.
        """
        data = json.loads(text)
        version = data.pop("format", None)
        if version != FORMAT:
            raise CheckpointError(
                f"its format is {version!r} and geofer {__version__} reads {FORMAT}; install the geofer that wrote it"
            )
        reliability = data.pop("reliability")
        data["expressions"] = tuple(data["expressions"])
        description = cls(**data, reliability=Reliability.from_dict(reliability) if reliability else None)
        described = (description.color, description.normalization)
        if described != ("RGB", "x / 127.5 - 1") or description.kind not in ("picture", "geometry"):
            raise CheckpointError(f"it is a {description.kind} model of {described[0]} pixels as {described[1]}")
        return description

    @property
    def inputs(self) -> tuple[str, ...]:
        """What the network takes, in order, of ``image``, ``landmarks`` and ``blendshapes``."""
        if self.kind == "geometry":
            return ("landmarks", "blendshapes")
        second = self.architecture.get("geometry", "none")
        return ("image",) if second == "none" else ("image", second)

    def network(self) -> nn.Module:
        """The network, with random weights."""
        if self.kind == "geometry":
            return geometry_network(len(self.expressions), **self.architecture)
        return Classifier(len(self.expressions), ClassifierConfig(**{**self.architecture, "pretrained": False}))


def save_model(path: AnyPath, network: nn.Module, description: ModelDescription) -> None:
    """Writes a recognizer, whole or not at all.

    Args:
        path: The file, commonly ``….safetensors``.
        network: As ``description.network()`` builds it, trained.
        description: What it is.

    Raises:
        CheckpointError: A weight is not finite, or the network is not the one described.
    """
    from safetensors.torch import save

    path = as_path(path)
    weights = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    _check_weights(weights, description)
    text = description.to_json()
    metadata = {HEADER: text, CHECKSUM: _checksum(text, weights)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as file:
        file.write(save(weights, metadata))


def load_model(path: AnyPath) -> tuple[nn.Module, ModelDescription]:
    """Reads a recognizer, on the CPU and ready to predict.

    Raises:
        CheckpointError: The file is missing, damaged, tampered with, newer than this version, or something else.
    """
    path = as_path(path)
    if not path.is_file():
        raise CheckpointError(f"{printable(path)}: there is no such model file.")
    try:
        text, weights = _read(path)
        description = ModelDescription.from_json(text)
        _check_weights(weights, description)
        network = description.network()
        network.load_state_dict(weights)
    except GeoferError as error:
        raise CheckpointError(f"{printable(path)} cannot be used: {error}.") from error
    except Exception as error:  # a description can be wrong in a hundred ways
        raise CheckpointError(
            f"{printable(path)} is damaged or no model of geofer ({type(error).__name__}: {error})."
        ) from error
    return network.eval(), description


def _read(path: Path) -> tuple[str, dict[str, Tensor]]:
    """The description and the weights, once the checksum is verified."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dictionary
    except SafetensorError as error:
        raise CheckpointError(f"it is damaged or no safetensors file ({error})") from error
    if HEADER not in metadata or CHECKSUM not in metadata:
        raise CheckpointError("it has weights, but no description by geofer; `geofer export` writes one")
    if _checksum(metadata[HEADER], weights) != metadata[CHECKSUM]:
        raise CheckpointError("its checksum is wrong: it is damaged or was changed. Get it again from its source")
    return metadata[HEADER], weights


def _check_weights(weights: Mapping[str, Tensor], description: ModelDescription) -> None:
    broken = [name for name, value in weights.items() if value.is_floating_point() and not value.isfinite().all()]
    if broken:
        raise CheckpointError(f"{len(broken)} of its weights are NaN or infinite, first {broken[0]}")
    with torch.device("meta"):
        expected = {name: value.shape for name, value in description.network().state_dict().items()}
    found = {name: value.shape for name, value in weights.items()}
    if wrong := sorted(name for name in expected | found if expected.get(name) != found.get(name)):
        raise CheckpointError(f"{len(wrong)} of its weights do not fit what it says it is, first {wrong[0]}")


def _checksum(text: str, weights: Mapping[str, Tensor]) -> str:
    """SHA-256 over the description and over each weight's name, type, shape and bytes."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(weights):
        value = weights[name]
        digest.update(f"\n{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
