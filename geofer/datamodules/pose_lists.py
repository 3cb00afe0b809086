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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from geofer.datamodules.label_lists import read_rows
from geofer.datamodules.layout import report
from geofer.datamodules.records import FaceRecord
from geofer.errors import DataError

LISTED = re.compile(r"(?:val/)?\d/([^/]+)(?:/(?:\d\.\w+)?)?")
"""What a list writes for a picture in the folder of a class, maybe as a folder of crops."""

ADDITIONS = re.compile(r"^\d_(?=fer\d)|_aligned$")
"""What stands around a picture's own name in some lists and folders."""


def picture_name(file: str) -> str:
    """The name of a picture without folders, ending and additions.

    Args:
        file: A path with forward slashes; what stands after ``#`` names a part of it.
    """
    return ADDITIONS.sub("", Path(file.rpartition("#")[2]).stem)


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


def tagged(records: Iterable[FaceRecord], lists: Mapping[str, Path]) -> Iterator[FaceRecord]:
    """Adds to each record the lists that name its picture; pictures for training stay as they are.

    Args:
        records: Of a data set.
        lists: Tag by tag, such as ``pose>30``, the list of its pictures.

    Raises:
        DataError: No picture that a list names is there; raised after the last record.
    """
    names = {tag: read_picture_list(path) for tag, path in lists.items()}
    seen: set[str] = set()
    for record in records:
        name = picture_name(record.file)
        tags = tuple(tag for tag in names if name in names[tag]) if record.split in (None, "test") else ()
        if tags:
            seen.add(name)
            record = replace(record, tags=record.tags + tags)
        yield record
    for tag, path in lists.items():
        missing = sorted(names[tag] - seen)
        if len(missing) == len(names[tag]):
            raise DataError(
                f"None of the {len(missing)} pictures in {path}, such as {missing[0]!r}, is a test picture of this "
                f"data set. Give {tag!r} the list of this data set."
            )
        report(f"{path} names pictures that are not there; the results for {tag!r} lack them", missing)
