# mypy: ignore-errors
# Warp compiles these functions; its annotations are not Python types.
"""Color of every point of a head: skin, lips, wrinkles, eyes and teeth, painted procedurally.

Everything is painted in canonical coordinates, so it moves with the mesh; colors are linear RGB.
"""

import warp as wp

from geofer.rendering.hair import beard_cover, brow_cover
from geofer.rendering.look import EYE_X, Look, blob, noise, step


@wp.func
def crease(distance: float, width: float) -> float:
    """Darkness of a fold at a distance from its line, in [0, 1]."""
    return wp.exp(-distance * distance / (width * width))


@wp.func
def wrinkles(p: wp.vec3, folds: wp.vec4, seed: float) -> float:
    """How dark the folds of skin are that the face's blendshapes throw at canonical point ``p``, in [0, 1].

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
def is_detailed(p: wp.vec3, mask: wp.vec4, over: float) -> bool:
    """Whether paint at canonical point ``p``, ``over`` the hairline, needs every sample: lips, brows, hair's edge."""
    brow = p[1] > 0.01 and p[1] < 0.044 and p[2] > 0.0
    return mask[0] > 0.02 or mask[2] > 0.02 or (over > -0.02 and over < 0.02) or brow


@wp.func
def skin_color(p: wp.vec3, mask: wp.vec4, folds: wp.vec4, look: Look) -> wp.vec3:
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
    if look.moustache + look.chin + look.jaw > 0.0 and p[1] < 0.01 and inside < 0.5:
        albedo = albedo + beard_cover(p, look, lips) * 0.92 * (look.hair * 0.8 - albedo)
    dark = wrinkles(p, folds, look.seed)
    albedo = wp.cw_mul(albedo, wp.vec3(1.0, 1.0, 1.0) - wp.min(dark, 1.0) * wp.vec3(0.42, 0.52, 0.55))
    brow = brow_cover(p, look) * step(0.0, 0.02, p[2])
    return albedo + brow * (look.brow - albedo)


@wp.func
def eye_color(p: wp.vec3, look: Look) -> wp.vec3:
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
def teeth_color(p: wp.vec3, look: Look) -> wp.vec3:
    """Albedo of teeth and gums: teeth part at regular steps along the arch."""
    upper = p[1] > -0.0705
    along = wp.atan2(p[0], p[2] + 0.022) * 8.2
    gap = wp.abs(along - wp.floor(along + 0.5))
    ivory = wp.vec3(0.84, 0.78, 0.66) * look.ivory * (1.0 - 0.3 * step(0.05, 0.0, gap))
    root = wp.where(upper, p[1] + 0.0615, -0.0805 - p[1]) + 0.004 * gap
    ivory = ivory * (1.0 - 0.85 * step(0.014, 0.027, wp.abs(p[0])))  # the corners of the mouth are dark
    return ivory + step(-0.0015, 0.0015, root) * (wp.vec3(0.34, 0.10, 0.09) - ivory)
