"""What may be read from a file that nobody has vouched for: plain data, in the shape that our own types have.

A checkpoint, a model file or an index says what it is in plain data. `read_arguments` turns that into the arguments of
one of our own classes, by the types in its signature: dataclasses, numbers, short texts, choices. Nothing that is read
is imported, called, opened or fetched, and what is no plain data, such as a function, is never read at all.
"""

import inspect
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from math import isfinite
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from geofer.errors import ConfigError, printable

LARGEST = 2**53
"""Largest size of a whole number; JSON readers do not agree on larger ones."""

LONGEST_TEXT, LONGEST_NAME = 1000, 60
"""Characters of a text, and of an expression's name."""

MOST_ENTRIES, DEEPEST = 20_000, 16
"""Numbers, texts and tables in a description, all together, and how deep they may be nested."""

MOST_EXPRESSIONS = 100

PLACE = (
    "file",
    "frame",
    "time",
    "face",
    "track",
    "x0",
    "y0",
    "x1",
    "y1",
    "expression",
    "prediction",
    "subject",
    "tags",
)
ABOUT = ("yaw", "pitch", "roll", "reliability", "warning", "error", "model", "modified", "average")
COLUMNS = frozenset((*PLACE, *ABOUT))
"""Columns of the tables of results, beside which each expression has one of its own."""


class SchemaError(ValueError):
    """An entry that is not what it has to be; the message names it."""


@dataclass(frozen=True)
class Between:
    """Bounds of a number, both allowed: ``Annotated[int, Between(1, 8)]``."""

    low: float
    high: float


ImageSize = Annotated[int, Between(0, 2048)]
"""Side of a crop in pixels; 0 for models that look at no pixels."""


CropSize = Annotated[int, Between(4, 2048)]
"""Side of the crop that a network of pixels looks at."""

Count = Annotated[int, Between(1, 65536)]
"""How many channels or layers; what they come to is compared with the weights of the file."""

Fraction = Annotated[float, Between(0, 1)]

Made = TypeVar("Made", bound=Callable[..., Any])


def from_files(**types: Any) -> Callable[[Made], Made]:  # noqa: ANN401 - they are types
    """Declares which keyword arguments of a plugin a checkpoint or model file may set, and of which types they are.

    All others may only come from a configuration or from Python. An argument that names a file, an address or weights
    must not be declared.
    """

    def declare(made: Made) -> Made:
        made.from_files = types  # type: ignore[attr-defined]
        return made

    return declare


