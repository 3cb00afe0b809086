"""``geofer configs``: the configurations that come with the package."""

from collections.abc import Sequence
from pathlib import Path

from geofer.configurations import configuration_file, configurations
from geofer.errors import ConfigError


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
        print(Path(configuration_file(arguments[0])).read_text(encoding="utf-8"), end="")
        return
    known = configurations()
    width = max(map(len, known))
    for name, file in known.items():
        print(f"{name:<{width}}  {file.read_text(encoding='utf-8').partition(chr(10))[0].removeprefix('# ')}")
