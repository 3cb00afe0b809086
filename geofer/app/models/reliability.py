"""How far a recognizer can be trusted at a head pose: its accuracy there, on faces that it was tested on."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:  # torchmetrics behind it takes a second to load
    from geofer.metrics.report import RecognitionReport


@dataclass(frozen=True)
class Reliability:
    """Accuracy in cells of pitch and yaw.

    Attributes:
        yaws: Edges of the columns in degrees, ascending; one more than there are columns.
        pitches: Edges of the rows.
        accuracy: One tuple a row, each cell in [0, 1]; None where no face was tested.
        faces: How many faces were tested in each cell.
    """

    yaws: tuple[float, ...]
    pitches: tuple[float, ...]
    accuracy: tuple[tuple[float | None, ...], ...]
    faces: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        """Checks the shapes.

        Raises:
            ValueError: Edges do not ascend, a table has another shape than the edges say, or a number is no share.
        """
        for edges in (self.yaws, self.pitches):
            if list(edges) != sorted(set(edges)) or len(edges) < 2:
                raise ValueError(f"the edges of poses are {edges}, which do not ascend")
        for table in (self.accuracy, self.faces):
            if [len(row) for row in table] != [len(self.yaws) - 1] * (len(self.pitches) - 1):
                raise ValueError("the accuracy by pose does not fit its edges")
        shares = [share for row in self.accuracy for share in row if share is not None]
        if not all(0 <= share <= 1 for share in shares) or any(count < 0 for row in self.faces for count in row):
            raise ValueError("the accuracy by pose is no share, or a number of faces is below 0")

    def at(self, yaw: float, pitch: float) -> float | None:
        """Accuracy at a pose in degrees; None where nothing was measured, or a pose is not a number."""
        column, row = bisect_right(self.yaws, yaw) - 1, bisect_right(self.pitches, pitch) - 1
        inside = self.yaws[0] <= yaw < self.yaws[-1] and self.pitches[0] <= pitch < self.pitches[-1]
        return self.accuracy[row][column] if inside else None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """From plain lists, as JSON holds them."""
        return cls(
            tuple(map(float, data["yaws"])),
            tuple(map(float, data["pitches"])),
            tuple(tuple(row) for row in data["accuracy"]),
            tuple(tuple(row) for row in data["faces"]),
        )

    @classmethod
    def from_report(cls, report: "RecognitionReport") -> Self | None:
        """From a test's report: a cell around each pose of its table; None if no pose is known."""
        half = report.pose_step / 2
        cells = {
            (float(yaw), float(pitch)): (int(correct.sum()), int(total.sum()))
            for (yaw, pitch), correct, total in zip(report.poses, report.correct, report.total, strict=True)
            if yaw == yaw and pitch == pitch
        }
        if not cells:
            return None
        yaws, pitches = (_steps([pose[axis] for pose in cells], report.pose_step) for axis in (0, 1))
        counts = [[cells.get((yaw, pitch), (0, 0)) for yaw in yaws] for pitch in pitches]
        return cls(
            tuple(yaw - half for yaw in (*yaws, yaws[-1] + report.pose_step)),
            tuple(pitch - half for pitch in (*pitches, pitches[-1] + report.pose_step)),
            tuple(tuple(correct / total if total else None for correct, total in row) for row in counts),
            tuple(tuple(total for _, total in row) for row in counts),
        )


def _steps(angles: list[float], step: int) -> list[float]:
    """All multiples of the step from the smallest to the largest angle."""
    return [min(angles) + number * step for number in range(round((max(angles) - min(angles)) / step) + 1)]
