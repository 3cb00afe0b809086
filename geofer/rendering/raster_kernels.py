# ruff: noqa: SIM109 (Warp has no `in`)
# mypy: ignore-errors
# Warp compiles these functions; its annotations are not Python types.
"""Warp kernels that turn vertices into a visibility buffer: smooth normals, projection, and depth-tested triangles.

A head has ten thousand small triangles, so filling them costs a fraction of casting a ray per sample, and the buffer
tells which landmarks are hidden. The same kernels run on CPU and CUDA.
"""

import warp as wp

from geofer.rendering.hair import in_locks, over_hairline
from geofer.rendering.look import EYE_X, Look, noise, step
from geofer.rendering.parts import EYE, FRAME, HAIR, LASH, TEETH, TONGUE

wp.config.log_level = wp.LOG_ERROR  # before Warp starts: no banner, no line for every compiled module
wp.set_module_options({"enable_backward": False})

EMPTY = 0xFFFFFFFFFFFFFFFF
"""Key of a sample that no triangle covers."""

DEPTH_STEPS = 1.0e9
"""Steps of a key's depth per meter; its lowest bits hold the triangle."""

TRIANGLE_BITS = 20
_TEETH_SETBACK = 0.0055  # meters: teeth and tongue yield to lips and cheeks that they would poke through
_EYE_SETBACK = 0.0006


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
def grow_hair(
    points: wp.array2d(dtype=wp.vec3),
    normals: wp.array2d(dtype=wp.vec3),
    canonical: wp.array(dtype=wp.vec3),
    look: Look,
) -> None:
    """Lifts the scalp of heads ``(H, V)`` by the volume of its hair."""
    head, vertex = wp.tid()
    p = canonical[vertex]
    over = over_hairline(p, look)
    if over > 0.0 and look.hair_density > 0.0:
        thick = 0.5 + 0.5 * wp.max(look.curl, step(0.02, 0.09, p[1]))
        if p[2] > -0.02:
            thick *= 0.25 + 0.75 * step(0.055, 0.085, p[1])  # the fringe is thin
        beside_ear = step(0.055, 0.066, wp.abs(p[0])) * step(-0.035, -0.05, p[2]) * step(-0.15, -0.13, p[2])
        thick *= 1.0 - beside_ear * step(0.075, 0.04, p[1])
        uneven = 1.0 + 0.2 * noise(p, 35.0, look.seed)
        lift = look.hair_volume * thick * uneven * step(0.0, 0.025, over)
        points[head, vertex] = points[head, vertex] + lift * normals[head, vertex]


@wp.kernel
def cast_shadows(
    lit: wp.array2d(dtype=float),
    directions: wp.array2d(dtype=wp.int32),
    weights: wp.array2d(dtype=float),
    shadows: wp.array2d(dtype=float),
) -> None:
    """How much of each view's key lamp reaches each vertex ``(N, V)``: a few rows of ``lit`` ``(D, V)``, blended."""
    view, vertex = wp.tid()
    total = wp.float32(0.0)
    for place in range(directions.shape[1]):
        total += weights[view, place] * lit[directions[view, place], vertex]
    shadows[view, vertex] = total


@wp.kernel
def project(
    points: wp.array2d(dtype=wp.vec3),
    head_of: wp.array(dtype=wp.int32),
    rotations: wp.array(dtype=wp.mat33),
    cameras: wp.array(dtype=wp.vec4),
    side: float,
    screen: wp.array2d(dtype=wp.vec3),
) -> None:
    """Vertices of every view as (x, y) in samples of its ``side`` × ``side`` buffer and distance in meters."""
    view, vertex = wp.tid()
    camera = cameras[view]  # distance, center x, center y, half width of the crop on the plane one meter away
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
    sparse = kind == LASH or kind == HAIR
    seen_from_behind = sparse or kind == TEETH or kind == FRAME
    if area <= 0.0 and not seen_from_behind:
        return
    if wp.abs(area) < 1.0e-9:
        return
    setback = wp.float32(0.0)
    if kind == TEETH or kind == TONGUE:
        setback = _TEETH_SETBACK
    elif kind == EYE:
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
            if covered and sparse:
                p = alpha * canonical[triangles[triangle, 0]] + beta * canonical[triangles[triangle, 1]]
                p += gamma * canonical[triangles[triangle, 2]]
                covered = (kind == LASH and lash_hair(p, lashes)) or (kind == HAIR and in_locks(p))
            if covered:
                depth = 1.0 / (alpha / a[2] + beta / b[2] + gamma / c[2]) + setback
                key = (wp.uint64(depth * DEPTH_STEPS) << wp.uint64(TRIANGLE_BITS)) | wp.uint64(triangle)
                wp.atomic_min(buffer, view, row, column, key)
