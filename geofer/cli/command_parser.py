"""The parser of a command's own command line."""

from argparse import ArgumentParser
from typing import NoReturn

from geofer.errors import ConfigError


class CommandParser(ArgumentParser):
    """Tells a mistake as the rest of the command line does, and takes no abbreviated options."""

    def __init__(self, command: str, description: str, *, add_help: bool = True) -> None:
        """``command`` is what follows ``geofer``; ``add_help`` says whether ``--help`` is answered here."""
        super().__init__(prog=f"geofer {command}", description=description, allow_abbrev=False, add_help=add_help)

    def error(self, message: str) -> NoReturn:
        """Raises ConfigError instead of ending the process."""
        raise ConfigError(f"{message}. `{self.prog} --help` tells what there is.")
