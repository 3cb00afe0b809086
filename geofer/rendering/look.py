# mypy: ignore-errors
# Warp compiles these functions; its annotations are not Python types.
"""What one person looks like, as the kernels see it, and the brushes that all paint is made with."""

import warp as wp

EYE_X = wp.constant(0.0296)
"""Canonical distance of each eyeball from the midline, meters."""


@wp.struct
class Look:
    """What one person looks like beyond the shape of the head; colors are linear RGB."""

    skin: wp.vec3
    flush: wp.vec3  # factor on the skin of cheeks, nose and ears
    lips: wp.vec3
    brow: wp.vec3
    hair: wp.vec3
    iris: wp.vec3
    cloth: wp.vec3
    frame: wp.vec3  # of the glasses
    gloss: float  # strength of the skin's highlight
    mottle: float  # strength of pores and patches
    freckles: float
    lip_paint: float  # how much the lips differ from skin
    brow_density: float
    brow_height: float  # meters above the usual place
    brow_width: float  # half thickness in meters
    brow_arch: float  # rise of the outer third in meters
    moustache: float  # 0 shaven, 0.3 stubble, 1 full; so are the next two
    chin: float
    jaw: float
    hair_density: float  # 0 bald, 0.6 shorn, 1 full
    hair_volume: float  # meters
    hairline: float  # meters above the usual place
    fringe: float  # meters that hair falls into the forehead
    parting: float  # meters to the person's left
    curl: float  # 0 straight, 1 curly
    iris_radius: float  # radians on the eyeball
    pupil: float  # share of the iris
    ivory: float  # brightness of the teeth
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
    """Smooth noise in about [-1, 1] with ``frequency`` cycles per meter."""
    return wp.noise(wp.uint32(int(seed)), p * frequency)
