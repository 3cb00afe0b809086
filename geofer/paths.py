"""Where geofer keeps what it can make again, and how it writes a file that must never be found half done."""

import errno
import os
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from geofer.errors import ConfigError, printable

PARTIAL_SUFFIX = ".part"

LONGEST_NAME = 255
"""Bytes of a file's name, on all common file systems."""

NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
"""Flag of `os.open` that refuses a link; Windows has none."""

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


def counted_by_ending(files: Iterable[AnyPath]) -> str:
    """How many files there are of each ending, the most first, such as ``3 .txt, 1 without an ending``.

    Examples:
        >>> counted_by_ending(['notes.txt', 'more.txt', 'README'])
        '2 .txt, 1 without an ending'
    """
    counts = Counter(Path(file).suffix.lower() or "without an ending" for file in files)
    return ", ".join(f"{count} {printable(ending)}" for ending, count in counts.most_common())


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


def private_folder(path: Path) -> Path:
    """A folder for a cache that can be written to.

    It is made if it is missing, and so are those above it, open to their owner alone; others stay. Caches hold people's
    faces, and lie in places where others may look, such as a shared disk.

    Raises:
        ConfigError: It cannot be made or written to; of one in geofer's cache, it says which variable moves that.
        OSError: The disk is full.
    """
    try:
        for folder in [*reversed(path.parents), path]:
            folder.mkdir(mode=0o700, exist_ok=True)
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


def shortened(name: str, ending: str) -> str:
    """A file's name with an ending, cut before that if it is longer than file systems take.

    Examples:
        >>> shortened('face', '.png')
        'face.png'
        >>> len(shortened('x' * 300, '.png'))
        255
    """
    while len(os.fsencode(f"{name}{ending}")) > LONGEST_NAME:
        name = name[:-1]
    return f"{name}{ending}"


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
    partial = path.with_name(shortened(path.name, f".{secrets.token_hex(8)}{PARTIAL_SUFFIX}"))
    try:
        with naming(path), open_new(partial) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
