"""The guard against the commonest mistake of the field: what was trained on is tested on.

A person, a group (such as a movie) or a picture on more than one side of a split is a `LeakError` that names it. The
landmark bank is made of the training side, so what is apart here is apart there.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geofer.errors import LeakError, printable

LISTED = 10
"""How many leaks a message names before it says how many more there are."""


def torn_apart(keys: NDArray[Any], split: NDArray[np.str_]) -> list[dict[str, int]]:
    """What is on more than one side of a split.

    Args:
        keys: ``(N,)`` numbers or names of what must stay together.
        split: ``(N,)`` the side of each; ``""`` is no side.

    Returns:
        For each key on several sides, in sorted order: its first row on each of them.
    """
    rows = np.flatnonzero(split != "")
    _, key = np.unique(keys[rows], return_inverse=True)
    sides, side = np.unique(split[rows], return_inverse=True)
    places, first = np.unique(key * len(sides) + side, return_index=True)
    owner = places // len(sides)
    torn: dict[int, dict[str, int]] = {}
    for place in np.flatnonzero(np.bincount(owner)[owner] > 1):
        torn.setdefault(int(owner[place]), {})[str(sides[places[place] % len(sides)])] = int(rows[first[place]])
    return list(torn.values())


def check_apart(
    kind: str,
    keys: NDArray[Any],
    split: NDArray[np.str_],
    names_of: Callable[[NDArray[np.int64]], Sequence[object]],
) -> None:
    """Refuses a split with one person, group or picture on several sides.

    Args:
        kind: What the keys stand for, in the singular: ``subject``, ``group``, ``picture``.
        keys: ``(N,)`` numbers, names or digests; leave out the rows that have none.
        split: ``(N,)`` the side of each; ``""`` is no side.
        names_of: Names of some rows as a message shows them, in their order: of the people, or of the files. It is
            called only for leaks.

    Raises:
        LeakError: It names them, with the sides they are on.
    """
    torn = torn_apart(keys, split)
    if not torn:
        return
    shown = torn[:LISTED]
    names = iter(names_of(np.array([row for places in shown for row in places.values()])))
    listed = []
    for places in shown:
        sides_of: dict[str, list[str]] = {}
        for side in places:
            sides_of.setdefault(printable(next(names)), []).append(side)
        listed.append(" = ".join(f"{name} ({', '.join(sides)})" for name, sides in sides_of.items()))
    more = f"; and {len(torn) - LISTED} more" if len(torn) > LISTED else ""
    raise LeakError(
        f"{len(torn)} {kind}(s) are on more than one side of the split: {'; '.join(listed)}{more}. Results on what was "
        f"seen in training say nothing; keep each {kind} on one side."
    )
