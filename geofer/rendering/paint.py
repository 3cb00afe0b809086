# mypy: ignore-errors
# Warp compiles these functions; its annotations are not Python types.
"""Colour of every point of a head: skin, lips, brows, beard, hair, wrinkles, eyes and teeth, painted procedurally.

Everything is painted in canonical coordinates, so it moves with the mesh; colours are linear RGB.
"""

import warp as wp

from geofer.rendering.raster import EYE_X


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
    if t < -0.1 or t > 1.1 or p[1] < 0.002 or p[1] > 0.048:
        return wp.float32(0.0)
    rise = wp.where(t < 0.68, t / 0.68, 1.0 - 1.7 * (t - 0.68) / 0.32)
    centre = 0.0212 + look.brow_height + look.brow_arch * rise
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
def over_hairline(p: wp.vec3, look: Look) -> float:
    """Metres above the line where scalp hair begins: it falls from the forehead in front of the ears to the nape."""
    back = -p[2]
    side = wp.max(wp.abs(p[0]) - 0.035, 0.0)
    line = 0.068 - 48.0 * side * side
    line = wp.where(back > 0.02, wp.min(line, 0.052 - 1.6 * (back - 0.02)), line)
    line = wp.where(back > 0.075, 0.007 - 0.95 * (back - 0.075) - 0.06 * step(0.095, 0.11, back), line)
    ear = step(0.069, 0.074, wp.abs(p[0])) * step(0.115, 0.105, back) * step(0.03, 0.02, p[1])
    return p[1] - wp.max(line, -0.085) - look.hairline - 0.2 * ear


@wp.func
def hair_cover(p: wp.vec3, look: Look) -> float:
    """How much scalp hair covers canonical point ``p``, in [0, 1]."""
    over = over_hairline(p, look)
    if over < -0.009 or look.hair_length == 0.0:
        return wp.float32(0.0)
    if over > 0.011:
        return wp.float32(1.0)
    ragged = noise(wp.vec3(p[0] * 260.0, p[1] * 60.0, p[2] * 260.0), 1.0, look.seed + 2.0)
    return step(-0.004, 0.006, over + 0.004 * ragged)


@wp.func
def beard_cover(p: wp.vec3, look: Look, lips: float) -> float:
    """How much beard covers canonical point ``p``: moustache, chin and jaw up to the ears."""
    x = wp.abs(p[0])
    cheek = -0.082 + 0.056 * wp.clamp((x - 0.018) / 0.045, 0.0, 1.2)
    jaw = step(0.012, -0.012, p[1] - cheek) * step(-0.137, -0.117, p[1]) * step(-0.085, -0.065, p[2])
    moustache = step(0.038, 0.024, x) * step(-0.0475 - 0.45 * x, -0.0525 - 0.45 * x, p[1]) * step(-0.086, -0.078, p[1])
    area = wp.max(jaw, moustache) * (1.0 - lips)
    if area < 0.01:
        return wp.float32(0.0)
    hairs = noise(wp.vec3(p[0] * 1.3, p[1] * 0.6, p[2] * 1.3), 1400.0, look.seed + 3.0)
    return wp.clamp(area * look.beard * (0.9 + 0.7 * hairs), 0.0, 1.0)


@wp.func
def crease(distance: float, width: float) -> float:
    """Darkness of a fold at a distance from its line, in [0, 1]."""
    return wp.exp(-distance * distance / (width * width))


@wp.func
def wrinkles(p: wp.vec3, folds: wp.vec4, seed: float) -> float:
    """How dark the folds of skin are that the face's actions throw at canonical point ``p``, in [0, 1].

    ``folds`` holds the strengths of forehead lines, frown lines, lines across the nose's root and crow's feet.
    """
    x = wp.abs(p[0])
    dark = wp.float32(0.0)
    if p[1] > 0.028 and folds[0] > 0.01:
        wave = wp.sin(p[1] * 690.0 + 1.5 * noise(wp.vec3(p[0] * 30.0, 0.0, 0.0), 1.0, seed + 11.0))
        dark += folds[0] * wp.max(wave, 0.0) * wp.max(wave, 0.0) * blob(p, 0.0, 0.049, 0.04, 0.017)
    if x < 0.02 and p[1] > -0.01 and p[1] < 0.045:
        dark += folds[1] * crease(x - 0.0055 - 0.06 * (p[1] - 0.018), 0.0016) * blob(p, 0.0, 0.02, 0.03, 0.012)
        across = wp.sin(p[1] * 1100.0)
        dark += folds[2] * wp.max(across, 0.0) * blob(p, 0.003, 0.0015, 0.010, 0.006)
    if x > 0.045 and x < 0.066 and folds[3] > 0.01:
        ray = wp.sin(wp.atan2(p[1] + 0.002, x - 0.040) * 11.0 + 1.0)
        dark += folds[3] * wp.max(ray, 0.0) * blob(p, 0.053, -0.002, 0.006, 0.012)
    return dark


@wp.func
def is_detailed(p: wp.vec3, mask: wp.vec4, look: Look) -> bool:
    """Whether fine paint around canonical point ``p`` needs every sample of a pixel: edges of lips, brows, hair."""
    over = over_hairline(p, look)
    brow = p[1] > 0.01 and p[1] < 0.044 and p[2] > 0.0
    return mask[0] > 0.02 or mask[2] > 0.02 or (over > -0.02 and over < 0.02) or brow


@wp.func
def skin_colour(p: wp.vec3, mask: wp.vec4, folds: wp.vec4, look: Look) -> wp.vec3:
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
    dark = wrinkles(p, folds, look.seed)
    albedo = wp.cw_mul(albedo, wp.vec3(1.0, 1.0, 1.0) - wp.min(dark, 1.0) * wp.vec3(0.42, 0.52, 0.55))
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
    ivory = ivory * (1.0 - 0.85 * step(0.012, 0.027, wp.abs(p[0])))  # the corners of the mouth are dark
    return ivory + step(-0.0015, 0.0015, root) * (wp.vec3(0.34, 0.10, 0.09) - ivory)
