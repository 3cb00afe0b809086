"""Where geofer keeps what it can make again, and how it writes a file that must never be found half done."""

import errno
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, overload

from geofer.errors import ConfigError, printable

PARTIAL_SUFFIX = ".part"

AnyPath = str | os.PathLike[str]
"""How the caller of a public function may name a file or folder."""


def as_path(path: AnyPath, name: str = "The path") -> Path:
    """A path as geofer's own code has it.

    Args:
        path: A text, a `pathlib.Path`, or anything else that stands for a path.
        name: What it is the path of, for the message.

    Raises:
        ConfigError: It is something else, such as a number or bytes.
    """
    try:
        return Path(path)
    except TypeError:
        raise ConfigError(f"{name} is {printable(repr(path))}; give a str or a path, such as pathlib.Path.") from None


@overload
def storable(name: str) -> str: ...


@overload
def storable(name: None) -> None: ...


def storable(name: str | None) -> str | None:
    r"""A name as a file in UTF-8 can hold it: bytes of a file name that are no UTF-8 become ``\udcff`` and the like."""
    return name.encode("utf-8", "backslashreplace").decode() if name is not None else None


def counted_by_ending(files: Iterable[AnyPath]) -> str:
    """How many files there are of each ending, the most first, such as ``3 .txt, 1 without an ending``."""
    counts = Counter(Path(file).suffix.lower() or "without an ending" for file in files)
    return ", ".join(f"{count} {ending}" for ending, count in counts.most_common())


def cache_folder() -> Path:
    """The folder for caches: ``$GEOFER_CACHE``, else ``$XDG_CACHE_HOME/geofer``, else ``~/.cache/geofer``.

    Raises:
        ConfigError: Nobody knows where ``~`` is.
    """
    chosen = os.environ.get("GEOFER_CACHE")
    try:
        if chosen:
            return Path(chosen).expanduser()
        return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "geofer"
    except RuntimeError:
        raise ConfigError(
            "There is no home folder for geofer's cache: set GEOFER_CACHE to a folder that you may write to."
        ) from None


def made_folder(path: Path) -> Path:
    """A folder that can be written to, made if it is missing.

    Raises:
        ConfigError: It cannot be made or written to; of one in the cache, it says which variable moves that.
        OSError: The disk is full.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        cache = cache_folder()
        way = "Choose a folder that you may write to."
        if path == cache or cache in path.parents:
            way = f"geofer's cache is {printable(cache)}: set GEOFER_CACHE to a folder that you may write to."
        raise ConfigError(f"The folder {printable(path)} cannot be written to: {error.strerror}. {way}") from error
    return path


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
