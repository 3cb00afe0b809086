"""Putting figures into files."""

from typing import TYPE_CHECKING, Any

from geofer.paths import AnyPath, as_path, written_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COMPRESSION = 3
"""Of PNG, from 0 to 9: pictures of faces are written in half of the time of 6, the default, and grow by an eighth."""


def save_figure(figure: "Figure", path: AnyPath) -> None:
    """Writes a figure into a file, whole or not at all.

    Args:
        figure: The figure.
        path: Its suffix, such as ``.png`` or ``.pdf``, names the format.
    """
    path = as_path(path)
    suffix = path.suffix[1:].lower()
    options: dict[str, Any] = {"pil_kwargs": {"compress_level": COMPRESSION}} if suffix == "png" else {}
    with written_whole(path) as file:
        figure.savefig(file, format=suffix, **options)
