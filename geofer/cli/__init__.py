"""The command line; nothing else parses arguments."""

from geofer.cli.command import main

__all__ = ["main"]
