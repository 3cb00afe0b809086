"""Packages of the extra ``study``, which are imported where they are used."""

from importlib import import_module
from typing import Any

from geofer.errors import ConfigError


def need(module: str) -> Any:  # noqa: ANN401 - a module without types
    """A module of SciPy, scikit-learn or scikit-image.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"The classical baselines need {module.partition('.')[0]}, which cannot be imported ({error}): "
            "pip install 'geofer[study]'."
        ) from error
