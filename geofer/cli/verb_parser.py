"""The parser of a verb's own command line."""

from argparse import ArgumentParser
from typing import NoReturn

from geofer.errors import ConfigError


class VerbParser(ArgumentParser):
    """Tells a mistake as the rest of the command line does, and takes no abbreviated options."""

    def __init__(self, verb: str, description: str) -> None:
        """``verb`` is what follows ``geofer``."""
        super().__init__(prog=f"geofer {verb}", description=description, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raises ConfigError instead of ending the process."""
        raise ConfigError(f"{message}. `{self.prog} --help` tells what there is.")
