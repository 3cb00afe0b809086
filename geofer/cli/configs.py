"""Configurations that come with the package, found by name: ``--config quickstart``, ``--config data/kdef``."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

import geofer
from geofer.errors import ConfigError

PACKAGE = Path(geofer.__file__).parent

CONFIGS = next(folder for folder in (PACKAGE / "configs", PACKAGE.parent / "configs") if folder.is_dir())
"""Where they lie: inside an installed package, or beside it in a clone."""

SWEEP = "sweep"
"""A file for ``wandb sweep`` and not for geofer."""


def configurations() -> dict[str, Path]:
    """The file of each configuration by its name, which is its path below `CONFIGS` without the ending."""
    named = {file.relative_to(CONFIGS).with_suffix("").as_posix(): file for file in CONFIGS.rglob("*.yaml")}
    return {name: named[name] for name in sorted(named) if name != SWEEP}


def with_files(arguments: Sequence[str]) -> list[str]:
    """A command line in which every ``--config NAME`` names a file.

    Raises:
        ConfigError: A name is neither a file nor a configuration that comes with the package.
    """
    return list(_with_files(arguments))


def _with_files(arguments: Sequence[str]) -> Iterator[str]:
    before = ""
    for argument in arguments:
        if before == "--config":
            yield _file(argument)
        elif argument.startswith("--config="):
            yield f"--config={_file(argument.removeprefix('--config='))}"
        else:
            yield argument
        before = argument


def _file(named: str) -> str:
    """The file that a word after ``--config`` means; a file of this name counts before a configuration of ours."""
    known = configurations()
    if Path(named).is_file() or named not in known:
        if not Path(named).suffix and not Path(named).exists():
            close = get_close_matches(named, known, n=2)
            hint = f"Did you mean {' or '.join(close)}?" if close else "`geofer configs` lists those of the package."
            raise ConfigError(f"There is no configuration {named!r}. {hint}")
        return named
    return str(known[named])


def list_configurations(arguments: Sequence[str]) -> None:
    """``geofer configs [NAME]``: the configurations that come with the package, or the text of one.

    Raises:
        ConfigError: There is none of that name.
    """
    if {"-h", "--help"} & set(arguments):
        print("usage: geofer configs [NAME]\n\nlists the configurations of the package, or prints the file of one")
        return
    if len(arguments) > 1:
        raise ConfigError(f"geofer configs takes one name; it was given {' '.join(arguments)}.")
    if arguments:
        print(Path(_file(arguments[0])).read_text(encoding="utf-8"), end="")
        return
    known = configurations()
    width = max(map(len, known))
    for name, file in known.items():
        print(f"{name:<{width}}  {file.read_text(encoding='utf-8').partition(chr(10))[0].removeprefix('# ')}")
