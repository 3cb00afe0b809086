"""Configuration files: those that come with the package are found by name, and all are read within bounds.

They are code: they name the classes that a command builds. What they cannot do is settled here. Whoever runs a
configuration lets it choose among all classes of the packages that are installed, as its author could in Python; so
run only those of people you would take a script from.
"""

import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from geofer.errors import ConfigError, printable

PACKAGE = Path(__file__).parent

CONFIGS = next(folder for folder in (PACKAGE / "configs", PACKAGE.parent / "configs") if folder.is_dir())
"""Where they lie: inside an installed package, or beside it in a clone."""

SWEEP = "sweep"
"""A file for ``wandb sweep`` and not for geofer."""

LONGEST, MOST_ENTRIES = 1_000_000, 100_000
"""Bytes of a configuration file, and settings in it once every alias is put in its place."""


def restrict_configurations() -> None:
    """Lets configurations name no module of Python itself, such as ``os``, and no address; for the whole process.

    jsonargparse builds only classes that an option takes, but imports what is named before it looks at it.
    """
    from jsonargparse import set_parsing_settings

    set_parsing_settings(
        config_read_mode_urls_enabled=False,
        config_read_mode_fsspec_enabled=False,
        instantiate_subclass_spec_in_any=False,
        import_path_denylist=sorted(name for name in sys.stdlib_module_names if name.isidentifier()),
    )


def read_settings(path: Path) -> Any:  # noqa: ANN401
    """What a YAML file holds.

    Raises:
        ConfigError: It is an address, no YAML, or larger than a configuration is.
        OSError: It cannot be read.
    """
    name = printable(path)
    check_no_address(str(path))
    with path.open("rb") as file:
        raw = file.read(LONGEST + 1)
    if len(raw) > LONGEST:
        raise ConfigError(f"{name} has more than {LONGEST} bytes; it is no configuration.")
    try:
        settings = yaml.safe_load(raw.decode("utf-8"))
        _count(settings, MOST_ENTRIES)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is no text in UTF-8 ({error}); --config takes a YAML file.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        told = str(error).replace("<unicode string>", printable(path.name))
        raise ConfigError(f"{name} is no YAML: {told}") from error
    return settings


def check_no_address(path: str) -> None:
    """Refuses a path that is an address: nothing is fetched.

    Raises:
        ConfigError: It is one.
    """
    if "://" in path or path.startswith(("http:/", "https:/")):  # pathlib takes one of two slashes away
        raise ConfigError(f"{printable(path)} is an address. Download the file, read it, and name it here.")


def _count(settings: object, left: int) -> int:
    """How many more entries there may be; an alias counts each time it is used, since it is copied each time."""
    if left < 0:
        raise ValueError(f"it has more than {MOST_ENTRIES} settings once its aliases are put in their places")
    parts = settings.values() if isinstance(settings, dict) else settings if isinstance(settings, list) else ()
    for part in parts:
        left = _count(part, left - 1)
    return left


def configurations() -> dict[str, Path]:
    """The file of each configuration by its name, which is its path below `CONFIGS` without the ending.

    Examples:
        >>> 'quickstart' in configurations()
        True
    """
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
            yield configuration_file(argument)
        elif argument.startswith("--config="):
            yield f"--config={configuration_file(argument.removeprefix('--config='))}"
        else:
            yield argument
        before = argument


def configuration_file(named: str) -> str:
    """The file that a word after ``--config`` means; a file of this name counts before a configuration of ours.

    Raises:
        ConfigError: There is neither.
    """
    check_no_address(named)
    known = configurations()
    if Path(named).is_file() or named not in known:
        if not Path(named).suffix and not Path(named).exists():
            close = get_close_matches(named, known, n=2)
            hint = f"Did you mean {' or '.join(close)}?" if close else "`geofer configs` lists those of the package."
            raise ConfigError(f"There is no configuration {named!r}. {hint}")
        return named
    return str(known[named])
