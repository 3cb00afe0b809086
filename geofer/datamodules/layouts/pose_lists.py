"""Lists of test pictures that share a difficulty, such as a large head pose: how results in the wild are told by pose.

The lists in use are those of K. Wang, X. Peng, J. Yang, D. Meng and Y. Qiao, Region Attention Networks for Pose and
Occlusion Robust Facial Expression Recognition, IEEE Transactions on Image Processing 2020. They name the test pictures
of RAF-DB, AffectNet and FERPlus that are turned by more than 30° or 45°, or occluded, one picture a line, in six ways::

    3/test_0025_aligned.jpg         RAF-DB by pose: the class in their own numbering, the picture
    0/fer0032226.jpg                FERPlus by pose
    0/<name>.jpg                    AffectNet beyond 30°
    0/<name>/8.jpg                  AffectNet beyond 45°: a folder a picture, of which they read a numbered crop
    val/0/<name>/                   AffectNet occluded
    test_0003_aligned 3 4           RAF-DB occluded: picture, class, kind; FERPlus alike, as 1_fer0034656.png 8 0
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from geofer.datamodules.base import FaceStore
from geofer.datamodules.layouts.label_lists import read_rows
from geofer.datamodules.layouts.layout import report
from geofer.errors import DataError

LISTED = re.compile(r"(?:val/)?\d/([^/]+)(?:/(?:\d\.\w+)?)?")
"""What a list writes for a picture in the folder of a class, maybe as a folder of crops."""

ADDITIONS = re.compile(r"^\d_(?=fer\d)|_aligned$")
"""What stands around a picture's own name in some lists and folders."""


def picture_name(file: str) -> str:
    """The name of a picture without folders, ending and additions.

    Args:
        file: A path with forward slashes, or the name of a record.
    """
    return ADDITIONS.sub("", Path(file).stem)


def read_picture_list(path: Path) -> frozenset[str]:
    """The names of the pictures in a list; only the first column counts.

    Raises:
        DataError: The list is missing, no text, or empty.
    """
    listed = {cells[0] for _, cells in read_rows(path, " ") if cells[0]}
    names = frozenset(picture_name(match[1] if (match := LISTED.fullmatch(name)) else name) for name in listed)
    if not names:
        raise DataError(f"The list {path} names no picture.")
    return names


def tag_test_faces(store: FaceStore, lists: Mapping[str, Path]) -> FaceStore:
    """Adds to each face that is tested the lists that name its picture; what was prepared stays as it is.

    Args:
        store: Faces whose pictures have names.
        lists: Tag by tag, such as ``pose>30``, the list of its pictures. Pictures that a list names and that are not
            among the test faces are warned of.

    Raises:
        DataError: A list is missing or empty, or names no picture of the test.
    """
    rows = np.flatnonzero(store.split == "test")
    if not lists or store.origins is None or not len(rows):
        return store
    names = np.array([picture_name(file) for file in store.origins.files(rows)])
    tags = tuple(dict.fromkeys((*store.tags, *lists)))
    bits = np.zeros(len(store.split), np.int64) if store.table.tags is None else store.table.tags.copy()
    for tag, path in lists.items():
        listed = read_picture_list(path)
        has = np.isin(names, list(listed))
        if not has.any():
            raise DataError(
                f"None of the {len(listed)} pictures in {path}, such as {min(listed)!r}, is a test picture of "
                f"{store.origins.data_set}. Give {tag!r} the list of this data set."
            )
        bits[rows[has]] |= 1 << tags.index(tag)
        missing = sorted(listed.difference(names.tolist()))
        report(f"{path} names pictures that are not there or have no face; the results for {tag!r} lack them", missing)
    return replace(store, table=replace(store.table, tags=bits), tags=tags)
