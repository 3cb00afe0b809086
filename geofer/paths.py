"""Where geofer keeps what it can make again, and how it writes a file that must never be found half done."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PARTIAL_SUFFIX = ".part"


def cache_folder() -> Path:
    """The folder for caches: ``$GEOFER_CACHE``, else ``$XDG_CACHE_HOME/geofer``, else ``~/.cache/geofer``."""
    if chosen := os.environ.get("GEOFER_CACHE"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "geofer"


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

    What is written goes to a temporary file in the same folder, reaches the disk, and then takes the place of
    ``path`` in one step; after an error or a kill the previous file is still there.

    Args:
        path: Where the file shall be; its folder must exist.

    Yields:
        The open file.

    Raises:
        OSError: The disk is full, or whatever it is; it names ``path``.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL_SUFFIX}")
    try:
        with naming(path), partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
