# mypy: disable-error-code="untyped-decorator, valid-type, operator, arg-type"
"""How much light reaches each vertex of a mesh from all around: ambient occlusion, computed once."""

import numpy as np
import warp as wp
from numpy.typing import NDArray

wp.config.log_level = wp.LOG_ERROR  # before Warp starts: no banner, no line for every compiled module

_RAYS = 128
_REACH = 0.06  # metres: farther surfaces do not darken


def vertex_openness(vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> NDArray[np.float32]:
    """Share of the hemisphere over each vertex that nothing blocks, weighted by the cosine.

    Args:
        vertices: ``(V, 3)`` in metres.
        triangles: ``(F, 3)``.

    Returns:
        ``(V,)`` in [0, 1]; 1 for vertices of no triangle.
    """
    corners = vertices[triangles]
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], face)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    mesh = wp.Mesh(
        points=wp.array(vertices, dtype=wp.vec3, device="cpu"),
        indices=wp.array(triangles.reshape(-1), dtype=wp.int32, device="cpu"),
    )
    openness = wp.zeros(len(vertices), dtype=wp.float32, device="cpu")
    wp.launch(
        _openness,
        dim=len(vertices),
        inputs=[
            mesh.id,
            wp.array(vertices, dtype=wp.vec3, device="cpu"),
            wp.array(normals, dtype=wp.vec3, device="cpu"),
            openness,
        ],
        device="cpu",
    )
    return np.asarray(openness.numpy())


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
