"""What a study is: a table of runs that differ in one thing each, beside what the paper reports."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from geofer.metrics.groups import GroupAccuracy
from geofer.metrics.report import RecognitionReport

Settings = dict[str, Any]
"""A configuration of ``geofer fit``, as its YAML reads: dictionaries, lists, numbers and strings."""

Change = Callable[[Settings], Settings]
"""Turns the settings of the full method into those of a row; leaves what it is given as it is."""


@dataclass(frozen=True)
class Outcome:
    """What the test of a row found.

    Attributes:
        report: Accuracy by pose and expression.
        groups: Accuracy by gender, age and ancestry, if it is known whom the faces show.
    """

    report: RecognitionReport
    groups: tuple[GroupAccuracy, ...] = ()


Measure = Callable[[Settings, int], Outcome]
"""Trains and tests what a row's settings say with a seed, in this process."""

CLASSIFIER_ARGUMENTS = ("classifier", "augmentation", "classifier_optimization")
"""What `geofer.modules.ExpressionClassifier` shares with the full method."""


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        name: Short name, as in file names.
        title: As the table prints it.
        change: From the full method's settings to the row's.
        paper: Accuracy in percent that the paper reports, None if it has no such row.
        measure: How the row is run if not by ``geofer fit`` and ``geofer test``.
        otherwise: Another way to write the same settings, in which another study may have run them; None if none has.
        weights: Is added to the seed of the weights, the order and the draws, but not to that of the people.
    """

    name: str
    title: str
    change: Change
    paper: float | None = None
    measure: Measure | None = None
    otherwise: Change | None = None
    weights: int = 0


class PaperFaces(Protocol):
    """The faces that the paper's numbers stand on, as `geofer.study.protocols` has them."""

    @property
    def name(self) -> str:
        """As the headings of tables have it."""
        ...

    @property
    def text(self) -> str:
        """The protocol in a few words."""
        ...

    def differences(self, data: Settings) -> tuple[str, ...]:
        """In what the part ``data`` of a configuration differs from them; empty if in nothing."""
        ...


@dataclass(frozen=True)
class Quoted:
    """A row of a table of the paper that is not run here.

    Attributes:
        title: As the table prints it.
        paper: Accuracy in percent that the paper reports.
        reason: Why it is not run, a sentence.
    """

    title: str
    paper: float
    reason: str


@dataclass(frozen=True)
class Study:
    """A table or curve of the paper.

    Attributes:
        name: As in ``geofer study <name>``.
        title: What it asks.
        source: Which table or figure of the paper it repeats, and on which data.
        rows: Its lines, in order.
        reference: Name of the row that others are compared with, seed by seed.
        axis: For a curve, what its rows vary, such as ``σ in pixels``; the rows' titles are then numbers.
        synthesis: Whether the synthetic faces of its generators are measured, too.
        robustness: Names of the rows whose accuracy on turned, covered, small and badly lit faces is measured.
        protocol: What faces the paper's numbers stand on; None if the paper has none.
        score: What the table compares: ``accuracy`` over all faces, or ``mean recall``, the mean over expressions.
        quoted: Rows of the paper's table that are not run.
    """

    name: str
    title: str
    source: str
    rows: tuple[Row, ...]
    reference: str
    axis: str | None = None
    synthesis: bool = False
    robustness: tuple[str, ...] = ()
    protocol: PaperFaces | None = None
    score: Literal["accuracy", "mean recall"] = "accuracy"
    quoted: tuple[Quoted, ...] = ()

    def row(self, name: str) -> Row:
        """The row of a name.

        Raises:
            KeyError: There is none.
        """
        return {row.name: row for row in self.rows}[name]


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
