# mypy: ignore-errors
# Warp compiles these functions; its annotations are not Python types.
"""Where hair grows and what color it has: brows, scalp, beard, and the locks that hang beside the face."""

import warp as wp

from geofer.rendering.look import Look, noise, step


@wp.func
def brow_cover(p: wp.vec3, look: Look) -> float:
    """How much brow hair covers canonical point ``p``, in [0, 1]."""
    x = wp.abs(p[0])
    t = (x - 0.0115) / 0.0445
    if t < -0.1 or t > 1.1 or p[1] < 0.002 or p[1] > 0.048:
        return wp.float32(0.0)
    rise = wp.where(t < 0.68, t / 0.68, 1.0 - 1.7 * (t - 0.68) / 0.32)
    center = 0.0212 + look.brow_height + look.brow_arch * rise
    taper = step(-0.08, 0.12, t) * (1.0 - 0.75 * step(0.35, 1.05, t)) * step(1.1, 0.95, t)
    offset = wp.abs(p[1] - center) / (look.brow_width * taper + 1.0e-5)
    side = wp.sign(p[0])
    # hairs lean outwards: noise stretched along their direction
    along = x * 0.9 + (p[1] - center) * wp.where(p[1] < center, 0.7, -0.5)
    across = (p[1] - center) - 0.35 * x
    hairs = noise(wp.vec3(along * 250.0, across * 1900.0, side * 3.0), 1.0, look.seed)
    ragged = noise(wp.vec3(x * 900.0, p[1] * 350.0, side * 5.0), 1.0, look.seed + 1.0)
    edge_cover = step(1.25, 0.45, offset + 0.25 * ragged)
    return wp.clamp(edge_cover * look.brow_density * (0.85 + 0.45 * hairs), 0.0, 1.0)


@wp.func
def fringe_depth(p: wp.vec3, look: Look) -> float:
    """Meters that the fringe hangs into the forehead at canonical point ``p``; it opens at the parting."""
    if look.fringe == 0.0 or p[1] < 0.02 or p[1] > 0.09 or p[2] < -0.03:
        return wp.float32(0.0)
    open = step(0.0, 0.03, wp.abs(p[0] - look.parting))
    locks = noise(wp.vec3(p[0] * 120.0, 0.5, 0.5), 1.0, look.seed + 12.0)
    return look.fringe * open * (1.0 + 0.22 * locks)


@wp.func
def over_hairline(p: wp.vec3, look: Look) -> float:
    """Meters above the line where scalp hair begins: it falls from the forehead in front of the ears to the nape."""
    back = -p[2]
    side = wp.max(wp.abs(p[0]) - 0.035, 0.0)
    line = 0.068 - 48.0 * side * side - fringe_depth(p, look)
    line = wp.where(back > 0.02, wp.min(line, 0.052 - 1.6 * (back - 0.02)), line)
    line = wp.where(back > 0.075, 0.007 - 0.95 * (back - 0.075) - 0.06 * step(0.095, 0.11, back), line)
    beside = wp.abs(p[0]) - 0.008 * step(0.01, 0.022, p[1])
    ear = step(0.069, 0.073, beside) * step(0.115, 0.105, back) * step(0.044, 0.037, p[1])
    return p[1] - wp.max(line, -0.085) - look.hairline - 0.2 * ear


@wp.func
def hair_cover(p: wp.vec3, over: float, look: Look) -> float:
    """How much scalp hair covers canonical point ``p``, which lies ``over`` the hairline, in [0, 1]."""
    if over < -0.009 or look.hair_density == 0.0:
        return wp.float32(0.0)
    cover = wp.float32(1.0)
    if over < 0.011:
        ragged = noise(wp.vec3(p[0] * 260.0, p[1] * 60.0, p[2] * 260.0), 1.0, look.seed + 2.0)
        cover = step(-0.004, 0.006, over + 0.004 * ragged)
    if look.hair_density < 1.0:
        stubble = noise(p, 900.0, look.seed + 2.0)
        cover = cover * wp.clamp(look.hair_density * (1.0 + 0.25 * stubble), 0.0, 1.0)
    return cover


