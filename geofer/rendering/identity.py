"""Who somebody is: a random adult as Anny's phenotypes and local changes of the face's shape."""

from dataclasses import dataclass

import numpy as np

_PAIRED = {
    "cheek": "trans-up volume-incr inner-incr bones-incr",
    "ear": (
        "lobe-incr shape-round trans-forward rot-forward trans-up scale-vert-incr flap-incr shape-triangle scale-incr "
        "scale-depth-incr wing-incr"
    ),
    "eye": (
        "corner1-up height1-incr scale-incr push1-out eyefold-up height3-incr height2-incr bag-incr push2-out trans-up "
        "bag-height-incr epicanthus-out eyefold-angle-up bag-out corner2-up trans-out"
    ),
}
_MIDLINE = {
    "chin": "jaw-drop-incr height-incr prominent-incr bones-incr width-incr cleft-incr prognathism-incr",
    "eyebrows": "angle-up trans-up trans-forward",
    "forehead": "temple-incr trans-forward scale-vert-incr nubian-incr",
    "head": "scale-vert-incr fat-incr back-scale-depth-incr age-incr scale-depth-incr scale-horiz-incr",
    "mouth": (
        "lowerlip-height-incr scale-horiz-incr cupidsbow-incr laugh-lines-out scale-depth-incr lowerlip-volume-incr "
        "angles-up upperlip-ext-up lowerlip-width-incr trans-forward upperlip-width-incr scale-vert-incr dimples-out "
        "upperlip-height-incr upperlip-volume-incr cupidsbow-width-incr lowerlip-ext-up upperlip-middle-up trans-up "
        "lowerlip-middle-up philtrum-volume-incr"
    ),
    "neck": "scale-depth-incr double-incr back-scale-depth-incr scale-horiz-incr scale-vert-incr",
    "nose": (
        "nostrils-angle-up flaring-incr curve-convex scale-depth-incr scale-vert-incr point-width-incr "
        "scale-horiz-incr width1-incr trans-forward trans-up hump-incr nostrils-width-incr greek-incr point-up "
        "width2-incr width3-incr septumangle-incr base-up compression-uncompress volume-incr"
    ),
}
_SIDEWAYS = ("mouth-trans-out", "nose-trans-out")

_SPREAD = {
    **{"cheek": 0.30, "ear": 0.30, "eye": 0.22},
    **{"chin": 0.30, "eyebrows": 0.15, "forehead": 0.25, "head": 0.25, "mouth": 0.22, "neck": 0.2, "nose": 0.28},
}
"""Standard deviation of a region's changes, which Anny scales to [-1, 1]."""

_LIMIT = 0.7
"""Largest change of any feature: beyond, faces look like no human."""

_ASYMMETRY = 0.04
"""Standard deviation of each side's own change, and of sideways shifts."""


@dataclass(frozen=True)
class Identity:
    """A person's shape, in Anny's own names and ranges.

    Attributes:
        phenotypes: Gender (0 male, 1 female), age (2/3 a young adult, 1 old), muscle, weight, proportions, and the
            shares of african, asian and caucasian ancestry; each in [0, 1].
        local_changes: Changes of single features, in [-1, 1].
    """

    phenotypes: dict[str, float]
    local_changes: dict[str, float]


def sample_identity(rng: np.random.Generator) -> Identity:
    """Draws an adult.

    Args:
        rng: Where chance comes from.
    """
    female = rng.random() < 0.5
    gender = float(np.clip(abs(rng.normal(0, 0.12)), 0, 0.4))
    african, asian, caucasian = (float(share) for share in rng.dirichlet((0.5, 0.5, 0.5)))
    phenotypes = {
        "gender": 1 - gender if female else gender,
        "age": float(np.clip(0.62 + 0.3 * rng.beta(1.3, 2.2), 0, 1)),
        "muscle": float(np.clip(rng.normal(0.5, 0.12), 0.2, 0.8)),
        "weight": float(np.clip(rng.normal(0.5, 0.15), 0.15, 0.9)),
        "proportions": float(np.clip(rng.normal(0.5, 0.15), 0.1, 0.9)),
        "african": african,
        "asian": asian,
        "caucasian": caucasian,
    }
    changes: dict[str, float] = {}
    for region, features in _PAIRED.items():
        for feature in features.split():
            both = _change(rng, _SPREAD[region])
            changes[f"l-{region}-{feature}"] = both + _change(rng, _ASYMMETRY)
            changes[f"r-{region}-{feature}"] = both + _change(rng, _ASYMMETRY)
    for region, features in _MIDLINE.items():
        for feature in features.split():
            changes[f"{region}-{feature}"] = _change(rng, _SPREAD[region])
    for label in _SIDEWAYS:
        changes[label] = _change(rng, _ASYMMETRY)
    return Identity(phenotypes, changes)


def _change(rng: np.random.Generator, spread: float) -> float:
    """A normal draw, kept away from the ends of Anny's range."""
    return float(np.clip(rng.normal(0, spread), -_LIMIT, _LIMIT))
