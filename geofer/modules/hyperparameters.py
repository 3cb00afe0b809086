"""Constructor arguments as plain data, so that a checkpoint holds no code and loads with ``weights_only=True``."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import torch
from torch.optim import Optimizer

from geofer.errors import ConfigError


def plain_arguments(module: object, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What to hand to ``save_hyperparameters``, whether Python or the command line built the module.

    Args:
        module: The LightningModule under construction.
        arguments: ``locals()`` at the start of its ``__init__``.

    Returns:
        Numbers, strings, lists and dicts, in the form from which ``load_from_checkpoint`` builds the module again.

    Raises:
        ConfigError: An argument that has no plain form.
    """
    kind = type(module)
    return {
        "_class_path": f"{kind.__module__}.{kind.__qualname__}",
        "_instantiator": "lightning.pytorch.cli.instantiate_module",
        **{name: _plain(value, name) for name, value in arguments.items() if name not in ("self", "__class__")},
    }


def _plain(value: Any, name: str) -> Any:  # noqa: ANN401
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{name}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, name) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name), f"{name}.{field.name}") for field in fields(value)}
    if callable(value) and not isinstance(value, torch.nn.Module):
        return _plain_optimizer(value, name)
    raise ConfigError(f"The argument {name} is a {type(value).__name__}, which no checkpoint can hold as plain data.")


def _plain_optimizer(build: Callable[..., Any], name: str) -> dict[str, Any]:
    optimizer = build([torch.nn.Parameter(torch.zeros(1))])
    if not isinstance(optimizer, Optimizer):
        raise ConfigError(f"The argument {name} must build a torch optimizer; it built a {type(optimizer).__name__}.")
    kind = type(optimizer)
    accepted = inspect.signature(kind.__init__).parameters
    settings = {key: _plain(value, name) for key, value in optimizer.defaults.items() if key in accepted}
    return {"class_path": f"{kind.__module__}.{kind.__qualname__}", "init_args": settings}
