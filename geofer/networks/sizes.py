"""Which picture sizes the networks come in."""

from geofer.errors import ConfigError


def halvings(image_size: int) -> tuple[int, int]:
    """How often a picture is halved before 4 to 7 pixels a side are left, and how many are left.

    The paper's 224 pixels give ``(5, 7)``: five convolutions of stride 2, then 7 × 7 positions.

    Raises:
        ConfigError: The size is not ``2^k · s`` with k ≥ 2 and s from 4 to 7.

    Examples:
        >>> halvings(224), halvings(64)
        ((5, 7), (4, 4))
    """
    side, count = image_size, 0
    while side > 7 and side % 2 == 0:
        side, count = side // 2, count + 1
    if count < 2 or not 4 <= side <= 7:
        valid = sorted((s << k for k in range(2, 9) for s in range(4, 8)), key=lambda size: abs(size - image_size))
        raise ConfigError(
            f"image_size {image_size} does not halve down to 4, 5, 6 or 7 pixels; the nearest sizes that do are "
            f"{valid[0]} and {valid[1]}."
        )
    return count, side
