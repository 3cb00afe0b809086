# mypy: ignore-errors
# Warp compiles these functions; its annotations are not Python types.
"""The warp kernel that colours every sample of a visibility buffer and averages the samples of a pixel.

Skin, lips, brows, beard, hair, eyes, teeth and tongue are painted procedurally in canonical coordinates, so they move
with the mesh. Colours are linear RGB until the last step.
"""

import warp as wp

from geofer.rendering.raster import _EYE, _LASH, _TEETH, _TONGUE, EMPTY, EYE_X, edge


@wp.struct
class Look:
    """What one person looks like beyond the shape of the head; colours are linear RGB."""

    skin: wp.vec3
    flush: wp.vec3  # factor on the skin of cheeks, nose and ears
    lips: wp.vec3
    brow: wp.vec3
    hair: wp.vec3
    iris: wp.vec3
    cloth: wp.vec3
    gloss: float  # strength of the skin's highlight
    mottle: float  # strength of pores and patches
    freckles: float
    lip_paint: float  # how much the lips differ from skin
    brow_density: float
    brow_height: float  # metres above the usual place
    brow_width: float  # half thickness in metres
    brow_arch: float  # rise of the outer third in metres
    beard: float  # 0 shaven, 0.3 stubble, 1 full
    hair_length: float  # 0 bald, 1 full cap
    hairline: float  # metres above the usual place
    iris_radius: float  # radians on the eyeball
    pupil: float  # share of the iris
    seed: float


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
def step(low: float, high: float, x: float) -> float:
    """Smooth step from 0 at ``low`` to 1 at ``high``."""
    t = wp.clamp((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


@wp.func
def blob(p: wp.vec3, x: float, y: float, width: float, height: float) -> float:
    """A soft spot on both halves of the face around (``x``, ``y``)."""
    u = (wp.abs(p[0]) - x) / width
    v = (p[1] - y) / height
    return wp.exp(-u * u - v * v)


@wp.func
def noise(p: wp.vec3, frequency: float, seed: float) -> float:
    """Smooth noise in about [-1, 1] with ``frequency`` cycles per metre."""
    return wp.noise(wp.uint32(int(seed)), p * frequency)


@wp.func
def brow_cover(p: wp.vec3, look: Look) -> float:
    """How much brow hair covers canonical point ``p``, in [0, 1]."""
    x = wp.abs(p[0])
    t = (x - 0.0115) / 0.0445
    if t < -0.1 or t > 1.1 or p[1] < 0.002 or p[1] > 0.045:
        return 0.0
    rise = wp.where(t < 0.68, t / 0.68, 1.0 - 1.7 * (t - 0.68) / 0.32)
    centre = 0.0185 + look.brow_height + look.brow_arch * rise
    taper = step(-0.08, 0.12, t) * (1.0 - 0.75 * step(0.35, 1.05, t)) * step(1.1, 0.95, t)
    offset = wp.abs(p[1] - centre) / (look.brow_width * taper + 1.0e-5)
    side = wp.sign(p[0])
    # hairs lean outwards: noise stretched along their direction
    along = x * 0.9 + (p[1] - centre) * wp.where(p[1] < centre, 0.7, -0.5)
    across = (p[1] - centre) - 0.35 * x
    hairs = noise(wp.vec3(along * 250.0, across * 1900.0, side * 3.0), 1.0, look.seed)
    ragged = noise(wp.vec3(x * 900.0, p[1] * 350.0, side * 5.0), 1.0, look.seed + 1.0)
    edge_cover = step(1.25, 0.45, offset + 0.25 * ragged)
    return wp.clamp(edge_cover * look.brow_density * (0.85 + 0.45 * hairs), 0.0, 1.0)


@wp.func
def hair_cover(p: wp.vec3, look: Look) -> float:
    """How much scalp hair covers canonical point ``p``: above a line that falls from forehead to nape."""
    back = -p[2]  # metres behind the eyes
    x = wp.abs(p[0])
    line = 0.068 - 6.0 * wp.max(x - 0.035, 0.0) * wp.max(x - 0.035, 0.0) * 8.0
    line = wp.where(back > 0.02, wp.min(line, 0.052 - 1.6 * (back - 0.02)), line)
    line = wp.where(back > 0.075, wp.max(0.05 - 0.95 * (back - 0.03), -0.075) - 0.06 * step(0.095, 0.11, back), line)
    line = wp.max(line, -0.085)
    ragged = noise(wp.vec3(p[0] * 260.0, p[1] * 60.0, p[2] * 260.0), 1.0, look.seed + 2.0)
    return step(-0.004, 0.006, p[1] - line - look.hairline + 0.004 * ragged) * step(0.02, 0.3, look.hair_length)


@wp.func
def beard_cover(p: wp.vec3, look: Look, lips: float) -> float:
    """How much beard covers canonical point ``p``: upper lip, chin, jaw."""
    x = wp.abs(p[0])
    moustache = blob(p, 0.014, -0.0565, 0.016, 0.006)
    chin = step(-0.076, -0.084, p[1]) * step(0.046, 0.030, x)
    jaw = step(-0.052 + 0.35 * (0.055 - x), -0.072 + 0.35 * (0.055 - x), p[1]) * step(0.030, 0.045, x)
    sideburn = step(0.056, 0.062, x) * step(-0.0, -0.03, p[1]) * step(-0.075, -0.055, p[2])
    corner = blob(p, 0.033, -0.078, 0.008, 0.016)
    area = wp.max(wp.max(moustache * 1.3, chin), wp.max(jaw, wp.max(sideburn, corner)))
    area = area * step(-0.135, -0.115, p[1]) * step(-0.09, -0.07, p[2]) * (1.0 - lips)
    hairs = noise(wp.vec3(p[0] * 1.3, p[1] * 0.6, p[2] * 1.3), 1400.0, look.seed + 3.0)
    return wp.clamp(area * look.beard * (0.9 + 0.7 * hairs), 0.0, 1.0)


@wp.func
def lit(
    albedo: wp.vec3, n: wp.vec3, view: wp.vec3, scene: Scene, openness: float, wrap: float, gloss: float, power: float
) -> wp.vec3:
    """Diffuse and specular light of both lamps, and of sky and ground."""
    reach = 0.35 + 0.65 * openness
    key = wp.dot(n, scene.key_from)
    # light that wraps around the terminator turns red under skin
    soft = wp.max((key + wrap) / (1.0 + wrap), 0.0)
    hard = wp.max(key, 0.0)
    shade = wp.vec3(soft, 0.5 * (soft + hard), 0.35 * soft + 0.65 * hard)
    fill = wp.max((wp.dot(n, scene.fill_from) + wrap) / (1.0 + wrap), 0.0)
    up = 0.5 + 0.5 * n[1]
    light = wp.cw_mul(scene.key, shade) * reach + scene.fill * fill * reach
    light += (scene.sky * up + scene.ground * (1.0 - up)) * openness
    colour = wp.cw_mul(albedo, light)
    half = wp.normalize(scene.key_from + view)
    shine = wp.pow(wp.max(wp.dot(n, half), 0.0), power) * step(-0.1, 0.2, key)
    half_fill = wp.normalize(scene.fill_from + view)
    shine_fill = wp.pow(wp.max(wp.dot(n, half_fill), 0.0), power)
    grazing = 1.0 - wp.max(wp.dot(n, view), 0.0)
    rim = gloss * 0.6 * wp.pow(grazing, 4.0) * openness
    return colour + (scene.key * shine + scene.fill * shine_fill) * gloss * reach + scene.sky * rim


@wp.func
def skin_colour(p: wp.vec3, mask: wp.vec4, look: Look) -> wp.vec3:
    """Albedo of the skin at canonical point ``p`` with its lips, brows, beard and hair."""
    patches = noise(p, 45.0, look.seed + 4.0)
    pores = noise(p, 620.0, look.seed + 5.0)
    albedo = look.skin * (1.0 + look.mottle * (0.5 * patches + 0.5 * pores))
    flush = 0.8 * blob(p, 0.042, -0.028, 0.022, 0.018) + 0.9 * blob(p, 0.0, -0.033, 0.014, 0.010)
    flush += 0.35 * blob(p, 0.0, -0.1, 0.02, 0.012) + 0.8 * step(0.066, 0.078, wp.abs(p[0])) * step(-0.06, -0.08, p[2])
    flush = wp.clamp(flush + 0.25 * patches * flush + 0.5 * mask[1], 0.0, 1.0)
    albedo = wp.cw_mul(albedo, wp.vec3(1.0, 1.0, 1.0) + flush * (look.flush - wp.vec3(1.0, 1.0, 1.0)))
    tired = blob(p, 0.030, -0.014, 0.015, 0.006)
    albedo = albedo * (1.0 - 0.16 * tired)
    if look.freckles > 0.0:
        spots = step(0.32, 0.5, noise(p, 330.0, look.seed + 6.0)) * (
            blob(p, 0.028, -0.026, 0.035, 0.02) + 0.3 * step(0.02, 0.05, p[1])
        )
        albedo = wp.cw_mul(albedo, wp.vec3(1.0, 1.0, 1.0) - look.freckles * spots * wp.vec3(0.35, 0.5, 0.55))
    lips = step(0.25, 0.65, mask[0])
    if lips > 0.0:
        lines = noise(wp.vec3(p[0] * 1500.0, p[1] * 220.0, p[2] * 300.0), 1.0, look.seed + 7.0)
        albedo = albedo + lips * look.lip_paint * (look.lips * (1.0 + 0.14 * lines) - albedo)
    inside = step(0.35, 0.75, mask[2])
    albedo = albedo + inside * (wp.vec3(0.16, 0.035, 0.035) - albedo)
    if look.beard > 0.0 and p[1] < 0.01 and inside < 0.5:
        albedo = albedo + beard_cover(p, look, lips) * 0.9 * (look.hair * 0.8 - albedo)
    brow = brow_cover(p, look) * step(0.0, 0.02, p[2])
    return albedo + brow * (look.brow - albedo)


@wp.func
def hair_colour(p: wp.vec3, look: Look) -> wp.vec3:
    """Albedo of the hair cap: strands run from crown to hairline."""
    angle = wp.atan2(p[0], p[1] - 0.02)
    strands = noise(wp.vec3(angle * 60.0, p[2] * 22.0, p[1] * 18.0), 1.0, look.seed + 8.0)
    fine = noise(wp.vec3(angle * 210.0, p[2] * 45.0, p[1] * 45.0), 1.0, look.seed + 9.0)
    return look.hair * (1.0 + 0.45 * strands + 0.35 * fine)


@wp.func
def eye_colour(p: wp.vec3, look: Look) -> wp.vec3:
    """Albedo of the eyeball: sclera with a red rim, iris with fibres and a dark ring, pupil."""
    side = wp.sign(p[0])
    d = wp.normalize(wp.vec3(p[0] - side * EYE_X, p[1], p[2]))
    angle = wp.acos(wp.clamp(d[2], -1.0, 1.0))
    sclera = wp.vec3(0.66, 0.61, 0.57) - wp.vec3(0.0, 0.16, 0.18) * step(0.55, 1.1, angle)
    r = angle / look.iris_radius
    turn = wp.atan2(d[1], d[0])
    fibres = noise(wp.vec3(wp.cos(turn) * 7.0, wp.sin(turn) * 7.0, r * 1.5 + side), 1.0, look.seed + 10.0)
    iris = look.iris * (0.85 + 0.55 * fibres + 0.5 * step(0.9, look.pupil, r))
    iris = iris * (1.0 - 0.8 * step(0.78, 1.0, r))
    iris = iris * step(look.pupil - 0.06, look.pupil + 0.06, r)
    return sclera + step(1.06, 0.94, r) * (iris - sclera)


@wp.func
def teeth_colour(p: wp.vec3) -> wp.vec3:
    """Albedo of teeth and gums: teeth part at regular steps along the arch."""
    upper = p[1] > -0.0705
    along = wp.atan2(p[0], p[2] + 0.022) * 8.2
    gap = wp.abs(along - wp.floor(along + 0.5))
    ivory = wp.vec3(0.72, 0.66, 0.55) * (1.0 - 0.55 * step(0.05, 0.0, gap))
    root = wp.where(upper, p[1] + 0.0615, -0.0805 - p[1]) + 0.004 * gap
    return ivory + step(-0.0015, 0.0015, root) * (wp.vec3(0.34, 0.10, 0.09) - ivory)


@wp.func
def backdrop(x: float, y: float, scene: Scene) -> wp.vec3:
    """Colour of the wall behind at (x, y) in [-1, 1] of the picture: a soft gradient with some grain."""
    t = wp.clamp(0.5 + scene.wall_slope[0] * x + scene.wall_slope[1] * y, 0.0, 1.0)
    grain = wp.noise(wp.uint32(int(scene.seed)), wp.vec2(2.3 * x + 7.0, 2.3 * y + 3.0))
    return (scene.wall + t * (scene.wall_shade - scene.wall)) * (1.0 + scene.wall_grain * grain)


@wp.kernel
def shade(
    buffer: wp.array3d(dtype=wp.uint64),
    screen: wp.array2d(dtype=wp.vec3),
    normals: wp.array2d(dtype=wp.vec3),
    points: wp.array2d(dtype=wp.vec3),
    head_of: wp.array(dtype=wp.int32),
    rotations: wp.array(dtype=wp.mat33),
    cameras: wp.array(dtype=wp.vec4),
    triangles: wp.array2d(dtype=wp.int32),
    part: wp.array(dtype=wp.int32),
    canonical: wp.array(dtype=wp.vec3),
    masks: wp.array(dtype=wp.vec4),
    look: Look,
    scenes: wp.array(dtype=Scene),
    samples: int,
    pictures: wp.array4d(dtype=wp.uint8),
) -> None:
    """Pictures ``(N, size, size, 3)`` from a visibility buffer with ``samples`` × ``samples`` samples a pixel."""
    view, row, column = wp.tid()
    head = head_of[view]
    scene = scenes[view]
    rotation = rotations[view]
    eye = wp.vec3(0.0, 0.0, cameras[view][0])
    size = float(pictures.shape[1])
    total = wp.vec3(0.0, 0.0, 0.0)
    for k in range(samples * samples):
        i = row * samples + k // samples
        j = column * samples + k % samples
        key = buffer[view, i, j]
        x = float(j) + 0.5
        y = float(i) + 0.5
        if key == wp.uint64(EMPTY):
            total += backdrop(2.0 * x / (size * float(samples)) - 1.0, 2.0 * y / (size * float(samples)) - 1.0, scene)
            continue
        triangle = int(key & wp.uint64(0xFFFFF))
        va = triangles[triangle, 0]
        vb = triangles[triangle, 1]
        vc = triangles[triangle, 2]
        a = screen[view, va]
        b = screen[view, vb]
        c = screen[view, vc]
        area = edge(a, b, c[0], c[1])
        alpha = edge(b, c, x, y) / (area * a[2])
        beta = edge(c, a, x, y) / (area * b[2])
        gamma = edge(a, b, x, y) / (area * c[2])
        weight = 1.0 / (alpha + beta + gamma)
        alpha = alpha * weight
        beta = beta * weight
        gamma = gamma * weight
        p = alpha * canonical[va] + beta * canonical[vb] + gamma * canonical[vc]
        mask = alpha * masks[va] + beta * masks[vb] + gamma * masks[vc]
        n = rotation * wp.normalize(alpha * normals[head, va] + beta * normals[head, vb] + gamma * normals[head, vc])
        at = rotation * (alpha * points[head, va] + beta * points[head, vb] + gamma * points[head, vc])
        view_from = wp.normalize(eye - at)
        kind = part[triangle]
        openness = mask[3]
        if kind == _EYE:
            shadow = 0.35 + 0.65 * openness
            colour = lit(eye_colour(p, look), n, view_from, scene, shadow, 0.15, 0.02, 30.0)
            half = wp.normalize(scene.key_from + view_from)
            glint = step(0.985, 0.995, wp.dot(n, half))
            total += colour + scene.key * glint * 0.8
        elif kind == _TEETH:
            facing = n * wp.where(wp.dot(n, view_from) < 0.0, -1.0, 1.0)
            total += lit(teeth_colour(p), facing, view_from, scene, wp.min(1.0, 0.25 + 2.0 * openness), 0.3, 0.12, 60.0)
        elif kind == _TONGUE:
            total += lit(
                wp.vec3(0.42, 0.13, 0.12), n, view_from, scene, wp.min(1.0, 0.15 + 1.5 * openness), 0.3, 0.08, 40.0
            )
        elif kind == _LASH:
            total += look.brow * 0.12
        else:
            if p[1] < -0.185 - 0.25 * wp.abs(p[0]) + 0.1 * p[2]:
                total += lit(look.cloth, n, view_from, scene, openness, 0.2, 0.0, 10.0)
            else:
                hair = hair_cover(p, look)
                if hair < 1.0:
                    lips = step(0.25, 0.65, mask[0])
                    gloss = look.gloss * (1.0 + 1.2 * lips)
                    skin = lit(
                        skin_colour(p, mask, look), n, view_from, scene, openness, 0.25, gloss, 18.0 + 25.0 * lips
                    )
                    total += skin * (1.0 - hair)
                if hair > 0.0:
                    total += hair * lit(hair_colour(p, look), n, view_from, scene, openness, 0.2, 0.03, 12.0)
    mean = total / float(samples * samples)
    for channel in range(3):
        value = wp.pow(wp.clamp(mean[channel], 0.0, 1.0), 1.0 / 2.2)
        pictures[view, row, column, channel] = wp.uint8(value * 255.0 + 0.5)
