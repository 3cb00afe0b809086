"""The photograph that is bundled with geofer, to try it on."""

from pathlib import Path


def sample() -> Path:
    """The astronaut Eileen Collins, photographed by NASA and in the public domain, 512 × 512 pixels.

    Returns:
        A JPEG inside the package.

    Examples:
        >>> import geofer
        >>> (face,) = geofer.load()(geofer.sample())
        >>> face.expression
        'happiness'
    """
    return Path(__file__).with_name("astronaut.jpg")
