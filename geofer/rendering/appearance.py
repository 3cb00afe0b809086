"""What a person looks like beyond the head's shape: skin, lips, eyes, brows, hair, beard and glasses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Color = tuple[float, float, float]
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
_GRAY = np.array([0.32, 0.32, 0.32])
_DARK_IRIS = np.array([0.055, 0.024, 0.011])
_IRIS = np.array(
    [[0.10, 0.045, 0.018], [0.13, 0.10, 0.035], [0.07, 0.13, 0.075], [0.09, 0.16, 0.25], [0.16, 0.20, 0.23]]
)


@dataclass(frozen=True)
class Locks:
    """Hair that hangs beside the face.

    Attributes:
        end: Height of its ends in meters above the eyes, < 0.
        front: How far around the head it reaches, in radians from the back; π/2 is beside the ears.
        tuck: How far it is pressed to the head at the ears, as a share of its radius; then they show.
        wave: Depth of its waves as a share of its radius.
        phase: Of the waves, in radians.
    """

    end: float
    front: float
    tuck: float
    wave: float
    phase: float


@dataclass(frozen=True)
class Glasses:
    """The frame of a pair of glasses; lengths in meters.

    Attributes:
        width: Of a rim.
        height: Of a rim.
        squareness: Exponent of the rim's superellipse: 2 is an ellipse, 6 nearly a rectangle.
        thickness: Of rims, bridge and arms.
    """

    width: float
    height: float
    squareness: float
    thickness: float


@dataclass(frozen=True)
class Appearance:
    """Parameters of `geofer.rendering.look.Look`, in plain Python, see there for their meaning; and what is worn.

    ``lashes`` is the length of the lashes, 1 being usual. ``locks`` and ``glasses`` are None for who has none.
    """

    skin: Color
    flush: Color
    lips: Color
    brow: Color
    hair: Color
    iris: Color
    cloth: Color
    frame: Color
    gloss: float
    mottle: float
    freckles: float
    lip_paint: float
    brow_density: float
    brow_height: float
    brow_width: float
    brow_arch: float
    moustache: float
    chin: float
    jaw: float
    hair_density: float
    hair_volume: float
    hairline: float
    fringe: float
    parting: float
    curl: float
    iris_radius: float
    pupil: float
    ivory: float
    lashes: float
    seed: float
    locks: Locks | None
    glasses: Glasses | None


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
    gray = float(np.clip((years - 0.8) / 0.2 + rng.normal(0, 0.25), 0, 1))
    hair = hair + gray * (_GRAY - hair)
    iris = _blend(_DARK_IRIS, _IRIS, fair, rng)
    makeup = 0.0 if male else float(rng.beta(1, 2))
    red = np.array([0.42, 0.06, 0.07]) * rng.uniform(0.7, 1.3, 3)
    lips = skin * np.array([0.88, 0.56, 0.58]) * rng.uniform(0.85, 1.05)
    lips = lips + 0.7 * makeup * (red * (0.4 + skin[0]) - lips)
    brow_shade = hair * rng.uniform(0.35, 0.7)
    return Appearance(
        skin=_color(skin),
        flush=_color(1 - np.array([0.04, 0.26, 0.24]) * rng.uniform(0.3, 1.0) * (0.4 + 0.6 * skin[0] / 0.7)),
        lips=_color(lips),
        brow=_color(brow_shade),
        hair=_color(hair),
        iris=_color(iris),
        cloth=_color(rng.uniform(0.02, 0.5) * rng.uniform(0.3, 1.0, 3)),
        gloss=float(rng.uniform(0.04, 0.13)),
        mottle=float(rng.uniform(0.05, 0.13)),
        freckles=float(fair * rng.beta(1, 4)),
        lip_paint=float(rng.uniform(0.75, 0.95)),
        brow_density=float(rng.uniform(0.75, 1.0)),
        brow_height=float(rng.normal(0, 0.0008)),
        brow_width=float(np.clip(rng.normal(0.0050 if male else 0.0038, 0.0006), 0.0026, 0.0066)),
        brow_arch=float(np.clip(rng.normal(0.0025 if male else 0.0040, 0.0015), 0.0, 0.0075)),
        iris_radius=float(rng.uniform(0.43, 0.48)),
        pupil=float(rng.uniform(0.30, 0.46)),
        ivory=float(rng.uniform(0.8, 1.0)),
        lashes=float(rng.uniform(0.5, 0.8) if male else rng.uniform(0.8, 1.15)),
        seed=float(rng.integers(1, 100_000)),
        **_sample_beard(male, rng),
        **_sample_hair(male, years, share[0], rng),
        **_sample_glasses(years, rng),
    )


_BEARDS = np.array([(0, 0, 0), (0.3, 0.3, 0.3), (0.9, 0, 0), (0.85, 0.9, 0), (0.3, 0.9, 0.3), (0.85, 1, 0.85)])
"""Moustache, chin and jaw of who is shaven, stubbly, or wears a moustache, a circle, a chin beard or a full one."""

_BEARD_FRACTIONS = (0.45, 0.27, 0.05, 0.07, 0.03, 0.13)


def _sample_beard(male: bool, rng: np.random.Generator) -> dict[str, Any]:
    """Moustache, chin and jaw; women have none."""
    style = _BEARDS[rng.choice(len(_BEARDS), p=_BEARD_FRACTIONS)] * rng.uniform(0.6, 1.05) + rng.uniform(0, 0.08)
    moustache, chin, jaw = (float(value) for value in np.minimum(style, 1) * male)
    return {"moustache": moustache, "chin": chin, "jaw": jaw}


def _sample_hair(male: bool, years: float, african: float, rng: np.random.Generator) -> dict[str, Any]:
    """Density, volume, line, fringe, parting, curl and locks: bald, shorn, short or long hair."""
    old = max(years - 0.67, 0) / 0.33
    chance = np.array([0.08 + 0.3 * old, 0.22, 0.6, 0.10] if male else [0.0, 0.02, 0.30, 0.68])
    style = rng.choice(("bald", "shorn", "short", "long"), p=chance / chance.sum())
    curl = float(rng.beta(0.6, 1.2) if rng.random() > african else rng.uniform(0.7, 1.0))
    volume = {"bald": 0.0, "shorn": 0.0015, "short": rng.uniform(0.005, 0.018 + 0.022 * curl)}
    fringed = rng.random() < (0.30 if style == "long" else 0.45) and style in ("short", "long")
    depth, parting = rng.uniform(0.008, 0.030), rng.choice((rng.normal(0, 0.006), rng.choice((-1, 1)) * 0.045))
    front, tucked = rng.uniform(1.75, 2.1), rng.random() < 0.3
    bob, long = rng.uniform(-0.10, -0.06), rng.uniform(-0.26, -0.13)
    end = bob if rng.random() < 0.3 and not tucked else long
    locks = Locks(
        end=float(end),
        front=1.35 if tucked else float(front),
        tuck=0.16 if tucked else 0.0,
        wave=float(rng.uniform(0.005, 0.025) + 0.03 * curl),
        phase=float(rng.uniform(0, 2 * np.pi)),
    )
    return {
        "hair_density": {"bald": 0.0, "shorn": float(rng.uniform(0.45, 0.85))}.get(style, 1.0),
        "hair_volume": float(volume.get(style, rng.uniform(0.006, 0.016))),
        "hairline": float(rng.normal(0.0, 0.004) + 0.012 * old * male),
        "fringe": float(depth) if fringed else 0.0,
        "parting": float(parting),
        "curl": curl,
        "locks": locks if style == "long" else None,
    }


def _sample_glasses(years: float, rng: np.random.Generator) -> dict[str, Any]:
    """A frame and its color: one young adult in five wears glasses, every second of the old."""
    worn = rng.random() < 0.2 + 0.3 * max(years - 0.67, 0) / 0.33
    dark = rng.random() < 0.65
    color = rng.uniform(0.005, 0.05) * rng.uniform(0.4, 1.0, 3) if dark else rng.uniform(0.15, 0.4, 3)
    width = rng.uniform(0.046, 0.056)
    glasses = Glasses(
        width=float(width),
        height=float(width * rng.uniform(0.62, 0.9)),
        squareness=float(rng.uniform(2.0, 5.0)),
        thickness=float(rng.choice((rng.uniform(0.0012, 0.002), rng.uniform(0.0025, 0.004)))),
    )
    return {"frame": _color(color), "glasses": glasses if worn else None}


def _blend(
    dark: NDArray[np.float64], palette: NDArray[np.float64], fair: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Dark, or with probability ``fair`` a random mixture of the palette."""
    mixture: NDArray[np.float64] = rng.dirichlet(np.full(len(palette), 0.35)) @ palette
    return mixture * rng.uniform(0.8, 1.2) if rng.random() < fair else dark * rng.uniform(0.7, 1.8)


def _color(values: NDArray[np.float64]) -> Color:
    red, green, blue = (float(value) for value in np.clip(values, 0, 1))
    return red, green, blue
