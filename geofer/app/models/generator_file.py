"""A generator in one file, and the one bundled with geofer: weights as safetensors, and in the header what it is.

The file is verified and read as a recognizer's is, see `geofer.app.models.model_file`.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import torch
from torch import Tensor, nn

from geofer.app.models.model_file import load_described, save_described
from geofer.errors import CheckpointError
from geofer.faces import EXPRESSIONS, CropRule
from geofer.networks.modes import evaluating
from geofer.networks.synthesizer import GeneratorConfig, Synthesis, build_synthesizer
from geofer.paths import AnyPath
from geofer.schema import CropSize, SchemaError, read, read_arguments, shown
from geofer.version import __version__
from geofer.weight_files import GENERATOR_FORMAT, LONGEST, bundled_generators

DEFAULT = "people"
"""The bundled generator that is taken if none is named."""


@dataclass(frozen=True)
class GeneratorDescription:
    """What a generator is, beside its weights.

    Attributes:
        architecture: Of `geofer.networks.synthesizer.GeneratorConfig`, what differs from its defaults.
        image_size: Side of the crop in pixels.
        crop: How faces are cropped.
        provenance: What it was trained on, by which command; plain data.
        versions: Of the packages that wrote the file.
    """

    architecture: dict[str, Any]
    image_size: CropSize
    crop: CropRule = "tight"
    provenance: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(
        default_factory=lambda: {"geofer": __version__, "torch": str(torch.__version__).partition("+")[0]}
    )

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps({"format": GENERATOR_FORMAT, **asdict(self)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`.

        Raises:
            CheckpointError: It describes no generator, or one of another version.
            ValueError: An entry is missing, unknown, or not what it has to be.
        """
        if len(text) > LONGEST:
            raise SchemaError(f"its description has {len(text)} letters; at most {LONGEST} are read")
        data = json.loads(text)
        version = data.pop("format", None) if isinstance(data, dict) else None
        if version != GENERATOR_FORMAT:
            raise CheckpointError(f"its format is {shown(version)}, and generators have {shown(GENERATOR_FORMAT)}")
        description = cls(**read_arguments(cls, data, "description"))
        description.config()
        return description

    def config(self) -> GeneratorConfig:
        """Kind and size of the networks."""
        config: GeneratorConfig = read(GeneratorConfig, self.architecture, "architecture")
        return config

    def network(self) -> nn.Module:
        """E and G, with random weights."""
        return build_synthesizer(self.image_size, self.config())


class PretrainedGenerator:
    """A trained generator, ready to synthesize on the CPU; it offers what `GeometryGuidedFER` does for that.

    Attributes:
        network: E and G.
        description: What they are.
        expressions: Those that targets may show.
        image_size: Side of the faces in pixels.
        provenance: As a trained module has it; ``crop`` says how faces are cropped.
    """

    def __init__(self, network: nn.Module, description: GeneratorDescription) -> None:
        """From `load_generator_file`."""
        self.network, self.description = network, description
        self.expressions: tuple[str, ...] = EXPRESSIONS
        self.image_size = description.image_size
        self.provenance: dict[str, Any] = {**description.provenance, "crop": description.crop}

    @torch.no_grad()
    def synthesize(self, image: Tensor, landmarks: Tensor, source: Tensor) -> Tensor:
        """Give faces another geometry.

        Args:
            image: ``(B, 3, S, S)`` in [-1, 1].
            landmarks: Targets, ``(B, 68, 2)`` in [-1, 1].
            source: Landmarks of ``image``, ``(B, 68, 2)``.

        Returns:
            ``(B, 3, S, S)`` in [-1, 1].
        """
        with evaluating(self.network):
            synthesis: Synthesis = self.network(image, source, landmarks)
        return synthesis.image


def save_generator(path: AnyPath, network: nn.Module, description: GeneratorDescription) -> None:
    """Writes a generator, whole or not at all.

    Raises:
        CheckpointError: A weight is not finite, or the network is not the one described.
    """
    save_described(path, network, description)


def load_generator_file(source: AnyPath = DEFAULT) -> PretrainedGenerator:
    """Reads a generator: a bundled one by its name, or a file.

    Raises:
        CheckpointError: The file is missing, damaged, tampered with, newer than this version, or something else.
    """
    path = bundled_generators().get(source, source) if isinstance(source, str) else source
    return PretrainedGenerator(*load_described(path, GeneratorDescription.from_json))
