"""Model files that other packages carry, found and checked without running those packages."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from geofer.errors import DataError


def installed_file(package: str, *parts: str) -> Path | None:
    """A file of an installed package, which is not imported; None if package or file is not there."""
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(folder, *parts)).is_file():
            return path
    return None


def sha256_of(path: Path) -> str:
    """Checksum of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_sha256(path: Path, sha256: str) -> None:
    """Refuses a model file that is not the one expected.

    Raises:
        DataError: Its checksum differs; the message names both.
    """
    if (actual := sha256_of(path)) != sha256:
        raise DataError(
            f"{path} has the SHA-256 {actual}, not {sha256}: it is damaged or another model. Replace it, or, if you "
            "trust it, give its checksum as the option `sha256`."
        )
