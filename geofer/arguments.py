"""What an object was made with: its constructor's arguments, as plain data for checkpoints and for people."""

import inspect
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import PurePath
from typing import Any

import numpy as np

from geofer.errors import ConfigError

ADDRESS = re.compile(r"[/\\~]|[A-Za-z]:[/\\]|[A-Za-z0-9+.-]+://")
"""How a text begins that names a place on some machine."""

LONGEST = 100
"""Entries of a list or dictionary that `described` tells in full."""


def constructor_arguments(made: object) -> dict[str, Any]:
    """The arguments that an object is being made with, by name.

    Args:
        made: The object; its ``__init__`` runs, and the base's that calls this function is the innermost.

    Returns:
        The arguments of its class as they are, and those of a base to which the class hands its keywords on.
    """
    frames = []
    current = inspect.currentframe()
    frame = current.f_back if current else None
    while frame is not None and frame.f_code.co_name == "__init__":
        given = inspect.getargvalues(frame)
        if not given.args or given.locals[given.args[0]] is not made:
            break
        frames.append(given)
        frame = frame.f_back
    arguments: dict[str, Any] = {}
    for given in reversed(frames):
        arguments = {name: given.locals[name] for name in given.args[1:]} | arguments
        if not given.keywords:
            break
        arguments |= given.locals[given.keywords]
    return arguments


def plain(value: Any, name: str) -> Any:  # noqa: ANN401
    """A value from which the same object can be made again, for a checkpoint that holds no code.

    Args:
        value: Numbers, text, lists, dictionaries, dataclasses, or a function that builds an optimizer or scheduler,
            of which its settings are told.
        name: What it is called, for messages.

    Returns:
        Numbers, text, lists and dictionaries.

    Raises:
        ConfigError: It has no plain form.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{name}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, name) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name), f"{name}.{field.name}") for field in fields(value)}
    if callable(value) and not hasattr(value, "parameters"):  # a network has parameters
        return _plain_function(value, name)
    raise ConfigError(f"The argument {name} is a {type(value).__name__}, which no checkpoint can hold as plain data.")


def _plain_function(build: Callable[..., Any], name: str) -> dict[str, Any]:
    """``class_path`` and ``init_args`` of the optimizer or scheduler that a function builds."""
    import torch
    from torch.optim import SGD, Optimizer
    from torch.optim.lr_scheduler import LRScheduler

    parameters = [torch.nn.Parameter(torch.zeros(1))]
    built = build(SGD(parameters, lr=1.0) if name.endswith("scheduler") else parameters)
    kind = type(built)
    accepted = inspect.signature(kind.__init__).parameters
    if isinstance(built, Optimizer):
        settings = built.defaults
    elif isinstance(built, LRScheduler):
        settings = {key: value for key, value in vars(built).items() if not key.startswith("_") and key != "optimizer"}
    else:
        raise ConfigError(f"The argument {name} must build an optimizer or scheduler of torch; it built {built!r}.")
    kept = {key: plain(value, f"{name}.{key}") for key, value in settings.items() if key in accepted}
    return {"class_path": f"{kind.__module__}.{kind.__qualname__}", "init_args": kept}


def described(value: object) -> Any:  # noqa: ANN401
    """A value as a checkpoint or a model card tells people of it.

    Returns:
        Numbers, text, lists and dictionaries; what is none of these, or long, becomes the name of its type. Of a path
        only the last part stays, so that nothing tells of the folders of this machine.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, os.PathLike):
        value = PurePath(value)
    if isinstance(value, PurePath) or (isinstance(value, str) and ADDRESS.match(value)):
        return re.split(r"[/\\]", str(value).rstrip("/\\"))[-1]
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping | list | tuple) and len(value) > LONGEST:
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, Mapping):
        return {str(key): described(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [described(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: described(getattr(value, field.name)) for field in fields(value)}
    return type(value).__name__
