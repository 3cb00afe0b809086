# mypy: ignore-errors
# Warp compiles these functions; its annotations are not Python types.
"""Color of every point of a head: skin, lips, folds, eyes and teeth, painted procedurally.

Everything is painted in canonical coordinates, so it moves with the mesh; colors are linear RGB.
"""

import warp as wp

from geofer.rendering.hair import beard_cover, brow_cover
from geofer.rendering.look import EYE_X, Look, blob, noise, step

Folds = wp.types.vector(length=9, dtype=wp.float32)
"""Strengths of the folds of `geofer.rendering.wrinkles.FOLDS`, in its order."""


@wp.func
def crease(distance: float, width: float) -> float:
    """Depth of a fold at a distance from its line, in [0, 1]."""
    return wp.exp(-distance * distance / (width * width))


@wp.func
def relief(p: wp.vec3, folds: Folds, seed: float) -> float:
    """How far the folds that an expression throws raise (> 0) or lower the skin at canonical point ``p``, in meters."""
    x = wp.abs(p[0])
    y = p[1]
    height = wp.float32(0.0)
    if p[2] < -0.01 or x > 0.075:
        return height
    if y > 0.026 and folds[0] + folds[1] > 0.01:
        # lines across the forehead; those of the inner brows rise towards the midline
        wave = noise(wp.vec3(p[0] * 30.0, 0.0, 0.0), 1.0, seed + 11.0)
        across = wp.max(wp.sin(y * 690.0 + 1.5 * wave), 0.0)
        height -= 0.0006 * folds[0] * across * across * blob(p, 0.0, 0.049, 0.045, 0.017)
        arched = wp.max(wp.sin((y + 0.25 * x) * 690.0 + 1.5 * wave), 0.0)
        height -= 0.0007 * folds[1] * arched * arched * blob(p, 0.0, 0.046, 0.022, 0.014)
    if x < 0.026 and y > -0.03 and y < 0.045 and folds[2] + folds[3] > 0.01:
        # between the brows, across the nose's root, and on its sides
        line = x - 0.0058 - 0.08 * (y - 0.018)
        height -= 0.0013 * folds[2] * crease(line, 0.0017) * blob(p, 0.0, 0.021, 0.03, 0.011)
        height += 0.0008 * folds[2] * blob(p, 0.011, 0.021, 0.005, 0.008)
        height -= 0.0007 * (folds[2] * 0.6 + folds[3]) * crease(y - 0.006 - 0.2 * x, 0.0013) * step(0.012, 0.006, x)
        if y < 0.004:
            side = wp.max(wp.sin((y + 0.5 * x) * 1250.0), 0.0)
            height -= 0.0007 * folds[3] * side * blob(p, 0.007, -0.011, 0.007, 0.010)
    if x > 0.044 and y > -0.022 and y < 0.02 and folds[4] > 0.01:
        # rays from the eye's outer corner
        ray = wp.max(wp.sin(wp.atan2(y + 0.002, x - 0.038) * 12.0 + 1.0), 0.0)
        height -= 0.0006 * folds[4] * ray * blob(p, 0.054, -0.003, 0.007, 0.012)
    if x > 0.012 and x < 0.05 and y > -0.03 and y < -0.004 and folds[6] > 0.01:
        # a pouch below the lower lid, and the furrow under it
        bend = (x - 0.029) / 0.02
        furrow = y + 0.0165 - 0.006 * bend * bend
        ends = step(0.012, 0.02, x) * step(0.048, 0.038, x)
        height += 0.0010 * folds[6] * ends * (crease(furrow - 0.0045, 0.003) - 0.9 * crease(furrow, 0.0018))
    if x > 0.008 and x < 0.05 and y > -0.09 and y < -0.028 and folds[5] > 0.01:
        # from the nose's wing to beside the mouth's corner
        down = wp.clamp((-0.033 - y) / 0.042, 0.0, 1.0)
        line = x - 0.0155 - 0.0185 * wp.pow(down, 0.8)
        ends = step(-0.030, -0.038, y) * step(-0.084, -0.066, y)
        height += 0.0015 * folds[5] * ends * (0.9 * crease(line - 0.0065, 0.006) - crease(line, 0.0026))
    if x < 0.042 and y < -0.068 and y > -0.122 and folds[7] + folds[8] > 0.01:
        # below the mouth's corners, and the chin
        corner = x - 0.0265 - 0.10 * (-0.074 - y)
        ends = step(-0.071, -0.077, y) * step(-0.094, -0.084, y)
        height += 0.0012 * folds[8] * ends * (0.6 * crease(corner - 0.005, 0.004) - crease(corner, 0.002))
        if folds[7] > 0.01 and y < -0.088:
            dimples = wp.max(noise(p, 210.0, seed + 16.0), 0.0)
            height -= 0.0013 * folds[7] * dimples * blob(p, 0.0, -0.105, 0.016, 0.009)
            height -= 0.0012 * folds[7] * crease(y + 0.0935 - 6.0 * x * x, 0.0022) * step(0.022, 0.01, x)
    return height