def read_entries(types: Mapping[str, Any], data: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Plain data as a table of types says, each entry of which may be missing.

    Raises:
        SchemaError: An entry is unknown, of another type or out of its bounds.
    """
    return {name: read(_known(types, name, where), data[name], f"{where}.{name}") for name in data}


def _known(types: Mapping[str, Any], name: str, where: str) -> Any:  # noqa: ANN401
    if name not in types:
        raise SchemaError(
            f"{where}.{printable(name)[:LONGEST_NAME]} may not come from a file; from a file are taken "
            f"{', '.join(types) or 'none'}"
        )
    return types[name]


def read_arguments(
    kind: Callable[..., Any], data: object, where: str, leave_out: Collection[str] = ()
) -> dict[str, Any]:
    """Arguments of a class, read from plain data by the types in the signature of its ``__init__``.

    Args:
        kind: The class, or a function.
        data: A mapping from names of arguments to values.
        where: What is read, for messages, such as ``hyper_parameters``.
        leave_out: Arguments that the data cannot give, and that are not missed.

    Returns:
        By name, each of the type that the signature says. Arguments that are no plain data, such as what builds an
        optimizer, are left out, whatever the data say.

    Raises:
        SchemaError: An entry is unknown, missing, of another type or out of its bounds.
    """
    return _Reader().arguments(kind, data, where, leave_out)


def read(hint: Any, data: object, where: str) -> Any:  # noqa: ANN401 - a type, and what is of that type
    """Plain data as a type says: a dataclass, ``tuple[float, ...]``, ``Literal``, ``dict[str, Any]`` and so on.

    Args:
        hint: The type. ``Any`` is a tree of numbers, texts, lists and dictionaries, whose texts are made printable.
        data: What the file holds.
        where: What is read, for messages.

    Raises:
        SchemaError: It is something else.
    """
    return _Reader().value(hint, data, where)


def read_expressions(data: object, where: str = "expressions") -> tuple[str, ...]:
    """Names of expressions, in the order of their labels.

    Raises:
        SchemaError: They are none, too many, not told apart, or names that no table of results could show.
    """
    if not isinstance(data, list | tuple) or not 1 <= len(data) <= MOST_EXPRESSIONS:
        raise SchemaError(f"{where} are {shown(data)}, not 1 to {MOST_EXPRESSIONS} names")
    for place, name in enumerate(data):
        if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
            raise SchemaError(f"{where}[{place}] is {shown(name)}, not a name of 1 to {LONGEST_NAME} printable letters")
        if name.strip() != name or name[0] in "=+-@":
            raise SchemaError(f"{where}[{place}] is {shown(name)}; a name begins with no space and none of = + - @")
        if name.lower() in COLUMNS:
            raise SchemaError(f"{where}[{place}] is {name!r}, which is a column of the tables of results")
        if name in data[:place]:
            raise SchemaError(f"{where} name {name!r} twice")
    return tuple(data)


def check_expressions(names: Sequence[str]) -> None:
    """Refuses to train what could not be read again, see `read_expressions`.

    Raises:
        ConfigError: It says why.
    """
    try:
        read_expressions(list(names))
    except SchemaError as error:
        raise ConfigError(f"{error}. Rename the expressions of the data.") from error


def shown(value: object) -> str:
    """A value from outside in a message: short, on one line, and printable."""
    if isinstance(value, str):
        return repr(value if len(value) <= LONGEST_NAME else value[:LONGEST_NAME] + "…")
    if value is None or isinstance(value, bool | float):
        return str(value)
    if isinstance(value, int):
        return str(value) if abs(value) <= LARGEST else "a huge number"
    return f"a {type(value).__name__}"


class _Reader:
    """Reads one description, and counts its entries on the way."""

    def __init__(self) -> None:
        self._entries = 0

    def arguments(
        self, kind: Callable[..., Any], data: object, where: str, leave_out: Collection[str]
    ) -> dict[str, Any]:
        data = self._table(data, where)
        function = kind.__init__ if isinstance(kind, type) else kind  # type: ignore[misc]  # it is only looked at
        hints = get_type_hints(function, include_extras=True)
        known = {
            name: parameter
            for name, parameter in inspect.signature(kind).parameters.items()
            if name not in leave_out and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        }
        if unknown := sorted(data.keys() - known.keys() - set(leave_out)):
            raise SchemaError(f"{where}.{printable(unknown[0])[:LONGEST_NAME]} is unknown to this version of geofer")
        found = {}
        for name, parameter in known.items():
            if not _is_plain(hints[name]):
                continue
            if name in data:
                found[name] = self.value(hints[name], data[name], f"{where}.{name}")
            elif parameter.default is parameter.empty:
                raise SchemaError(f"{where}.{name} is missing")
            elif hasattr(parameter.default, "as_read"):  # what a file leaves out may fetch no more than what it says
                found[name] = parameter.default.as_read()
        return found

    def value(self, hint: Any, data: object, where: str, depth: int = 0) -> Any:  # noqa: ANN401
        self._entries += 1
        if self._entries > MOST_ENTRIES or depth > DEEPEST:
            raise SchemaError(f"{where} goes too far: at most {MOST_ENTRIES} entries, nested {DEEPEST} deep, are read")
        origin, of = get_origin(hint), get_args(hint)
        if hint is Any:
            return self._tree(data, where, depth)
        if origin is Annotated:
            number = self.value(of[0], data, where, depth)
            for bounds in of[1:]:
                if isinstance(bounds, Between) and not bounds.low <= number <= bounds.high:
                    raise SchemaError(f"{where} is {shown(number)}, not from {bounds.low:g} to {bounds.high:g}")
            return number
        if origin in (Union, types.UnionType):
            return self._one_of(of, data, where, depth)
        if origin is Literal:
            if not any(type(data) is type(choice) and data == choice for choice in of):
                raise SchemaError(f"{where} is {shown(data)}, none of {', '.join(map(str, of))}")
            return data
        if origin in (tuple, list, Sequence):
            return self._row(origin, of, data, where, depth)
        if origin in (dict, Mapping):
            table = self._table(data, where)
            return {name: self.value(of[1], table[name], f"{where}.{printable(name)}", depth + 1) for name in table}
        if isinstance(hint, type) and is_dataclass(hint):
            return self._made(hint, data, where)
        return _simple(hint, data, where)

    def _made(self, kind: type, data: object, where: str) -> object:
        arguments = self.arguments(kind, data, where, ())
        try:
            made = kind(**arguments)
            return made.as_read() if hasattr(made, "as_read") else made
        except SchemaError:
            raise
        except Exception as error:  # each class checks its own numbers in its own way
            raise SchemaError(f"{where} cannot be: {error}".removesuffix(".")) from error

    def _one_of(self, of: tuple[Any, ...], data: object, where: str, depth: int) -> Any:  # noqa: ANN401
        if data is None and type(None) in of:
            return None
        wrong = None
        for hint in of:
            if hint is type(None):
                continue
            try:
                return self.value(hint, data, where, depth)
            except SchemaError as error:
                wrong = wrong or error
        raise wrong or SchemaError(f"{where} is {shown(data)}")

    def _row(self, origin: type, of: tuple[Any, ...], data: object, where: str, depth: int) -> Any:  # noqa: ANN401
        if not isinstance(data, list | tuple):
            raise SchemaError(f"{where} is {shown(data)}, not a list")
        hints = of if origin is tuple and of[-1] is not Ellipsis else (of[0],) * len(data)
        if len(hints) != len(data):
            raise SchemaError(f"{where} has {len(data)} entries, not {len(hints)}")
        read = [
            self.value(hint, entry, f"{where}[{place}]", depth + 1)
            for place, (hint, entry) in enumerate(zip(hints, data, strict=True))
        ]
        return tuple(read) if origin is tuple else read

    def _tree(self, data: object, where: str, depth: int) -> Any:  # noqa: ANN401
        if isinstance(data, list | tuple):
            return [self.value(Any, entry, where, depth + 1) for entry in data]
        if isinstance(data, Mapping):
            table = self._table(data, where)
            return {
                printable(name): self.value(Any, table[name], f"{where}.{printable(name)}", depth + 1) for name in table
            }
        if isinstance(data, str):
            return printable(data)[:LONGEST_TEXT]
        if data is None or isinstance(data, bool | float):  # NaN is a number that was not measured
            return data
        return _simple(int, data, where)

    def _table(self, data: object, where: str) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise SchemaError(f"{where} is {shown(data)}, not a table of names and values")
        if len(data) > MOST_ENTRIES:
            raise SchemaError(f"{where} has {len(data)} entries; at most {MOST_ENTRIES} are read")
        table = {name: data[name] for name in data}  # an OrderedDict of a checkpoint may have lost its methods
        for name in table:
            if not isinstance(name, str) or not len(name) <= LONGEST_TEXT:
                raise SchemaError(f"{where} has the entry {shown(name)}, which is no name")
        return table


def _simple(hint: Any, data: object, where: str) -> Any:  # noqa: ANN401
    if hint is bool and isinstance(data, bool):
        return data
    if hint is int and isinstance(data, int) and not isinstance(data, bool) and abs(data) <= LARGEST:
        return data
    if hint is float and isinstance(data, int | float) and not isinstance(data, bool) and abs(data) <= LARGEST:
        return data if isfinite(data) else _refuse(data, "a finite number", where)
    if hint is str and isinstance(data, str) and len(data) <= LONGEST_TEXT and data.isprintable():
        return data
    kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "a short printable text"}
    return _refuse(data, kinds.get(hint, "anything that can be read"), where)


def _refuse(data: object, expected: str, where: str) -> Any:  # noqa: ANN401
    raise SchemaError(f"{where} is {shown(data)}, not {expected}")


def _is_plain(hint: Any) -> bool:  # noqa: ANN401
    """Whether a type is plain data; a function, or what builds one, is not."""
    origin = get_origin(hint)
    if origin is Callable or hint is Callable or origin is types.FunctionType:
        return False
    return not any(get_origin(of) is Callable for of in get_args(hint))
