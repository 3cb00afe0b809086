"""Folders as data sets come in, planted from rendered faces."""

from pathlib import Path


def touch(root: Path, *files: str) -> None:
    """Makes empty files, and the folders above them."""
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
