# mypy: disable-error-code="untyped-decorator, valid-type, operator, arg-type, misc"
"""How much light reaches each vertex of a mesh, computed once: from all around, and from a lamp in each direction."""

from typing import NamedTuple

import numpy as np
import warp as wp
from numpy.typing import NDArray

wp.config.log_level = wp.LOG_ERROR  # before Warp starts: no banner, no line for every compiled module

_RAYS = 128
_REACH = 0.06  # meters: farther surfaces do not darken
_LAMP_RAYS = 12
_LAMP_REACH = 0.12
_LAMP_SIZE = 0.16  # radius of a lamp over its distance: its shadows are soft
_DIRECTIONS = 128
_NEIGHBORS = 6
_SHARPNESS = 24.0  # of the blend between neighboring directions, which are about 18 degrees apart


class Light(NamedTuple):
    """What reaches the V vertices of a mesh.

    Attributes:
        openness: ``(V,)`` in [0, 1], share of the hemisphere over each vertex that nothing blocks, weighted by the
            cosine: ambient occlusion. 1 for vertices of no triangle.
        lit: ``(V, D)`` in [0, 1], share of a lamp in each of `directions` that no other surface blocks. A vertex that
            faces away from the lamp counts as lit: that is for the shading to say.
    """

    openness: NDArray[np.float32]
    lit: NDArray[np.float32]


def directions() -> NDArray[np.float32]:
    """Unit vectors ``(D, 3)`` spread evenly over the sphere, on a Fibonacci spiral."""
    number = np.arange(_DIRECTIONS) + 0.5
    height = 1 - 2 * number / _DIRECTIONS
    turn = np.pi * (1 + 5**0.5) * number
    radius = np.sqrt(1 - height * height)
    return np.stack((radius * np.cos(turn), height, radius * np.sin(turn)), axis=1).astype(np.float32)


def nearest_directions(lamps: NDArray[np.float32]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Which of `directions` stand for a lamp, and how much each counts.

    Args:
        lamps: ``(n, 3)`` unit vectors.

    Returns:
        Numbers of the nearest directions ``(n, 6)`` and their weights ``(n, 6)``, whose rows sum to 1.
    """
    cosines = np.einsum("nc,dc->nd", lamps.astype(np.float64), directions())
    near = np.argsort(-cosines, axis=1, kind="stable")[:, :_NEIGHBORS]
    weights = np.exp(_SHARPNESS * np.take_along_axis(cosines, near, axis=1))
    return near.astype(np.int32), np.asarray(weights / weights.sum(1, keepdims=True), np.float32)


def vertex_light(vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> Light:
    """Traces rays from every vertex.

    Args:
        vertices: ``(V, 3)`` in meters.
        triangles: ``(F, 3)``.
    """
    corners = vertices[triangles]
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], face)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    points = wp.array(vertices, dtype=wp.vec3, device="cpu")
    mesh = wp.Mesh(points=points, indices=wp.array(triangles.reshape(-1), dtype=wp.int32, device="cpu"))
    upright = wp.array(normals, dtype=wp.vec3, device="cpu")
    openness = wp.zeros(len(vertices), dtype=wp.float32, device="cpu")
    wp.launch(_openness, dim=len(vertices), inputs=[mesh.id, points, upright, openness], device="cpu")
    lit = wp.zeros((len(vertices), _DIRECTIONS), dtype=wp.float32, device="cpu")
    lamps = wp.array(directions(), dtype=wp.vec3, device="cpu")
    wp.launch(_lit, dim=(len(vertices), _DIRECTIONS), inputs=[mesh.id, points, upright, lamps, lit], device="cpu")
    return Light(np.asarray(openness.numpy()), np.asarray(lit.numpy()))


@wp.kernel
def _openness(
    mesh: wp.uint64, points: wp.array(dtype=wp.vec3), normals: wp.array(dtype=wp.vec3), out: wp.array(dtype=wp.float32)
) -> None:
    vertex = wp.tid()
    normal = normals[vertex]
    origin = points[vertex] + 5.0e-4 * normal
    state = wp.rand_init(7, vertex)
    free = wp.float32(0.0)
    for _ in range(_RAYS):
        # cosine-weighted: a point of the unit sphere, moved by the normal
        direction = wp.normalize(normal + 0.999 * wp.sample_unit_sphere_surface(state))
        hit = wp.mesh_query_ray(mesh, origin, direction, _REACH)
        if hit.result:
            free += hit.t / _REACH * hit.t / _REACH
        else:
            free += 1.0
    out[vertex] = free / float(_RAYS)


@wp.kernel
def _lit(
    mesh: wp.uint64,
    points: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    lamps: wp.array(dtype=wp.vec3),
    out: wp.array2d(dtype=wp.float32),
) -> None:
    vertex, lamp = wp.tid()
    origin = points[vertex] + 1.0e-3 * normals[vertex]
    state = wp.rand_init(11, vertex * _DIRECTIONS + lamp)
    free = wp.float32(0.0)
    for _ in range(_LAMP_RAYS):
        direction = wp.normalize(lamps[lamp] + _LAMP_SIZE * wp.sample_unit_sphere(state))
        facing = wp.dot(direction, normals[vertex])
        hit = wp.mesh_query_ray(mesh, origin, direction, _LAMP_REACH)
        if facing < 0.05 or not hit.result:
            free += 1.0
    out[vertex, lamp] = free / float(_LAMP_RAYS)
