"""Refuses settings that are numbers out of their range or unknown words, before they spoil a training."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from math import inf, isfinite

from geofer.errors import ConfigError


def check_range(name: str, value: float | None, low: float, high: float = inf) -> None:
    """Refuse a number out of its range, NaN or infinity.

    Args:
        name: Of the setting, as a configuration has it.
        value: The number; None is the setting's way to be off.
        low: The smallest value allowed.
        high: The largest.

    Raises:
        ConfigError: It names the setting and its range.
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


def check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Refuse a word that is none of those to choose from.

    Args:
        name: Of the setting, as a configuration has it.
        value: The word.
        choices: What it may be.

    Raises:
        ConfigError: It names the setting and the choices.
    """
    if value in choices:
        return
    close = get_close_matches(str(value), choices, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise ConfigError(f"{name} is {value!r}; choose {', '.join(choices[:-1])} or {choices[-1]}.{hint}")
