"""Several data sets as one: their pictures in a row, and the leak guard across all of them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from geofer.datamodules.base import Origins
from geofer.datamodules.face_dataset import Pictures, PictureSource, Rows
from geofer.datamodules.leaks import check_apart

OWN_TABLE = "FaceTable"
"""The data set that anybody may name people in as another one does: ``KDEF/F01`` in it is F01 of KDEF."""


class JoinedPictures:
    """Pictures of several sources and one size, addressed as if they were one.

    Args:
        sources: Row ``n_0 + 2`` is the third of the second source, if the first has n_0 pictures.
    """

    def __init__(self, sources: Sequence[PictureSource]) -> None:
        self._sources = sources
        self._starts = np.cumsum([0, *(len(source) for source in sources)])

    def __len__(self) -> int:
        """Number of pictures."""
        return int(self._starts[-1])

    def gather(self, rows: Rows) -> Pictures:
        """Copies pictures ``(B, H, W, 3)`` into memory, in the order of ``rows`` ``(B,)``."""
        which = np.searchsorted(self._starts, rows, side="right") - 1
        order = np.argsort(which, kind="stable")
        parts = [self._sources[one].gather(rows[which == one] - self._starts[one]) for one in np.unique(which)]
        out: Pictures = np.concatenate(parts)[np.argsort(order)]
        return out


def check_data_sets_apart(origins: Sequence[Origins], split: NDArray[np.str_]) -> None:
    """Refuses a picture, a person or a group of several data sets on more than one side.

    People of two data sets may share a name. But ``KDEF/F01`` in somebody's own table is F01 of KDEF: synthetic faces
    are named so. Rendered pictures are compared by their people alone.

    Args:
        origins: Of each data set.
        split: ``(N,)`` the side of all their faces, one data set after the other.

    Raises:
        LeakError: It names them.
    """
    starts = np.cumsum([0, *(len(origin.faces) for origin in origins)])
    rows = [np.arange(start, end) for start, end in pairwise(starts)]

    def files(some: NDArray[np.int64]) -> list[str]:
        which = np.searchsorted(starts, some, side="right") - 1
        return [
            f"{origins[one].data_set}: {origins[one].files(np.array([row - starts[one]]))[0]}"
            for one, row in zip(which, some, strict=True)
        ]

    pictures = [(own, origin.digests) for own, origin in zip(rows, origins, strict=True) if origin.digests is not None]
    if pictures:
        numbers = np.concatenate([own for own, _ in pictures])
        digests = np.concatenate([digests for _, digests in pictures])
        check_apart("picture", digests, split[numbers], lambda some: files(numbers[some]))
    for kind in ("subject", "group"):
        names = np.concatenate([_full_names(origin, kind) for origin in origins])
        known = names != ""
        check_apart(kind, names[known].astype(str), split[known], names[known].take)


def _full_names(origins: Origins, kind: str) -> NDArray[np.object_]:
    """Names of people or groups with their data set's before them; empty where nobody knows them."""
    own = origins.data_set == OWN_TABLE

    def full(name: object) -> str:
        if not isinstance(name, str) or name == "":  # unknown people are numbers
            return ""
        return name if own and "/" in name else f"{origins.data_set}/{name}"

    return np.array([full(name) for name in getattr(origins.faces, kind)], dtype=object)
