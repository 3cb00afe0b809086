# mypy: ignore-errors
# Warp compiles these functions; its annotations are not Python types.
"""The warp kernel that colors every sample of a scan's visibility buffer and averages the samples of a pixel.

Colors are linear RGB until the last step. A scan's texture and colors hold the light it was captured in, so nothing
is lit anew; only a scan without any is lit, by a lamp at the camera.
"""

import warp as wp

from geofer.rendering.raster_kernels import EMPTY, barycentric

wp.set_module_options({"enable_backward": False})

_AMBIENT = 0.25
"""Share of a plain scan's light that falls from everywhere."""


@wp.func
def texel(texture: wp.array2d(dtype=wp.vec3), u: float, v: float) -> wp.vec3:
    """Color of a texture between its texels; (0, 0) is its bottom left corner, and its edge goes on outside."""
    x = wp.clamp(u, 0.0, 1.0) * float(texture.shape[1]) - 0.5
    y = (1.0 - wp.clamp(v, 0.0, 1.0)) * float(texture.shape[0]) - 0.5
    left = int(wp.floor(x))
    top = int(wp.floor(y))
    s = x - float(left)
    t = y - float(top)
    right = wp.min(left + 1, texture.shape[1] - 1)
    bottom = wp.min(top + 1, texture.shape[0] - 1)
    left = wp.max(left, 0)
    top = wp.max(top, 0)
    above = (1.0 - s) * texture[top, left] + s * texture[top, right]
    below = (1.0 - s) * texture[bottom, left] + s * texture[bottom, right]
    return (1.0 - t) * above + t * below


@wp.kernel
def shade_scan(
    buffer: wp.array3d(dtype=wp.uint64),
    screen: wp.array2d(dtype=wp.vec3),
    rotations: wp.array(dtype=wp.mat33),
    triangles: wp.array2d(dtype=wp.int32),
    texture: wp.array2d(dtype=wp.vec3),
    texture_points: wp.array2d(dtype=wp.vec2),
    colors: wp.array2d(dtype=wp.vec3),
    normals: wp.array2d(dtype=wp.vec3),
    wall: wp.vec3,
    samples: int,
    pictures: wp.array4d(dtype=wp.uint8),
) -> None:
    """Pictures ``(n, size, size, 3)`` from a visibility buffer with ``samples`` × ``samples`` samples a pixel.

    Without texture points the scan has colors; with normals it is lit.
    """
    view, row, column = wp.tid()
    total = wp.vec3(0.0, 0.0, 0.0)
    for sample in range(samples * samples):
        i = row * samples + sample // samples
        j = column * samples + sample % samples
        key = buffer[view, i, j]
        color = wall
        if key != wp.uint64(EMPTY):
            triangle = int(key & wp.uint64(0xFFFFF))
            va = triangles[triangle, 0]
            vb = triangles[triangle, 1]
            vc = triangles[triangle, 2]
            weight = barycentric(screen[view, va], screen[view, vb], screen[view, vc], float(j) + 0.5, float(i) + 0.5)
            if texture_points.shape[0] > 0:
                at = weight[0] * texture_points[triangle, 0] + weight[1] * texture_points[triangle, 1]
                at += weight[2] * texture_points[triangle, 2]
                color = texel(texture, at[0], at[1])
            else:
                color = weight[0] * colors[triangle, 0] + weight[1] * colors[triangle, 1]
                color += weight[2] * colors[triangle, 2]
            if normals.shape[0] > 0:
                n = weight[0] * normals[0, va] + weight[1] * normals[0, vb] + weight[2] * normals[0, vc]
                facing = wp.max((rotations[view] * wp.normalize(n))[2], 0.0)
                color = color * (_AMBIENT + (1.0 - _AMBIENT) * facing)
        total += color
    for channel in range(3):
        value = wp.pow(wp.clamp(total[channel] / float(samples * samples), 0.0, 1.0), 1.0 / 2.2)
        pictures[view, row, column, channel] = wp.uint8(value * 255.0 + 0.5)
