"""What a data module was asked for, as plain data that a checkpoint can hold and a model card can show."""

import inspect
import os
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import PurePath
from typing import Any

import numpy as np

ADDRESS = re.compile(r"[/\\~]|[A-Za-z]:[/\\]|[A-Za-z0-9+.-]+://")
"""How a text begins that names a place on some machine."""

LONGEST = 100
"""Entries of a list or dictionary that is told in full."""


def constructor_arguments(made: object) -> dict[str, Any]:
    """The arguments that an object is being made with, by name: those of its class and of the bases that it calls.

    Args:
        made: The object; its ``__init__`` runs, and the base's that calls this function is the innermost.

    Returns:
        Plain data, see `plain`; where a class and its base have an argument of one name, the class's.
    """
    arguments: dict[str, Any] = {}
    current = inspect.currentframe()
    frame = current.f_back if current else None
    while frame is not None and frame.f_code.co_name == "__init__":
        given = inspect.getargvalues(frame)
        if not given.args or given.locals[given.args[0]] is not made:
            break
        more = given.locals[given.keywords] if given.keywords else {}
        arguments |= {name: given.locals[name] for name in given.args[1:]} | more
        frame = frame.f_back
    return {name: plain(value) for name, value in arguments.items()}


def plain(value: object) -> Any:  # noqa: ANN401
    """Numbers, text, lists and dictionaries; what is none of these, or long, becomes the name of its type.

    Of a path only the last part stays, so that nothing tells of the folders of this machine.
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
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return type(value).__name__
