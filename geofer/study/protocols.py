"""On which faces the paper's numbers stand, and in what a study's data differ from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from geofer.datamodules.datasets.bu3dfe import PITCHES, SIX, YAWS
from geofer.datamodules.datasets.multi_pie import PAPER_CAMERAS, MultiPIE
from geofer.faces import EXPRESSIONS
from geofer.study.data import CROSS_DATA_SET, folds_of, is_of
from geofer.study.settings import Settings

EPOCHS, BATCH = 100, 36
"""Of the paper's training, as the authors' code of 2018 has them."""


@dataclass(frozen=True)
class Protocol:
    """A data set of the paper, and how it is used.

    Attributes:
        name: As the headings of tables have it.
        text: The protocol in a few words.
        data: Name of the data module's class.
        arguments: Those of its arguments that make the protocol; one that the settings leave out has this value.
        expressions: Names of the classes; their order says nothing.
        training_faces: How many faces an epoch has.
    """

    name: str
    text: str
    data: str
    expressions: tuple[str, ...]
    training_faces: int
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def batches(self) -> int:
        """How many batches the paper's training has."""
        return EPOCHS * (self.training_faces // BATCH)

    def differences(self, data: Settings) -> tuple[str, ...]:
        """In what the part ``data`` of a configuration differs from the protocol; empty if in nothing.

        Args:
            data: The data module's class and arguments.
        """
        if self.data == CROSS_DATA_SET:
            return _differences_from_sfew(data)
        if not is_of(data, self.data):
            return (f"{_name(data)} in place of {self.name}",)
        given = data.get("init_args", {})
        found = [
            f"{name} {given[name]}, not {wanted}"
            for name, wanted in self.arguments.items()
            if _plain(given.get(name, wanted)) != _plain(wanted)
        ]
        chosen = given.get("expressions") or self.expressions
        if set(chosen) != set(self.expressions):
            found.append(f"the expressions {', '.join(chosen)}, not {', '.join(self.expressions)}")
        if self is not MULTI_PIE and folds_of(data) is not None:
            found.append(f"{folds_of(data)} folds, not one test")
        return tuple(found)


def _plain(value: Any) -> Any:  # noqa: ANN401 - a setting
    """A setting whose order says nothing."""
    return sorted(value) if isinstance(value, list | tuple) else value


def _name(data: Settings) -> str:
    return str(data.get("class_path", "")).rpartition(".")[2]


def _differences_from_sfew(data: Settings) -> tuple[str, ...]:
    if not is_of(data, CROSS_DATA_SET):
        return (f"{_name(data)} in place of BU-3DFE and SFEW",)
    source, target = (data["init_args"][name] for name in ("source", "target"))
    if not is_of(source, "BU3DFE") or not is_of(target, "SFEW"):
        return (f"{_name(source)} and {_name(target)} in place of BU-3DFE and SFEW",)
    found = []
    if target.get("init_args", {}).get("version") != "1.0":
        found.append("another version of SFEW than 1.0")
    if set(source.get("init_args", {}).get("expressions", SIX)) != set(EXPRESSIONS):
        found.append("other expressions than all seven")
    return tuple(found)


MULTI_PIE = Protocol(
    "Multi-PIE",
    "five poses, six expressions, five folds over people whose faces are counted together",
    "MultiPIE",
    MultiPIE.VOCABULARY,
    training_faces=5512,  # nine tenths of four folds of 7,655: the others choose the checkpoint
    arguments={"cameras": PAPER_CAMERAS, "folds": 5, "recordings": "first"},
)
BU3DFE = Protocol(
    "BU-3DFE",
    "35 views, six expressions without neutral at the strongest level, 80 people to train and 20 to test",
    "BU3DFE",
    SIX,
    training_faces=72 * 6 * 35,  # eight of the 80 choose the checkpoint
    arguments={"levels": (4,), "yaws": YAWS, "pitches": PITCHES},
)
SFEW = Protocol(
    "SFEW",
    "trained on BU-3DFE with seven expressions, tested on all frames of SFEW 1.0; the mean of seven recalls",
    CROSS_DATA_SET,
    EXPRESSIONS,
    training_faces=92 * 7 * 35,  # all but the eight who choose the checkpoint
)
PROTOCOLS = (MULTI_PIE, BU3DFE, SFEW)


def protocol_of(data: Settings) -> Protocol | None:
    """The protocol that the part ``data`` of a configuration follows to the letter, or None."""
    return next((protocol for protocol in PROTOCOLS if not protocol.differences(data)), None)