@wp.func
def creased(n: wp.vec3, p: wp.vec3, height: float, folds: Folds, seed: float) -> wp.vec3:
    """The normal ``n`` in the head frame, bent by the relief, which is ``height`` at canonical point ``p``."""
    if wp.abs(height) < 2.0e-6:
        return n
    reach = 0.0004
    right = (relief(p + wp.vec3(reach, 0.0, 0.0), folds, seed) - height) / reach
    up = (relief(p + wp.vec3(0.0, reach, 0.0), folds, seed) - height) / reach
    slope = wp.vec3(right, up, 0.0)
    return wp.normalize(n - (slope - n * wp.dot(n, slope)))


@wp.func
def lid_line(p: wp.vec3) -> float:
    """How much the roots of the lashes darken canonical point ``p``, and the hollow between eye and brow, in [0, 1]."""
    x = wp.abs(p[0])
    if p[1] > 0.02 or p[1] < -0.012 or x < 0.010 or x > 0.052 or p[2] < 0.0:
        return wp.float32(0.0)
    t = (x - 0.0315) / 0.0135
    ends = step(1.15, 0.9, wp.abs(t))
    upper = crease(p[1] - 0.0030 + 0.0046 * t * t, 0.0013)
    lower = crease(p[1] + 0.0066 - 0.0045 * t * t, 0.0010)
    hollow = 0.30 * blob(p, 0.019, 0.006, 0.008, 0.007) + 0.22 * blob(p, 0.032, 0.009, 0.013, 0.005)
    return wp.min(ends * (0.75 * upper + 0.35 * lower) + hollow, 0.85)


@wp.func
def is_detailed(p: wp.vec3, mask: wp.vec4, over: float) -> bool:
    """Whether paint at canonical point ``p``, ``over`` the hairline, needs every sample: lips, brows, hair's edge."""
    x = wp.abs(p[0])
    brow = p[1] > 0.01 and p[1] < 0.044 and p[2] > 0.0 and x > 0.0065 and x < 0.061
    return mask[0] > 0.02 or mask[2] > 0.02 or (over > -0.02 and over < 0.02) or brow


@wp.func
def skin_color(p: wp.vec3, mask: wp.vec4, height: float, look: Look) -> wp.vec3:
    """Albedo of the skin at canonical point ``p`` with its lips, brows and beard; what lies low is darker."""
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
    if look.moustache + look.chin + look.jaw > 0.0 and p[1] < 0.01 and inside < 0.5:
        albedo = albedo + beard_cover(p, look, lips) * 0.92 * (look.hair * 0.8 - albedo)
    dark = wp.clamp(-height * 550.0, 0.0, 1.0)
    albedo = wp.cw_mul(albedo, wp.vec3(1.0, 1.0, 1.0) - dark * wp.vec3(0.42, 0.52, 0.55))
    albedo = albedo * (1.0 - lid_line(p))
    brow = brow_cover(p, look) * step(0.0, 0.02, p[2])
    return albedo + brow * (look.brow - albedo)


@wp.func
def eye_color(p: wp.vec3, look: Look) -> wp.vec3:
    """Albedo of the eyeball: sclera with a red rim, iris with fibres and a dark ring, pupil."""
    side = wp.sign(p[0])
    d = wp.normalize(wp.vec3(p[0] - side * EYE_X, p[1], p[2]))
    angle = wp.acos(wp.clamp(d[2], -1.0, 1.0))
    sclera = wp.vec3(0.55, 0.50, 0.47) - wp.vec3(0.0, 0.16, 0.18) * step(0.55, 1.1, angle)
    r = angle / look.iris_radius
    turn = wp.atan2(d[1], d[0])
    fibres = noise(wp.vec3(wp.cos(turn) * 7.0, wp.sin(turn) * 7.0, r * 1.5 + side), 1.0, look.seed + 10.0)
    iris = look.iris * (0.85 + 0.55 * fibres + 0.5 * step(0.9, look.pupil, r))
    iris = iris * (1.0 - 0.8 * step(0.78, 1.0, r))
    iris = iris * step(look.pupil - 0.06, look.pupil + 0.06, r)
    return sclera + step(1.06, 0.94, r) * (iris - sclera)


@wp.func
def teeth_color(p: wp.vec3, look: Look) -> wp.vec3:
    """Albedo of teeth and gums: teeth part at regular steps along the arch."""
    upper = p[1] > -0.0705
    along = wp.atan2(p[0], p[2] + 0.022) * 8.2
    gap = wp.abs(along - wp.floor(along + 0.5))
    ivory = wp.vec3(0.84, 0.78, 0.66) * look.ivory * (1.0 - 0.3 * step(0.05, 0.0, gap))
    root = wp.where(upper, p[1] + 0.0615, -0.0805 - p[1]) + 0.004 * gap
    ivory = ivory * (1.0 - 0.85 * step(0.014, 0.027, wp.abs(p[0])))  # the corners of the mouth are dark
    return ivory + step(-0.0015, 0.0015, root) * (wp.vec3(0.34, 0.10, 0.09) - ivory)
