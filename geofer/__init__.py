"""Geometry-guided pose-invariant facial expression recognition."""

from typing import TYPE_CHECKING

from geofer.version import __version__

if TYPE_CHECKING:
    from geofer.app.recognition.recognizer import load

__all__ = ["__version__", "load"]


def __getattr__(name: str) -> object:
    """`geofer.load`, fetched when it is first used: torch takes a while."""
    if name != "load":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from geofer.app.recognition.recognizer import load

    return load
