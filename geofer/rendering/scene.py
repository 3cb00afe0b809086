"""Light and background of a picture, or of all pictures of one session."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Lighting:
    """Parameters of `geofer.rendering.shading.Scene`, in plain Python; see there for their meaning."""

    key_from: Vector
    key: Vector
    fill_from: Vector
    fill: Vector
    sky: Vector
    ground: Vector
    wall: Vector
    wall_shade: Vector
    wall_slope: tuple[float, float]
    wall_grain: float
    seed: float


def sample_scene(rng: np.random.Generator) -> Lighting:
    """Draws two lamps, ambient light and a wall, independent of who is shown and how."""
    side = rng.choice([-1, 1])
    warmth = rng.normal(0, 0.08)
    tint = np.array([1 + warmth, 1.0, 1 - warmth])
    key = rng.uniform(0.55, 0.95)
    fill = rng.uniform(0.08, 0.35) * key
    ambient = rng.uniform(0.22, 0.42)
    wall = rng.uniform(0.03, 0.65) * rng.uniform(0.75, 1.0, 3)
    return Lighting(
        key_from=_direction(side * rng.uniform(5, 55), rng.uniform(10, 50)),
        key=_vector(key * tint),
        fill_from=_direction(-side * rng.uniform(25, 70), rng.uniform(-10, 30)),
        fill=_vector(fill * rng.uniform(0.9, 1.1, 3)),
        sky=_vector(ambient * rng.uniform(0.92, 1.08, 3)),
        ground=_vector(ambient * rng.uniform(0.35, 0.8) * rng.uniform(0.9, 1.1, 3)),
        wall=_vector(wall),
        wall_shade=_vector(wall * rng.uniform(0.3, 1.3)),
        wall_slope=(float(rng.normal(0, 0.25)), float(rng.normal(0, 0.3))),
        wall_grain=float(rng.uniform(0.0, 0.25)),
        seed=float(rng.integers(1, 100_000)),
    )


def _direction(azimuth: float, elevation: float) -> Vector:
    """Unit vector towards a lamp: degrees to the picture's right, degrees up, 0, 0 being the camera."""
    a, e = np.radians(azimuth), np.radians(elevation)
    return _vector(np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)]))


def _vector(values: NDArray[np.float64]) -> Vector:
    x, y, z = (float(value) for value in values)
    return x, y, z
