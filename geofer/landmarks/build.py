"""From a landmark detector's name to the detector."""

import inspect
from collections.abc import Callable
from typing import Any

from geofer.errors import ConfigError, GeoferError, PluginError
from geofer.landmarks.detector import LandmarkDetector
from geofer.plugins import LANDMARK_DETECTORS, load_plugin


def build_detector(name: str, **options: Any) -> LandmarkDetector:  # noqa: ANN401
    """Build a landmark detector by name.

    Args:
        name: A plugin of the group ``geofer.landmark_detectors``, such as ``mediapipe``.
        **options: Passed on to the plugin.

    Raises:
        PluginError: No such detector, a plugin that is broken or ambiguous, a package that is not installed, or a
            product that is no detector.
        ConfigError: Options that the detector does not have, or values that it refuses.
        DataError: A model file or table that is missing or damaged.

    Examples:
        >>> import numpy as np
        >>> faces, *_ = build_detector("none").detect([np.zeros((64, 64, 3), np.uint8)])
        >>> len(faces)
        0
    """
    build = load_plugin(LANDMARK_DETECTORS, name)
    if not callable(build):
        raise PluginError(f"The landmark detector {name!r} is a {type(build).__name__}; a plugin must be callable.")
    _check_options(name, build, options)
    try:
        detector: object = build(**options)
    except GeoferError:
        raise
    except Exception as error:
        raise PluginError(
            f"The landmark detector {name!r} could not be built with {_listed(options)}: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(detector, LandmarkDetector):
        raise PluginError(
            f"The landmark detector {name!r} built a {type(detector).__name__}; it must have a method "
            "`detect(images, names)` (docs/detector-plugins.md shows one)."
        )
    return detector


def _check_options(name: str, build: Callable[..., object], options: dict[str, Any]) -> None:
    try:
        signature = inspect.signature(build)
    except ValueError:  # written in C, it tells none
        return
    try:
        signature.bind(**options)
    except TypeError as error:
        raise ConfigError(
            f"The landmark detector {name!r} cannot be built with {_listed(options)}: {error}. Its options are "
            f"{', '.join(signature.parameters) or 'none'}."
        ) from error


def _listed(options: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in options.items()) or "no options"
