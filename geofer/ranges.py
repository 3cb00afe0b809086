"""Settings as they come in: NumPy's numbers become Python's, and what is out of its range or no choice is refused."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from difflib import get_close_matches
from math import inf, isfinite
from typing import Any

import numpy as np

from geofer.errors import ConfigError


def plain_number(value: Any) -> Any:  # noqa: ANN401 - of whatever type the setting is
    """A setting without NumPy's types: a scalar of NumPy becomes Python's; an array or a list becomes a tuple of such.

    Everything else stays as it is, so that any setting may be passed through.

    Examples:
        >>> import numpy as np
        >>> plain_number(np.float32(0.5)), plain_number([np.int64(1), 2])
        (0.5, (1, 2))
    """
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return plain_number(value.tolist())
    if isinstance(value, list | tuple):
        return tuple(map(plain_number, value))
    return value


def take_plain_numbers(settings: object) -> None:
    """Replaces NumPy's numbers in a frozen dataclass of settings, see `plain_number`; call it in ``__post_init__``."""
    for field in fields(settings):  # type: ignore[arg-type]
        object.__setattr__(settings, field.name, plain_number(getattr(settings, field.name)))


def check_choice(name: str, value: object, choices: Collection[object]) -> None:
    """Refuse a word that is none of a setting's choices.

    Args:
        name: Of the setting, as a configuration has it.
        value: What was chosen.
        choices: What there is to choose from.

    Raises:
        ConfigError: It names the setting, all its choices and, where one is similar, which was probably meant.

    Examples:
        >>> check_choice('expression', 'suprise', ('neutral', 'surprise'))
        Traceback (most recent call last):
            ...
        geofer.errors.ConfigError: expression is 'suprise'; choose neutral or surprise. Did you mean surprise?
    """
    if value in choices:
        return
    raise ConfigError(f"{name} is {value!r}; choose {listed_choices(choices)}.{did_you_mean(value, choices)}")


def listed_choices(choices: Collection[object]) -> str:
    """``a, b or c``.

    Examples:
        >>> listed_choices(('train', 'val', 'test'))
        'train, val or test'
    """
    *most, last = map(str, choices)
    return f"{', '.join(most)} or {last}" if most else last


def did_you_mean(word: object, known: Collection[object]) -> str:
    """`` Did you mean surprise?``, to be put behind a sentence; empty if nothing known is similar.

    Examples:
        >>> did_you_mean('hapiness', ('anger', 'happiness'))
        ' Did you mean happiness?'
    """
    words = {str(one).casefold(): str(one) for one in known}
    close = get_close_matches(str(word).casefold(), words, n=1)
    return f" Did you mean {words[close[0]]}?" if close else ""


def check_range(name: str, value: float | None, low: float, high: float = inf) -> None:
    """Refuse a number out of its range, NaN or infinity.

    Args:
        name: Of the setting, as a configuration has it.
        value: The number; None is the setting's way to be off.
        low: The smallest value allowed.
        high: The largest.

    Raises:
        ConfigError: It names the setting and its range.

    Examples:
        >>> check_range('yaw', 120.0, -90, 90)
        Traceback (most recent call last):
            ...
        geofer.errors.ConfigError: yaw is 120.0; choose a number from -90 to 90.
    """
    if value is None or (isfinite(value) and low <= value <= high):
        return
    allowed = f"{low:g} or more" if high == inf else f"from {low:g} to {high:g}"
    raise ConfigError(f"{name} is {value}; choose a number {allowed}.")


def check_ranges(
    section: str, settings: object, *, low: Mapping[str, float], high: Mapping[str, float] | None = None
) -> None:
    """Refuse a group of settings with a number out of its range.

    Args:
        section: The group's name in a configuration.
        settings: Has the numbers as attributes.
        low: Name of each number → the smallest value allowed.
        high: The largest ones, of those numbers that have one.

    Raises:
        ConfigError: It names the setting and its range.
    """
    for name, smallest in low.items():
        check_range(f"{section}.{name}", getattr(settings, name), smallest, (high or {}).get(name, inf))
