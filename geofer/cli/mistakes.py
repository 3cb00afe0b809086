"""From jsonargparse's account of a wrong configuration to a message with a suggestion."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

from lightning.pytorch import Trainer

from geofer import datamodules, modules
from geofer.configurations import check_no_address, read_settings
from geofer.errors import ConfigError

NOISE = ("Does not validate against", "Subtypes:", "Errors:", "- Expected a <class 'NoneType'>", "Given value")
CLASSES = (*datamodules.__all__, *modules.__all__)
NULL_AS_A_WORD = re.compile(r"Given value type: <class 'str'>\s+Given value: None")  # jsonargparse 4.53, nested
TOP = ("config", "model", "data", "trainer", "seed_everything", "ckpt_path", "class_path", "init_args")


def describe_mistake(account: str) -> str:
    """What is wrong in a command line or configuration file, and the closest names for one that does not exist.

    Args:
        account: The text of jsonargparse's error.
    """
    lines = [line for line in account.splitlines() if line.strip() and not line.strip().startswith(NOISE)]
    message = "The configuration is wrong:\n" + "\n".join(f"  {line}" for line in lines)
    if "arguments are required" in account and "model" in account:
        return f"{message}\nName a file that says it, such as --config quickstart."
    if NULL_AS_A_WORD.search(account) and (nested := re.search(r'Parser key "(\w+)\.(\w+)":', account)):
        return (
            f"{message}\nOn the command line, null is not understood for one setting of a group: "
            f"write --model.init_args.{nested[1]} '{{{nested[2]}: null}}', which keeps the others, or use a file."
        )
    if wrong := re.search(r"import path string: ([\w.]+)|has no attribute '(\w+)'", account):
        named = (wrong[1] or wrong[2]).rpartition(".")[2]
        if close := get_close_matches(named, CLASSES, n=2):
            return f"{message}\nDid you mean {' or '.join(close)}?"
    if wrong := re.search(r"option '([\w.]+)'|arguments: --([\w.]+)", account, re.IGNORECASE):
        known = set(_known_names(account))
        unknown = [part for part in (wrong[1] or wrong[2]).split(".") if part not in known]
        if unknown and (close := get_close_matches(unknown[0], sorted(known), n=2)):
            message += f"\nDid you mean {' or '.join(close)}?"
    return message


def check_files(arguments: Sequence[str]) -> None:
    """Looks into the configuration files of a command line: of one that is no YAML jsonargparse does not tell the name.

    Raises:
        ConfigError: It names the file, and what is wrong with it.
    """
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        option, _, value = word.partition("=")
        name = value or following
        if option == "--config" and name:
            check_no_address(name)
            if (path := Path(name)).is_file():
                _check_file(path)


def _check_file(path: Path) -> None:
    settings = read_settings(path)
    if not isinstance(settings, dict):
        raise ConfigError(
            f"{path} holds no settings, such as `trainer:` with options below it, but "
            f"{'nothing' if settings is None else 'a ' + type(settings).__name__}."
        )


def _known_names(account: str) -> Iterator[str]:
    """Names that a configuration may hold: of the trainer, and of the classes that the account speaks of."""
    yield from TOP
    yield from get_type_hints(Trainer.__init__)
    for path in re.findall(r"class_path '([\w.]+)\.(\w+)'", account):
        module, name = path
        hints = get_type_hints(getattr(import_module(module), name).__init__)
        for argument, hint in hints.items():
            yield argument
            if is_dataclass(hint):
                yield from (entry.name for entry in fields(hint))
