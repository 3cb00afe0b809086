"""Model files that other packages carry, found and checked without running those packages."""

import hashlib
from importlib.util import find_spec
from pathlib import Path


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
