"""What people read of a report, cell by cell."""

import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from geofer.errors import DataError
from geofer.faces import EXPRESSIONS
from geofer.metrics import RecognitionReport, SubsetCounts
from geofer.metrics.tables import comparison_table, load_report, report_csv, report_markdown, report_path, report_table


def small_report(expressions=("fear", "happiness")):
    """Yaw 0: fear 1/3, happiness 2/2; yaw -15, pitch 30: fear 1/2, no happiness."""
    return RecognitionReport(
        expressions=expressions,
        poses=np.array([[-15, 30], [0, 0]]),
        correct=np.array([[1, 0], [1, 2]]),
        total=np.array([[2, 0], [3, 2]]),
        confusion=np.array([[2, 3], [0, 2]]),
        calibration_error=0.05,
        accuracy_low=0.4,
        accuracy_high=0.75,
        subjects=3,
    )


def printed(table, width=120):
    console = Console(width=width)
    with console.capture() as capture:
        console.print(table)
    return [line.replace("│", " ").split() for line in capture.get().splitlines()]


def test_csv():
    assert report_csv(small_report()) == (
        "yaw,pitch,fear,happiness,average\n-15,30,50.00,,50.00\n0,0,33.33,100.00,66.67\naverage,,41.67,100.00,58.33\n"
    )


def test_markdown():
    assert report_markdown(small_report()) == (
        "| yaw, pitch | fear | happiness | average |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| -15, +30 | 50.00 | – | 50.00 |\n"
        "| +0, +0 | 33.33 | 100.00 | 66.67 |\n"
        "| average | 41.67 | 100.00 | 58.33 |\n"
    )


def test_terminal_table():
    lines = printed(report_table(small_report(), title="test"))
    assert ["-15,", "+30", "50.00", "–", "50.00"] in lines
    assert ["+0,", "+0", "33.33", "100.00", "66.67"] in lines
    assert ["average", "41.67", "100.00", "58.33"] in lines
    text = " ".join(word for line in lines for word in line)
    assert "accuracy 57.14 [40.00, 75.00] % (95 % over 3 subjects) · 7 faces" in text


def test_comparison_has_a_column_for_each_run():
    lines = printed(comparison_table({"alone": small_report(), "full": small_report()}))
    assert lines[1] == ["percent", "alone", "full"]
    f1 = f"{100 * (2 * 2 / 7 + 2 * 2 / 7) / 2:.2f}"
    for row in (
        ["accuracy", "57.14", "57.14"],
        ["interval", "40.00–75.00", "40.00–75.00"],
        ["balanced", "accuracy", "70.00", "70.00"],
        ["macro", "f1", f1, f1],
        ["calibration", "error", "5.00", "5.00"],
        ["fear", "41.67", "41.67"],
        ["happiness", "100.00", "100.00"],
    ):
        assert row in lines


def test_seven_expressions_fit_on_80_columns():
    report = small_report(EXPRESSIONS[:2])
    wide = replace(
        report,
        expressions=EXPRESSIONS,
        correct=np.full((2, 7), 9),
        total=np.full((2, 7), 9),
        confusion=np.eye(7, dtype=np.int64),
    )
    lines = printed(report_table(wide), width=80)
    assert ["yaw,", "pitch", *EXPRESSIONS, "average"] in lines


def test_comparison_of_different_expressions_is_refused():
    with pytest.raises(DataError, match="b: sadness, surprise"):
        comparison_table({"a": small_report(), "b": small_report(("sadness", "surprise"))})


def test_report_comes_back_from_a_run_folder(tmp_path):
    report = small_report()
    report_path(tmp_path, "val").write_text(json.dumps(report.to_dict()))
    assert load_report(tmp_path, "val").to_dict() == report.to_dict()
    with pytest.raises(DataError, match=r"holds no test_metrics\.json.*geofer test"):
        load_report(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", '{"expressions": ["fear"]}', '{"poses": 3, "expressions": 1}'])
def test_damaged_report_is_named(tmp_path, text):
    report_path(tmp_path, "test").write_text(text)
    with pytest.raises(DataError, match=r"test_metrics\.json is no report"):
        load_report(tmp_path)


def wild_report():
    """Row 1 has no pitch, row 2 is unknown; one subset."""
    poses = np.array([[45, np.nan], [np.nan, np.nan]])
    return replace(small_report(), poses=poses, pose_step=45, subsets=(SubsetCounts("pose>30", 3, 4),))


@pytest.mark.parametrize(
    ("entry", "value", "reason"),
    [
        ("poses", [], "0 poses"),
        ("poses", [[0, 0]] * 10_001, "10001 poses"),
        ("total", 0, "none of a test"),
        ("total", -1, "none of a test"),
        ("correct", 2**40, "none of a test"),
        ("subsets", [{"tag": "a", "correct": 0, "total": 0}], "none of a test"),
    ],
)
def test_counts_that_no_test_has_are_refused(entry, value, reason):
    data = small_report().to_dict()
    if isinstance(value, int):
        value = np.full_like(np.array(data[entry]), value).tolist()
    with pytest.raises(ValueError, match=reason):
        RecognitionReport.from_dict({**data, entry: value})


def test_unknown_poses_are_named_so():
    assert report_markdown(wild_report()).splitlines()[0].startswith("| yaw, pitch ± 22.5 |")
    names = [line.split(" | ")[0] for line in report_markdown(wild_report()).splitlines()[2:]]
    assert names == ["| +45, ?", "| unknown", "| average"]
    assert [line.split(",")[:2] for line in report_csv(wild_report()).splitlines()[1:3]] == [["45", ""], ["", ""]]


def test_subsets_stand_under_the_table_and_in_the_comparison():
    text = " ".join(word for line in printed(report_table(wild_report())) for word in line)
    assert "pose>30: accuracy 75.00 % of 4 faces" in text
    assert ["pose>30", "75.00", "–"] in printed(comparison_table({"a": wild_report(), "b": small_report()}))
