# mypy: ignore-errors
# Warp compiles these functions; its annotations are not Python types.
"""Warp kernels that turn vertices into a visibility buffer: smooth normals, projection, and depth-tested triangles.

A head has ten thousand small triangles, so filling them costs a fraction of casting a ray per sample, and the buffer
tells which landmarks are hidden. The same kernels run on CPU and CUDA.
"""

import warp as wp

wp.config.log_level = wp.LOG_ERROR  # before Warp starts: no banner, no line for every compiled module
wp.set_module_options({"enable_backward": False})

EMPTY = 0xFFFFFFFFFFFFFFFF
"""Key of a sample that no triangle covers."""

_DEPTH_STEPS = 1.0e9  # per metre
_TRIANGLE_BITS = 20
_SKIN, _EYE, _TEETH, _TONGUE, _LASH = 0, 1, 2, 3, 4
_TEETH_SETBACK = 0.004  # metres: teeth and tongue yield to lips and cheeks that they would poke through
_EYE_SETBACK = 0.0006
EYE_X = wp.constant(0.0296)
"""Canonical distance of each eyeball from the midline, metres."""


@wp.kernel
def vertex_normals(
    points: wp.array2d(dtype=wp.vec3),
    triangles: wp.array2d(dtype=wp.int32),
    starts: wp.array(dtype=wp.int32),
    around: wp.array(dtype=wp.int32),
    normals: wp.array2d(dtype=wp.vec3),
) -> None:
    """Area-weighted normals ``(H, V)``; ``around[starts[v]:starts[v + 1]]`` are the triangles at vertex v."""
    head, vertex = wp.tid()
    total = wp.vec3(0.0, 0.0, 0.0)
    for place in range(starts[vertex], starts[vertex + 1]):
        triangle = around[place]
        a = points[head, triangles[triangle, 0]]
        b = points[head, triangles[triangle, 1]]
        c = points[head, triangles[triangle, 2]]
        total += wp.cross(b - a, c - a)
    normals[head, vertex] = wp.normalize(total)


@wp.kernel
def project(
    points: wp.array2d(dtype=wp.vec3),
    head_of: wp.array(dtype=wp.int32),
    rotations: wp.array(dtype=wp.mat33),
    cameras: wp.array(dtype=wp.vec4),
    side: float,
    screen: wp.array2d(dtype=wp.vec3),
) -> None:
    """Vertices of every view as (x, y) in samples of its ``side`` × ``side`` buffer and distance in metres."""
    view, vertex = wp.tid()
    camera = cameras[view]  # distance, centre x, centre y, half width of the crop on the plane one metre away
    turned = rotations[view] * points[head_of[view], vertex]
    depth = camera[0] - turned[2]
    scale = 0.5 * side / camera[3]
    screen[view, vertex] = wp.vec3(
        0.5 * side + (turned[0] / depth - camera[1]) * scale,
        0.5 * side - (turned[1] / depth - camera[2]) * scale,
        depth,
    )


@wp.func
def edge(a: wp.vec3, b: wp.vec3, x: float, y: float) -> float:
    """Twice the signed area of the triangle ``a``, ``b``, ``(x, y)``; positive inside a front-facing triangle."""
    return (b[1] - a[1]) * (x - a[0]) - (b[0] - a[0]) * (y - a[1])


@wp.func
def barycentric(a: wp.vec3, b: wp.vec3, c: wp.vec3, x: float, y: float) -> wp.vec3:
    """Weights of three projected vertices at (x, y) of the screen, in perspective: areas over distances."""
    weights = wp.vec3(edge(b, c, x, y) / a[2], edge(c, a, x, y) / b[2], edge(a, b, x, y) / c[2])
    return weights / (weights[0] + weights[1] + weights[2])


@wp.func
def lash_hair(p: wp.vec3, density: float) -> bool:
    """Whether a hair passes through canonical point ``p`` of the sheets of lashes; they thin out towards their tips."""
    x = wp.abs(p[0]) - EYE_X
    outer = wp.max(x, 0.0)
    tip = (wp.length(wp.vec3(x, p[1], p[2])) - 0.0164 - 0.1 * outer) / (0.0045 + 0.1 * outer)
    phase = (x + 0.25 * x * tip) * 1500.0
    reach = density
    if p[1] < -0.0025:
        reach = 0.45 * density  # the lower lashes are short
    return wp.abs(phase - wp.floor(phase) - 0.5) < 0.5 * (reach - tip)


@wp.kernel
def fill(
    screen: wp.array2d(dtype=wp.vec3),
    triangles: wp.array2d(dtype=wp.int32),
    part: wp.array(dtype=wp.int32),
    canonical: wp.array(dtype=wp.vec3),
    lashes: float,
    side: int,
    buffer: wp.array3d(dtype=wp.uint64),
) -> None:
    """Depth and number of the nearest triangle at every sample ``(N, side, side)``."""
    view, triangle = wp.tid()
    a = screen[view, triangles[triangle, 0]]
    b = screen[view, triangles[triangle, 1]]
    c = screen[view, triangles[triangle, 2]]
    area = edge(a, b, c[0], c[1])
    kind = part[triangle]
    if area <= 0.0 and kind != _LASH and kind != _TEETH:
        return
    if wp.abs(area) < 1.0e-9:
        return
    setback = wp.float32(0.0)
    if kind == _TEETH or kind == _TONGUE:  # noqa: SIM109 (Warp has no `in`)
        setback = _TEETH_SETBACK
    elif kind == _EYE:
        setback = _EYE_SETBACK
    left = wp.max(int(wp.ceil(wp.min(a[0], wp.min(b[0], c[0])) - 0.5)), 0)
    right = wp.min(int(wp.floor(wp.max(a[0], wp.max(b[0], c[0])) - 0.5)), side - 1)
    top = wp.max(int(wp.ceil(wp.min(a[1], wp.min(b[1], c[1])) - 0.5)), 0)
    bottom = wp.min(int(wp.floor(wp.max(a[1], wp.max(b[1], c[1])) - 0.5)), side - 1)
    for row in range(top, bottom + 1):
        y = float(row) + 0.5
        for column in range(left, right + 1):
            x = float(column) + 0.5
            alpha = edge(b, c, x, y) / area
            beta = edge(c, a, x, y) / area
            gamma = 1.0 - alpha - beta
            covered = alpha >= 0.0 and beta >= 0.0 and gamma >= 0.0
            if covered and kind == _LASH:
                p = alpha * canonical[triangles[triangle, 0]] + beta * canonical[triangles[triangle, 1]]
                covered = lash_hair(p + gamma * canonical[triangles[triangle, 2]], lashes)
            if covered:
                depth = 1.0 / (alpha / a[2] + beta / b[2] + gamma / c[2]) + setback
                key = (wp.uint64(depth * _DEPTH_STEPS) << wp.uint64(_TRIANGLE_BITS)) | wp.uint64(triangle)
                wp.atomic_min(buffer, view, row, column, key)
