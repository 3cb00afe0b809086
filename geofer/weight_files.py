"""Weights in one safetensors file, under a checksum, with a text that describes them; and those bundled with geofer.

The checksum covers everything in the file, since safetensors itself loads a file with flipped bits in silence.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from geofer.errors import CheckpointError

LONGEST = 4_000_000
"""Bytes of a file's header, and letters of a description; a network of 3,000 weights has a header of 400,000."""

HEADER, CHECKSUM = "geofer", "geofer_sha256"
"""Names of the description and of the checksum in the file's metadata."""

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


def packed(weights: Mapping[str, Tensor], description: str) -> bytes:
    """The bytes of such a file.

    Args:
        weights: By name, on the CPU and contiguous.
        description: What they are.
    """
    from safetensors.torch import save

    return save(dict(weights), {HEADER: description, CHECKSUM: checksum(description, weights)})


def unpacked(path: Path) -> tuple[dict[str, Tensor], str]:
    """The weights and the description of such a file, once the checksum is verified.

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
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dictionary
    except SafetensorError as error:
        raise CheckpointError(f"it is damaged or no safetensors file ({error})") from error
    if HEADER not in metadata or CHECKSUM not in metadata:
        raise CheckpointError("it has weights, but no description by geofer; `geofer export` writes one")
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
