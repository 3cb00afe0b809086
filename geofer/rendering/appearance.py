"""What a person looks like beyond the head's shape: colours of skin, lips, eyes and hair, brows, beard."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
"""Linear RGB."""

_SKIN = {
    "african": (np.array([0.13, 0.058, 0.032]), np.array([0.34, 0.17, 0.095])),
    "asian": (np.array([0.46, 0.25, 0.15]), np.array([0.66, 0.41, 0.28])),
    "caucasian": (np.array([0.50, 0.28, 0.19]), np.array([0.70, 0.44, 0.345])),
}
"""Darkest and lightest skin of each ancestry."""

_DARK_HAIR = np.array([0.012, 0.008, 0.006])
_HAIR = np.array(
    [[0.012, 0.008, 0.006], [0.045, 0.022, 0.011], [0.11, 0.055, 0.024], [0.30, 0.18, 0.075], [0.20, 0.055, 0.015]]
)
_GREY = np.array([0.32, 0.32, 0.32])
_DARK_IRIS = np.array([0.055, 0.024, 0.011])
_IRIS = np.array(
    [[0.10, 0.045, 0.018], [0.13, 0.10, 0.035], [0.07, 0.13, 0.075], [0.09, 0.16, 0.25], [0.16, 0.20, 0.23]]
)


@dataclass(frozen=True)
class Appearance:
    """Parameters of `geofer.rendering.paint.Look`, in plain Python; see there for their meaning."""

    skin: Colour
    flush: Colour
    lips: Colour
    brow: Colour
    hair: Colour
    iris: Colour
    cloth: Colour
    gloss: float
    mottle: float
    freckles: float
    lip_paint: float
    brow_density: float
    brow_height: float
    brow_width: float
    brow_arch: float
    beard: float
    hair_length: float
    hairline: float
    iris_radius: float
    pupil: float
    lashes: float
    seed: float


def sample_appearance(phenotypes: Mapping[str, float], rng: np.random.Generator) -> Appearance:
    """Draws an appearance that fits a person's ancestry, gender and age.

    Args:
        phenotypes: Phenotype parameters in [0, 1], as Anny names them (gender 0 is male, 1 is female).
        rng: Source of chance.
    """
    male = phenotypes.get("gender", 0.5) < 0.5
    years = phenotypes.get("age", 0.67)  # 0.67 is 25 years, 1 is 90
    share = np.array([phenotypes.get(name, 1 / 3) for name in _SKIN])
    share = share / max(share.sum(), 1e-9)
    lightness = rng.beta(2, 2)
    skin = np.zeros(3)
    for part, (dark, light) in zip(share, _SKIN.values(), strict=True):
        skin += part * np.exp(np.log(dark) + lightness * (np.log(light) - np.log(dark)))
    fair = float(np.clip(share[2] * 1.6 - 0.5, 0, 1))
    hair = _blend(_DARK_HAIR, _HAIR, fair, rng)
    grey = float(np.clip((years - 0.8) / 0.2 + rng.normal(0, 0.25), 0, 1))
    hair = hair + grey * (_GREY - hair)
    iris = _blend(_DARK_IRIS, _IRIS, fair, rng)
    makeup = 0.0 if male else float(rng.beta(1, 2))
    red = np.array([0.42, 0.06, 0.07]) * rng.uniform(0.7, 1.3, 3)
    lips = skin * np.array([0.88, 0.56, 0.58]) * rng.uniform(0.85, 1.05)
    lips = lips + 0.7 * makeup * (red * (0.4 + skin[0]) - lips)
    beard = 0.0
    if male:
        beard = float(
            rng.choice([rng.uniform(0, 0.12), rng.uniform(0.2, 0.45), rng.uniform(0.6, 0.95)], p=[0.55, 0.28, 0.17])
        )
    bald = male and rng.random() < 0.1 + 0.35 * max(years - 0.67, 0) / 0.33
    brow_shade = hair * rng.uniform(0.5, 0.9)
    return Appearance(
        skin=_colour(skin),
        flush=_colour(1 - np.array([0.04, 0.26, 0.24]) * rng.uniform(0.3, 1.0) * (0.4 + 0.6 * skin[0] / 0.7)),
        lips=_colour(lips),
        brow=_colour(brow_shade),
        hair=_colour(hair),
        iris=_colour(iris),
        cloth=_colour(rng.uniform(0.02, 0.5) * rng.uniform(0.3, 1.0, 3)),
        gloss=float(rng.uniform(0.04, 0.13)),
        mottle=float(rng.uniform(0.05, 0.13)),
        freckles=float(fair * rng.beta(1, 4)),
        lip_paint=float(rng.uniform(0.75, 0.95)),
        brow_density=float(rng.uniform(0.65, 0.95)),
        brow_height=float(rng.normal(0, 0.0008)),
        brow_width=float(np.clip(rng.normal(0.0038 if male else 0.0030, 0.0005), 0.0020, 0.0050)),
        brow_arch=float(np.clip(rng.normal(0.0035 if male else 0.0050, 0.0015), 0.0005, 0.0075)),
        beard=beard,
        hair_length=0.0 if bald else 1.0,
        hairline=float(rng.normal(0.0, 0.004) + (0.012 * max(years - 0.67, 0) / 0.33 if male else 0.0)),
        iris_radius=float(rng.uniform(0.38, 0.42)),
        pupil=float(rng.uniform(0.30, 0.46)),
        lashes=float(rng.uniform(0.5, 0.8) if male else rng.uniform(0.8, 1.15)),
        seed=float(rng.integers(1, 100_000)),
    )


def _blend(
    dark: NDArray[np.float64], palette: NDArray[np.float64], fair: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Dark, or with probability ``fair`` a random mixture of the palette."""
    mixture: NDArray[np.float64] = rng.dirichlet(np.full(len(palette), 0.35)) @ palette
    return mixture * rng.uniform(0.8, 1.2) if rng.random() < fair else dark * rng.uniform(0.7, 1.8)


def _colour(values: NDArray[np.float64]) -> Colour:
    red, green, blue = (float(value) for value in np.clip(values, 0, 1))
    return red, green, blue
