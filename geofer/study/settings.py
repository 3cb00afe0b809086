"""A configuration as plain data, and how a row of a study changes it."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

Settings = dict[str, Any]
"""A configuration of ``geofer fit``, as its YAML reads: dictionaries, lists, numbers and strings."""

Change = Callable[[Settings], Settings]
"""Turns the settings of the full method into those of a row; leaves what it is given as it is."""

CLASSIFIER_ARGUMENTS = ("classifier", "augmentation", "classifier_optimization")
"""What `geofer.modules.ExpressionClassifier` shares with the full method."""


def unchanged(settings: Settings) -> Settings:
    """The full method itself."""
    return settings


def setting(path: str, value: object) -> Change:
    """Sets one value, such as ``setting("model.init_args.losses.label_smoothing", 0.0)``."""

    def change(settings: Settings) -> Settings:
        *parents, last = path.split(".")
        changed = deepcopy(settings)
        place = changed
        for name in parents:
            place = place.setdefault(name, {})
        place[last] = value
        return changed

    return change


def unless_default(path: str, value: object) -> Change:
    """Sets one value, but leaves settings that do not name it alone: ``value`` is its default."""

    def change(settings: Settings) -> Settings:
        place: Any = settings
        for name in path.split("."):
            if name not in place:
                return settings
            place = place[name]
        return setting(path, value)(settings)

    return change


def both(first: Change, second: Change) -> Change:
    """One change after the other."""
    return lambda settings: second(first(settings))


def classifier_alone(settings: Settings) -> Settings:
    """C without synthetic faces, with everything else as in the full method."""
    arguments = settings["model"]["init_args"]
    kept = {name: arguments[name] for name in CLASSIFIER_ARGUMENTS if name in arguments}
    return {**settings, "model": {"class_path": "geofer.modules.ExpressionClassifier", "init_args": kept}}


def backbone(name: str, **arguments: object) -> Change:
    """Another classifier trunk."""
    return both(
        setting("model.init_args.classifier.backbone", name),
        setting("model.init_args.classifier.backbone_arguments", arguments),
    )


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> Settings:
    """Two configurations as repeated ``--config`` files merge: the later wins, and another class drops arguments."""
    result = dict(first)
    for name, value in second.items():
        known = result.get(name)
        if not isinstance(known, Mapping) or not isinstance(value, Mapping):
            result[name] = deepcopy(value)
        elif {known.get("class_path"), value.get("class_path")} - {known.get("class_path"), None}:
            result[name] = deepcopy(dict(value))
        else:
            result[name] = merged(known, value)
    return result
