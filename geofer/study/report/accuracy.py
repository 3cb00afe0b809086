"""The table of a study, as text and as a picture: accuracy of each row, and its difference to the reference row."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import TYPE_CHECKING

from geofer.metrics.confusion import balanced_accuracy
from geofer.study.design import Quoted, Row, Study
from geofer.study.report.cells import cells_as_csv, cells_as_markdown
from geofer.study.running import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INTERVALS = ("95 %", "95 % of it")
"""The widest columns, which a terminal has no room for."""


def headings(study: Study, same_protocol: bool = True) -> list[str]:
    """Of the columns, as `Line.cells` fills them.

    Args:
        study: Whose table it is.
        same_protocol: Whether its faces are the paper's, or else the paper's numbers are marked as others.
    """
    paper = "paper" if study.protocol is None else f"paper, {study.protocol.name}"
    if study.protocol is not None and not same_protocol:
        paper = f"other faces: {paper}"
    ours = [study.score, "±", INTERVALS[0], "difference", "± of it", INTERVALS[1]]
    return ["row", "seeds", *ours, paper, "paper's difference"]


@dataclass(frozen=True)
class Line:
    """A row of the table, in percent; NaN where there is none.

    Attributes:
        title: Of the row.
        seeds: Number of seeds.
        accuracy: Mean over seeds of the study's score on the test faces.
        spread: Its standard deviation over seeds.
        interval: The 95 % confidence interval of its mean over seeds, Student's t.
        difference: Mean difference to the reference row, seed by seed.
        difference_spread: Standard deviation of that.
        difference_interval: As ``interval``.
        paper: What the paper reports.
        paper_difference: The same difference in the paper.
    """

    title: str
    seeds: int
    accuracy: float
    spread: float
    interval: tuple[float, float]
    difference: float
    difference_spread: float
    difference_interval: tuple[float, float]
    paper: float
    paper_difference: float

    def cells(self) -> list[str]:
        """As the tables print it."""
        return [
            self.title,
            str(self.seeds) if self.seeds else "–",
            _number(self.accuracy),
            _number(self.spread),
            _interval(self.interval),
            _number(self.difference, "+"),
            _number(self.difference_spread),
            _interval(self.difference_interval, "+"),
            _number(self.paper),
            _number(self.paper_difference, "+"),
        ]


def _number(value: float, sign: str = "") -> str:
    return "–" if math.isnan(value) else f"{value:{sign}.2f}"


def _interval(ends: tuple[float, float], sign: str = "") -> str:
    return "–" if math.isnan(ends[0]) else " to ".join(_number(end, sign) for end in ends)


def table(study: Study, results: Sequence[Result]) -> list[Line]:
    """The study's table; rows without a finished run are left out, and rows of the paper that are not run come last."""
    scores: dict[str, dict[int, float]] = {}
    for result in results:
        report = result.report
        score = report.accuracy if study.score == "accuracy" else balanced_accuracy(report.confusion)
        scores.setdefault(result.row, {})[result.seed] = 100 * score
    return [
        *(_line(study, row, scores) for row in study.rows if row.name in scores),
        *(_quoted(study, quoted) for quoted in study.quoted if scores),
    ]


def _quoted(study: Study, quoted: Quoted) -> Line:
    reference = study.row(study.reference).paper
    difference = math.nan if reference is None else quoted.paper - reference
    unknown, no_interval = math.nan, (math.nan, math.nan)
    return Line(quoted.title, 0, unknown, unknown, no_interval, unknown, unknown, no_interval, quoted.paper, difference)


def _line(study: Study, row: Row, accuracy: dict[str, dict[int, float]]) -> Line:
    own, reference = accuracy[row.name], accuracy.get(study.reference, {})
    both = [] if row.name == study.reference else sorted(own.keys() & reference.keys())
    differences = [own[seed] - reference[seed] for seed in both]
    paper = math.nan if row.paper is None else row.paper
    paper_reference = study.row(study.reference).paper
    compared = bool(differences) and paper_reference is not None
    return Line(
        title=row.title,
        seeds=len(own),
        accuracy=mean(own.values()),
        spread=_spread(list(own.values())),
        interval=_confidence(list(own.values())),
        difference=mean(differences) if differences else math.nan,
        difference_spread=_spread(differences),
        difference_interval=_confidence(differences),
        paper=paper,
        paper_difference=paper - paper_reference if compared and paper_reference is not None else math.nan,
    )


def _spread(values: Sequence[float]) -> float:
    return stdev(values) if len(values) > 1 else math.nan


def _confidence(values: Sequence[float]) -> tuple[float, float]:
    """Student's 95 % confidence interval of the mean."""
    from scipy.special import stdtrit  # a tenth of a second that other commands need not wait for

    if len(values) < 2:
        return math.nan, math.nan
    reach = float(stdtrit(len(values) - 1, 0.975)) * stdev(values) / math.sqrt(len(values))
    return mean(values) - reach, mean(values) + reach


def as_csv(heads: Sequence[str], lines: Sequence[Line]) -> str:
    """The table as CSV, under its headings."""
    return cells_as_csv([heads, *(line.cells() for line in lines)])


def as_markdown(heads: Sequence[str], lines: Sequence[Line]) -> str:
    """The table as Markdown, under its headings."""
    return cells_as_markdown([heads, *(line.cells() for line in lines)])


def as_latex(heads: Sequence[str], lines: Sequence[Line]) -> str:
    """The table as LaTeX under its headings, for the package booktabs."""
    escaped = [[_escaped(cell) for cell in line.cells()] for line in lines]
    top = [_escaped(heading).replace("±", r"$\pm$") for heading in heads]
    body = "".join(f"{' & '.join(row)} \\\\\n" for row in escaped)
    return (
        f"\\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}\n\\toprule\n{' & '.join(top)} \\\\\n\\midrule\n"
        f"{body}\\bottomrule\n\\end{{tabular}}\n"
    )


def _escaped(cell: str) -> str:
    for character, latex in (("%", r"\%"), ("_", r"\_"), ("–", "--"), ("σ", r"$\sigma$"), ("λ", r"$\lambda$")):
        cell = cell.replace(character, latex)
    return cell


def figure(study: Study, lines: Sequence[Line]) -> "Figure":
    """A curve where the rows are numbers, else bars; with the spread over seeds, and the paper's numbers."""
    from matplotlib.figure import Figure

    lines = [line for line in lines if line.seeds]
    drawn = Figure(figsize=(6, 4) if study.axis else (6, 1 + 0.35 * len(lines)), layout="constrained", dpi=150)
    axes = drawn.add_subplot()
    spread = [0 if math.isnan(line.spread) else line.spread for line in lines]
    accuracy, paper = [line.accuracy for line in lines], [line.paper for line in lines]
    published = "paper" if any(not math.isnan(number) for number in paper) else None  # None: not in the legend
    if study.axis:
        x = [float(line.title) for line in lines]
        axes.errorbar(x, accuracy, spread, marker="o", capsize=3, label="geofer")
        axes.plot(x, paper, "s--", color="gray", label=published)
        axes.set(xlabel=study.axis, ylabel=f"test {study.score} in %")
    else:
        places = range(len(lines))
        axes.barh(places, accuracy, xerr=spread, label="geofer")
        axes.plot(paper, places, "s", color="black", label=published)
        axes.set_yticks(places, [line.title for line in lines])
        axes.invert_yaxis()
        axes.set(xlabel=f"test {study.score} in %")
    drawn.suptitle(study.title)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)  # above, where it hides nothing
    return drawn
