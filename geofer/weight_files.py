"""Weights in one safetensors file, under a checksum, with a text that describes them; and those bundled with geofer.

The checksum covers everything in the file, since safetensors itself loads a file with flipped bits in silence.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from geofer.errors import CheckpointError

LONGEST = 4_000_000
"""Bytes of a file's header, and letters of a description; a network of 3,000 weights has a header of 400,000."""

GENERATOR_FORMAT = "generator 1"
"""The format of a generator's description, see `geofer.app.models.generator_file`; any other is refused."""

HEADER, CHECKSUM = "geofer", "geofer_sha256"
"""Names of the description and of the checksum in the file's metadata."""

TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64}
"""Types of numbers that networks have, by the names of safetensors."""

Shapes = Mapping[str, tuple[tuple[int, ...], torch.dtype | None]]
"""Shape and type of each weight; None is a type that no network has."""

FOLDER = Path(__file__).parent / "app" / "models"
"""Of the bundled files: ``photo``, by ``training/train_photo.py``, and ``rendered``, which has learned from no
photograph's label, by ``training/train_rendered.py``."""


def bundled_models() -> dict[str, Path]:
    """Name of each bundled recognizer → its file.

    Examples:
        >>> "photo" in bundled_models()
        True
    """
    return {path.stem: path for path in sorted(FOLDER.glob("*.safetensors"))}


def bundled_generators() -> dict[str, Path]:
    """Name of each bundled generator → its file; ``people`` is by ``training/train_generator.py``."""
    return {path.stem: path for path in sorted((FOLDER / "generators").glob("*.safetensors"))}


def packed(weights: Mapping[str, Tensor], description: str) -> bytes:
    """The bytes of such a file.

    Args:
        weights: By name, on the CPU and contiguous.
        description: What they are.
    """
    from safetensors.torch import save

    return save(dict(weights), {HEADER: description, CHECKSUM: checksum(description, weights)})


def unpacked(path: Path, check: Callable[[str, Shapes], None] | None = None) -> tuple[dict[str, Tensor], str]:
    """The weights and the description of such a file, once the checksum is verified.

    Args:
        path: The file.
        check: Compares the description with the shapes that the header tells, before a weight is read: a file of a few
            kilobytes on the disk can hold gigabytes of zeros. None reads whatever there is.

    Raises:
        CheckpointError: The file is damaged, was changed, or is something else.
    """
    from safetensors import SafetensorError, safe_open

    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
    if length > LONGEST and path.stat().st_size > LONGEST:
        raise CheckpointError(f"it is damaged or no model of geofer: its header takes more than {LONGEST} bytes")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if HEADER not in metadata or CHECKSUM not in metadata:
                raise CheckpointError("it has weights, but no description by geofer; `geofer export` writes one")
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - it is no dictionary
            told = {name: (tuple(part.get_shape()), TYPES.get(part.get_dtype())) for name, part in slices.items()}
            if check is not None:
                check(metadata[HEADER], told)
            weights = {name: file.get_tensor(name) for name in told}
    except SafetensorError as error:
        raise CheckpointError(f"it is damaged or no safetensors file ({error})") from error
    if checksum(metadata[HEADER], weights) != metadata[CHECKSUM]:
        raise CheckpointError("its checksum is wrong: it is damaged or was changed. Get it again from its source")
    return weights, metadata[HEADER]


def checksum(description: str, weights: Mapping[str, Tensor]) -> str:
    """SHA-256 over the description and over each weight's name, type, shape and bytes."""
    digest = hashlib.sha256(description.encode())
    for name in sorted(weights):
        value = weights[name]
        digest.update(f"\n{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
