"""Where geofer keeps what it can make again, and how it writes a file that must never be found half done."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PARTIAL_SUFFIX = ".part"

NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
"""Flag of `os.open` that refuses a link; Windows has none."""


def cache_folder() -> Path:
    """The folder for caches: ``$GEOFER_CACHE``, else ``$XDG_CACHE_HOME/geofer``, else ``~/.cache/geofer``."""
    if chosen := os.environ.get("GEOFER_CACHE"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "geofer"


def private_folder(path: Path) -> None:
    """Makes a folder for a cache, and those above it that are missing, open to their owner alone; others stay.

    Caches hold people's faces, and lie in places where others may look, such as a shared disk.
    """
    for folder in [*reversed(path.parents), path]:
        folder.mkdir(mode=0o700, exist_ok=True)


def open_new(path: Path) -> IO[bytes]:
    """A new file to write. What had its name before is removed; a link is never followed.

    Raises:
        FileExistsError: Somebody else made a file of that name at the same time.
    """
    path.unlink(missing_ok=True)
    return path.open("xb")


def open_to_change(path: Path) -> IO[bytes]:
    """A file of geofer's to write into.

    Raises:
        OSError: It is not there, or it is a link, which may lead to a file of somebody else.
    """
    return open(path, "r+b", opener=lambda name, flags: os.open(name, flags | NO_LINKS))


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Gives an error of the disk the name of the file, which the system does not tell when writing fails.

    NumPy tells neither that nor the reason, when it could write but a part of an array: the disk is full then.
    """
    try:
        yield
    except OSError as error:
        if "requested and" in str(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        if error.errno is not None and error.filename is None:
            error.filename = str(path)
        raise


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that appears at ``path`` only once it is complete.

    What is written goes to a new file in the same folder, whose name nobody can guess, reaches the disk, and then takes
    the place of ``path`` in one step; after an error or a kill the previous file is still there. A link at ``path`` is
    replaced; what it leads to stays as it is.

    Args:
        path: Where the file shall be; its folder must exist.

    Yields:
        The open file.

    Raises:
        OSError: The disk is full, or whatever it is; it names ``path``.
    """
    partial = path.with_name(f"{path.name}.{secrets.token_hex(8)}{PARTIAL_SUFFIX}")
    try:
        with naming(path), open_new(partial) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
