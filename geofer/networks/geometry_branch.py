"""The geometry branch: what the classifier sees of a face's geometry, beside its pixels."""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor

from geofer.errors import DataError
from geofer.faces import MIRRORED_LANDMARKS
from geofer.landmarks.face_mesh import MIRRORED_BLENDSHAPES

Geometry = Literal["none", "landmarks", "blendshapes"]
"""What the geometry branch looks at: nothing, the 68 landmarks, or the 52 blendshapes as MediaPipe names them."""

HELD_AS = {"landmarks": "landmarks", "blendshapes": "blendshapes"}
"""What a batch, or a landmark bank, calls each of them."""

HAVE_BLENDSHAPES = (
    "Rendered faces have blendshapes; pictures do if this version of geofer prepared them with a detector that "
    "tells them, such as retinaface: remove the cache's folder and run `geofer prepare` again"
)

NO_BLENDSHAPES = (
    "The classifier looks at blendshapes (classifier.geometry: blendshapes), and these faces have none. "
    f"{HAVE_BLENDSHAPES}, or train one with classifier.geometry: landmarks."
)


def geometry_of(faces: Mapping[str, Any], geometry: Geometry, prefix: str = "") -> Tensor | None:
    """What the geometry branch sees of some faces.

    Args:
        faces: A batch, or the fields of a landmark bank.
        geometry: What it looks at.
        prefix: ``target_`` takes the targets of a batch of pairs.

    Returns:
        ``(B, 68, 2)`` landmarks or ``(B, 52)`` blendshapes; None if there is no geometry branch.

    Raises:
        DataError: The faces come without blendshapes, and it looks at these.
    """
    if geometry == "none":
        return None
    seen: Tensor | None = faces.get(prefix + HELD_AS[geometry])
    if seen is None:
        raise DataError(NO_BLENDSHAPES)
    return seen


def mirrored(geometry: Tensor) -> Tensor:
    """The geometry of faces whose pictures are flipped left to right: sides change their names, too.

    Args:
        geometry: ``(B, 68, 2)`` landmarks in [-1, 1], or ``(B, 52)`` blendshapes.
    """
    if geometry.ndim == 2:
        return geometry[:, list(MIRRORED_BLENDSHAPES)]
    return geometry[:, list(MIRRORED_LANDMARKS)] * torch.tensor([-1.0, 1.0], device=geometry.device)