@wp.func
def hair_shadow(over: float, look: Look) -> float:
    """How much light voluminous hair leaves to skin ``over`` the hairline, and just below it, in [0, 1]."""
    deep = wp.min(look.hair_volume * 40.0, 0.5) * look.hair_density
    return 1.0 - deep * step(-0.012, 0.0, over)


@wp.func
def beard_cover(p: wp.vec3, look: Look, lips: float) -> float:
    """How much beard covers canonical point ``p``: moustache, chin, and jaw up to the ears."""
    x = wp.abs(p[0])
    cheek = -0.082 + 0.056 * wp.clamp((x - 0.018) / 0.045, 0.0, 1.2)
    below = step(0.012, -0.012, p[1] - cheek) * step(-0.137, -0.117, p[1]) * step(-0.085, -0.065, p[2])
    middle = step(0.032, 0.022, x)
    beard = below * (middle * look.chin + (1.0 - middle) * look.jaw)
    over_lip = step(0.038, 0.024, x) * step(-0.0475 - 0.45 * x, -0.0525 - 0.45 * x, p[1]) * step(-0.086, -0.078, p[1])
    beard = wp.max(beard, over_lip * look.moustache) * (1.0 - lips)
    if beard < 0.01:
        return wp.float32(0.0)
    # long hairs hang, stubble stands: noise along them is slower in full beards
    hairs = noise(wp.vec3(p[0] * 1.2, p[1] * (0.6 - 0.4 * beard), p[2] * 1.2), 1300.0, look.seed + 3.0)
    clumps = noise(wp.vec3(p[0], 0.4 * p[1], p[2]), 380.0, look.seed + 13.0)
    return wp.clamp(beard * (0.95 + 0.5 * hairs + 0.25 * clumps), 0.0, 1.0)


@wp.func
def strands(across: float, along: float, p: wp.vec3, look: Look) -> wp.vec3:
    """Albedo of hair whose strands run along one coordinate; curls break them up."""
    coarse = noise(wp.vec3(across * 60.0, along * 20.0, 0.5), 1.0, look.seed + 8.0)
    fine = noise(wp.vec3(across * 210.0, along * 45.0, 0.5), 1.0, look.seed + 9.0)
    straight = 0.45 * coarse + 0.35 * fine
    if look.curl > 0.0:
        tufts = noise(p, 170.0, look.seed + 14.0) + 0.5 * noise(p, 420.0, look.seed + 15.0)
        straight = straight + look.curl * (0.6 * tufts - straight)
    return look.hair * wp.max(1.0 + straight, 0.15)


@wp.func
def hair_color(p: wp.vec3, look: Look) -> wp.vec3:
    """Albedo of the scalp's hair: strands run from parting to hairline."""
    return strands(wp.atan2(p[0] - 0.5 * look.parting, p[1] - 0.02), p[2], p, look)


@wp.func
def lock_color(p: wp.vec3, look: Look) -> wp.vec3:
    """Albedo of the locks beside the face at ``p`` (across, down, -)."""
    return strands(2.2 * p[0], 0.2 * p[1], wp.vec3(0.18 * p[0], 0.2 * p[1], 0.5), look)


@wp.func
def in_locks(p: wp.vec3) -> bool:
    """Whether hair is at ``p`` (across, down, -) of the sheet of locks: its ends and its edges are uneven."""
    ends = 1.0 - 0.12 * wp.abs(noise(wp.vec3(55.0 * p[0], 0.5, 0.5), 1.0, 1.0))
    edge = 1.0 - 0.05 * wp.abs(noise(wp.vec3(0.5, 9.0 * p[1], 0.5), 1.0, 2.0))
    return p[1] < ends and wp.abs(p[0]) < edge
