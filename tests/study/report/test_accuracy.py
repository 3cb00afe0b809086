"""The tables of a study: means, spreads and differences that a few numbers tell."""

import csv
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from geofer.metrics.report import RecognitionReport
from geofer.study.design import Quoted, Row, Study
from geofer.study.protocols import SFEW
from geofer.study.report.accuracy import as_csv, as_latex, as_markdown, figure, headings, table
from geofer.study.report.writing import write_report
from geofer.study.running import Result
from geofer.study.settings import setting, unchanged

STUDY = Study(
    "toy",
    "A toy",
    "Table 0",
    rows=(
        Row("full", "full method", unchanged, 90.0),
        Row("less", "less_of it, 50 %", setting("model.x", 1), 85.5),
        Row("more", "more", setting("model.x", 2)),
        Row("never", "never run", setting("model.x", 3)),
    ),
    reference="full",
)


HEADS = headings(STUDY)


def result(row, seed, correct):
    """100 faces of 10 people, ``correct`` of them recognized."""
    right, total = np.array([[correct, 0]]), np.array([[100, 0]])
    confusion = np.array([[correct, 100 - correct], [0, 0]])
    poses = np.zeros((1, 2))
    return Result(row, seed, "", RecognitionReport(("a", "b"), poses, right, total, confusion, 0.1, 0.2, 0.9, 10))


RESULTS = [
    *(result("full", seed, correct) for seed, correct in ((0, 80), (1, 84), (2, 85))),
    *(result("less", seed, correct) for seed, correct in ((0, 70), (1, 78))),
    result("more", 3, 90),
]


def test_differences_are_taken_seed_by_seed():
    full, less, more = table(STUDY, RESULTS)
    assert (full.seeds, full.accuracy, full.spread) == (3, 83.0, pytest.approx(np.std([80, 84, 85], ddof=1)))
    assert (less.difference, less.difference_spread) == (-8.0, pytest.approx(np.std([-10, -6], ddof=1)))
    assert (less.paper, less.paper_difference) == (85.5, -4.5)
    assert math.isnan(full.difference)
    assert (more.accuracy, more.seeds) == (90.0, 1)
    assert math.isnan(more.difference)  # no seed in common
    assert math.isnan(more.spread)


def test_intervals_are_students():
    full, less, more = table(STUDY, RESULTS)
    for found, values in (
        (full.interval, [80, 84, 85]),
        (less.interval, [70, 78]),
        (less.difference_interval, [-10, -6]),
    ):
        center, scale = np.mean(values), stats.sem(values)
        assert found == pytest.approx(stats.t.interval(0.95, len(values) - 1, center, scale))
    assert all(math.isnan(end) for end in (*full.difference_interval, *more.interval))


def test_tables_hold_the_same_cells_in_three_formats():
    lines = table(STUDY, RESULTS)
    cells = [
        *("less_of it, 50 %", "2", "74.00", "5.66", "23.18 to 124.82"),
        *("-8.00", "2.83", "-33.41 to +17.41", "85.50", "-4.50"),
    ]
    assert next(csv.reader(as_csv(HEADS, lines).splitlines()[2:])) == cells
    assert f"| {' | '.join(cells)} |" in as_markdown(HEADS, lines)
    assert r"less\_of it, 50 \% & 2 & 74.00 & 5.66 & 23.18 to 124.82 & -8.00" in as_latex(HEADS, lines)
    assert "more & 1 & 90.00 & -- & -- & -- & -- & -- & -- & --" in as_latex(HEADS, lines)
    assert r"95 \% of it" in as_latex(HEADS, lines)
    assert (
        as_latex(HEADS, [replace(lines[0], title="λ3 of σ")])
        .splitlines()[4]
        .startswith(r"$\lambda$3 of $\sigma$ & 3 & 83.00")
    )
    assert as_latex(HEADS, lines).count(r"\\") == len(lines) + 1


def test_the_paper_is_in_the_legend_only_if_it_has_numbers():
    lines = table(STUDY, RESULTS)
    unpublished = [replace(line, paper=math.nan) for line in lines]
    for drawn, names in ((lines, ["geofer", "paper"]), (unpublished, ["geofer"])):
        legend = figure(STUDY, drawn).axes[0].get_legend()
        assert sorted(text.get_text() for text in legend.get_texts()) == names


def test_the_title_lies_within_the_figure_beside_long_names_of_rows():
    long = [replace(line, title="Siamese network, one happiness and one surprise") for line in table(STUDY, RESULTS)]
    drawn = figure(replace(STUDY, title="Two expressions known from one face each"), long)
    drawn.draw_without_rendering()
    titles = [drawn._suptitle, *(axes.title for axes in drawn.axes)]
    box, whole = next(text for text in titles if text and text.get_text()).get_window_extent(), drawn.bbox
    assert whole.x0 <= box.x0 < box.x1 <= whole.x1
    assert whole.y0 <= box.y0 < box.y1 <= whole.y1


def test_a_study_of_mean_recalls_compares_these_and_quotes_what_is_not_run(tmp_path):
    quoted = Quoted("theirs", 50.0, "it has no faces.")
    study = replace(STUDY, score="mean recall", protocol=SFEW, quoted=(quoted,))
    lines = table(study, RESULTS)
    assert lines[0].accuracy == 83.0  # of the one expression that is shown
    assert (lines[-1].title, lines[-1].paper, lines[-1].paper_difference) == ("theirs", 50.0, -40.0)
    assert math.isnan(lines[-1].accuracy)
    assert headings(study)[2] == "mean recall"
    assert headings(study)[-2] == "paper, SFEW"
    assert headings(study, same_protocol=False)[-2] == "other faces: paper, SFEW"
    text = write_report(study, RESULTS, tmp_path, "geofer study toy", differences=("drawn faces",)).read_text()
    assert "| theirs | – | – |" in text
    assert "- theirs: it has no faces." in text
    assert "These are other faces (drawn faces): compare differences" in text
    assert "other faces: paper, SFEW" in tmp_path.joinpath("table.csv").read_text()
    assert "These are such faces." in write_report(study, RESULTS, tmp_path, "geofer study toy").read_text()


def test_a_report_is_complete(tmp_path):
    report = write_report(STUDY, RESULTS, tmp_path, "geofer study toy")
    names = {"expressions.csv", "expressions.md", "figure.pdf", "figure.png", "report.md", "rows"}
    names |= {"table.csv", "table.md", "table.tex"}
    assert {path.name for path in tmp_path.iterdir()} == names
    text = report.read_text()
    assert "geofer study toy" in text
    assert "100 faces of 10 unseen people" in text
    assert "never run" not in text
    links = re.findall(r"\]\((.*?)\)", text)
    assert {"rows/full/pose_expression.csv", "rows/less/confusion.png"} < set(links)
    assert all(tmp_path.joinpath(link).exists() for link in links)
    assert tmp_path.joinpath("figure.png").read_bytes().startswith(b"\x89PNG")
