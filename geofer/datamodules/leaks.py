"""The guard against the commonest mistake of the field: what was trained on is tested on.

A person, a group (such as a movie) or a picture in more than one split is a `LeakError` that names it. The landmark
bank is made of the training split, so what is apart here is apart there.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geofer.errors import LeakError, printable

LISTED = 10
"""How many leaks a message names before it says how many more there are."""


def torn_apart(keys: NDArray[Any], split: NDArray[np.str_]) -> list[dict[str, int]]:
    """What is in more than one split.

    Args:
        keys: ``(N,)`` numbers or names of what must stay together.
        split: ``(N,)`` the split of each; ``""`` is none.

    Returns:
        For each key in several splits, in sorted order: its first row in each of them.

    Examples:
        >>> import numpy as np
        >>> torn_apart(np.array([1, 1, 2]), np.array(['train', 'test', 'train']))
        [{'test': 1, 'train': 0}]
    """
    rows = np.flatnonzero(split != "")
    _, key = np.unique(keys[rows], return_inverse=True)
    splits, number = np.unique(split[rows], return_inverse=True)
    places, first = np.unique(key * len(splits) + number, return_index=True)
    owner = places // len(splits)
    torn: dict[int, dict[str, int]] = {}
    for place in np.flatnonzero(np.bincount(owner)[owner] > 1):
        torn.setdefault(int(owner[place]), {})[str(splits[places[place] % len(splits)])] = int(rows[first[place]])
    return list(torn.values())


def check_apart(
    kind: str,
    keys: NDArray[Any],
    split: NDArray[np.str_],
    names_of: Callable[[NDArray[np.int64]], Sequence[object]],
) -> None:
    """Refuses one person, group or picture in several splits.

    Args:
        kind: What the keys stand for, in the singular: ``subject``, ``group``, ``picture``.
        keys: ``(N,)`` numbers, names or digests; leave out the rows that have none.
        split: ``(N,)`` the split of each; ``""`` is none.
        names_of: Names of some rows as a message shows them, in their order: of the people, or of the files. It is
            called only for leaks.

    Raises:
        LeakError: It names them, with the splits they are in.
    """
    torn = torn_apart(keys, split)
    if not torn:
        return
    shown = torn[:LISTED]
    names = iter(names_of(np.array([row for places in shown for row in places.values()])))
    listed = []
    for places in shown:
        splits_of: dict[str, list[str]] = {}
        for name in places:
            splits_of.setdefault(printable(next(names)), []).append(name)
        listed.append(" = ".join(f"{name} ({', '.join(splits)})" for name, splits in splits_of.items()))
    more = f"; and {len(torn) - LISTED} more" if len(torn) > LISTED else ""
    raise LeakError(
        f"{len(torn)} {kind}(s) are in more than one split: {'; '.join(listed)}{more}. Results on what was "
        f"seen in training say nothing; keep each {kind} in one split."
    )
