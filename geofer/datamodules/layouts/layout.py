"""What a data set's folder holds: its files, which of them follow the set's names, and whether all are there."""

import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from geofer.errors import DataError
from geofer.pictures import SUFFIXES


def list_files(root: Path, endings: tuple[str, ...] = SUFFIXES) -> list[str]:
    """Every file at any depth whose name ends so, upper or lower case; hidden ones are left out.

    Hidden are names that begin with a dot, among them those that macOS adds to copies (``._AF01ANFL.JPG``), and the
    folder ``__MACOSX``. Links to folders are not followed.

    Args:
        root: The data set's folder.
        endings: Ends of the names, in lower case.

    Returns:
        Paths relative to ``root`` with forward slashes, sorted.

    Raises:
        DataError: ``root`` is no folder.
    """
    if not root.is_dir():
        raise DataError(f"{root} is no folder. Set data.init_args.root to the folder of the data set.")
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__MACOSX"]
        found += [
            Path(folder, name).relative_to(root).as_posix()
            for name in files
            if name.lower().endswith(endings) and not name.startswith(".")
        ]
    return sorted(found)


@dataclass(frozen=True)
class Naming:
    """How a data set names one kind of its files.

    Attributes:
        data_set: The set's name, for messages.
        pattern: What matches the whole name of such a file, whatever folder it lies in.
        example: Such a name, for messages.
        endings: Files that end so and do not match are reported, see `list_files`.
    """

    data_set: str
    pattern: re.Pattern[str]
    example: str
    endings: tuple[str, ...] = SUFFIXES

    def find(self, root: Path) -> list[tuple[str, re.Match[str]]]:
        """The files under ``root`` that are named so, at any depth; others with these endings are warned of.

        Returns:
            Path relative to ``root``, and the match of its name; sorted by path.

        Raises:
            DataError: ``root`` is no folder, no file is named so, or one name is there twice.
        """
        files = list_files(root, self.endings)
        matches = [(file, self.pattern.fullmatch(Path(file).name)) for file in files]
        found = [(file, match) for file, match in matches if match]
        others = [file for file, match in matches if not match]
        if not found:
            there = f"{len(others)} others, such as {others[0]!r}" if others else "none at all"
            raise DataError(
                f"{self.data_set}: no file named like {self.example} under {root}, at any depth; there are {there}. "
                "Set data.init_args.root to the folder of the data set."
            )
        self._refuse_twins(root, found)
        report(f"{self.data_set}: files under {root} that are not named like {self.example} are left out", others)
        return found

    def _refuse_twins(self, root: Path, found: Sequence[tuple[str, re.Match[str]]]) -> None:
        first: dict[str, str] = {}
        for file, match in found:
            if (twin := first.setdefault(match[0], file)) != file:
                raise DataError(
                    f"{self.data_set}: {match[0]} is twice under {root}, as {twin!r} and {file!r}. Keep one of the "
                    "copies, or set data.init_args.root to the folder of one."
                )


def report(what: str, cases: Sequence[str]) -> None:
    """Warns of what is left out or incomplete, if there is any: how many, and the first of them."""
    if cases:
        listed = ", ".join(map(repr, cases[:5])) + (", …" if len(cases) > 5 else "")
        warnings.warn(f"{what} ({len(cases)}): {listed}", stacklevel=3)


def check_count(data_set: str, what: str, expected: int, found: int, root: Path) -> None:
    """Warns if a data set is not as large as its distribution says."""
    if found != expected:
        warnings.warn(f"{data_set} has {expected:,} {what}; under {root} there are {found:,}.", stacklevel=2)
