"""Configuration files are code: they name the classes that a command builds. What they cannot do is settled here.

Whoever runs a configuration lets it choose among all classes of the packages that are installed, as its author could
in Python; so run only those of people you would take a script from.
"""

import sys
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import set_parsing_settings

from geofer.errors import ConfigError, printable

LONGEST, MOST_ENTRIES = 1_000_000, 100_000
"""Bytes of a configuration file, and settings in it once every alias is put in its place."""


def restrict_configurations() -> None:
    """Lets configurations name no module of Python itself, such as ``os``, and no address; for the whole process.

    jsonargparse builds only classes that an option takes, but imports what is named before it looks at it.
    """
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
