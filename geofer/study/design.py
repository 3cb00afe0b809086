"""What a study is: a table of runs that differ in one thing each, beside what the paper reports."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from geofer.metrics.groups import GroupAccuracy
from geofer.metrics.report import RecognitionReport
from geofer.study.protocols import Protocol
from geofer.study.settings import Change, Settings


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
    protocol: Protocol | None = None
    score: Literal["accuracy", "mean recall"] = "accuracy"
    quoted: tuple[Quoted, ...] = ()

    def row(self, name: str) -> Row:
        """The row of a name.

        Raises:
            KeyError: There is none.
        """
        return {row.name: row for row in self.rows}[name]
