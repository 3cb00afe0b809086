"""How skin moves beyond Anny's blendshapes, which are gentler than photographs.

Anny's `browDown` hardly lowers the inner ends of the brows, its `noseSneer` moves little but the brows, and nothing
bulges. What is added here follows the appearance changes that the Facial Action Coding System lists for each action
unit. Each blendshape's moves are added to its offsets, so a head is still linear in its 52 blendshapes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofer.rendering.expressions import HEAD_BLENDSHAPES


class Move(NamedTuple):
    """A patch of skin and where it goes; all in millimeters, on the person's left half, mirrored to the right one.

    Attributes:
        x: Of the patch's middle, in canonical coordinates.
        y: Likewise.
        width: Distance from the middle at which the move has fallen to 37 %, sideways.
        height: Likewise, upwards.
        outward: How far the middle moves from the midline; the midline itself stays.
        up: How far it moves up.
        forward: How far it moves out of the face.
    """

    x: float
    y: float
    width: float
    height: float
    outward: float
    up: float
    forward: float


MOVES: dict[str, tuple[Move, ...]] = {
    # AU 1: the inner ends of the brows rise, and the skin between brow and lid with them
    "browInnerUp": (
        Move(x=10, y=20, width=12, height=10, outward=-0.5, up=4.0, forward=0.3),
        Move(x=18, y=9, width=10, height=5, outward=0, up=1.2, forward=0),
    ),
    # AU 4: the brows' inner ends come down and together, a bulge between them; the upper lid's fold is pushed down
    "browDown": (
        Move(x=12, y=20, width=12, height=10, outward=-2.2, up=-5.0, forward=1.8),
        Move(x=28, y=23, width=12, height=9, outward=0, up=-1.5, forward=0.8),
        Move(x=27, y=10, width=15, height=5, outward=0, up=-2.6, forward=1.0),
    ),
    # AU 2: the brow rises along its whole length
    "browOuterUp": (Move(x=32, y=23, width=14, height=10, outward=0, up=2.2, forward=0.2),),
    # AU 6: the cheeks bulge
    "cheekSquint": (Move(x=32, y=-26, width=14, height=8, outward=0, up=0.8, forward=2.2),),
    # AU 9: the wings of the nose rise, skin gathers along the nose's sides, the cheek beside it is pulled up
    "noseSneer": (
        Move(x=15, y=-42, width=7, height=8, outward=1.2, up=2.0, forward=0.6),
        Move(x=10, y=-18, width=7, height=12, outward=-0.5, up=2.2, forward=1.2),
        Move(x=24, y=-30, width=10, height=13, outward=-1.0, up=3.0, forward=1.6),
        Move(x=28, y=-11, width=12, height=4, outward=0, up=0.9, forward=0.3),
    ),
    # AU 10: the cheek beside the nose bulges and rises, and so do the wings
    "mouthUpperUp": (
        Move(x=25, y=-38, width=9, height=11, outward=0, up=2.2, forward=1.8),
        Move(x=15, y=-43, width=6, height=6, outward=0.6, up=1.0, forward=0.3),
    ),
    # AU 12: the cheeks are raised and bulge
    "mouthSmile": (
        Move(x=36, y=-38, width=14, height=12, outward=0, up=1.0, forward=2.4),
        Move(x=27, y=-73, width=9, height=12, outward=3.0, up=1.2, forward=0),
    ),
    # AU 15: the corners go farther down, and the skin below them bulges
    "mouthFrown": (
        Move(x=26, y=-73, width=9, height=9, outward=0.3, up=-1.8, forward=0),
        Move(x=29, y=-85, width=8, height=7, outward=0, up=-0.8, forward=1.4),
    ),
    # AU 17: the chin's boss is pushed up
    "mouthShrugLower": (Move(x=0, y=-103, width=15, height=10, outward=0, up=3.5, forward=1.2),),
}
"""Blendshape, without its side → what is added to it."""

ACCOMPANIED: dict[str, dict[str, float]] = {"noseSneer": {"mouthUpperUp": 0.4, "cheekSquint": 0.3, "eyeSquint": 0.5}}
"""Blendshape, without its side → shares of others' moves added to it: AU 9 raises the upper lip, narrows the eyes."""

_STILL = (-0.02, 0.0)
"""Depth in meters behind which skin stays, and in front of which it moves in full."""


def moved_further(offsets: NDArray[np.float32], canonical: NDArray[np.float32]) -> NDArray[np.float32]:
    """Offsets of the 52 blendshapes with `MOVES` and `ACCOMPANIED` added.

    Args:
        offsets: ``(52, V, 3)`` in meters, of skin and lashes.
        canonical: ``(V, 3)``.
    """
    further = offsets.copy()
    for number, name in enumerate(HEAD_BLENDSHAPES):
        stem = name.removesuffix("Left").removesuffix("Right")
        side = name[len(stem) :]
        for move in MOVES.get(stem, ()):
            further[number] += _move(move, side, canonical)
    for stem, others in ACCOMPANIED.items():
        for side in ("Left", "Right"):
            for other, share in others.items():
                further[HEAD_BLENDSHAPES.index(stem + side)] += share * further[HEAD_BLENDSHAPES.index(other + side)]
    return further


def _move(move: Move, side: str, canonical: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each vertex ``(V, 3)`` goes, in meters; on both halves if ``side`` is empty."""
    x, y, z = 1000 * canonical.T
    u, v = (np.abs(x) - move.x) / move.width, (y - move.y) / move.height
    front = np.clip((z / 1000 - _STILL[0]) / (_STILL[1] - _STILL[0]), 0, 1)
    reach = np.exp(-u * u - v * v) * front
    if side:  # the other half yields within a few millimeters
        reach *= np.clip(0.5 + (x if side == "Left" else -x) / 8, 0, 1)
    sideways = move.outward * np.clip(x / 8, -1, 1)
    direction = np.stack((sideways, np.full_like(x, move.up), np.full_like(x, move.forward)), axis=1)
    return np.asarray(direction * reach[:, None] / 1000, np.float32)
