"""What is measured beside accuracy, on disk and in a study's report."""

import csv
import math

import numpy as np
import pytest
from PIL import Image

from geofer.errors import DataError
from geofer.faces import EXPRESSIONS
from geofer.metrics.groups import GroupAccuracy
from geofer.metrics.pair_means import Estimate
from geofer.metrics.synthesis_report import PAIR_MEASURES, REAL_MEASURES, SET_MEASURES, SynthesisReport
from geofer.study.design import Row, Study
from geofer.study.measures.runs import Measures, Pictures, read_measures, write_measures
from geofer.study.report.groups import pooled_curves
from geofer.study.report.synthesis import synthesis_lines
from geofer.study.report.writing import write_measure_report
from geofer.study.settings import setting, unchanged

STUDY = Study(
    "toy", "A toy", "Fig. 6", (Row("full", "full method", unchanged), Row("gan", "GAN", setting("x", 1))), "full"
)


def synthesis(value):
    means = {name: Estimate(value, value / 2, value * 2) for name in PAIR_MEASURES}
    means |= {name: Estimate(0.5, 0.4, 0.6) for name in REAL_MEASURES}
    return SynthesisReport(means | {name: Estimate(2.0) for name in SET_MEASURES}, 20, 5)


def pictures(gray, steps=4):
    faces = np.full((3, 7, 16, 16, 3), 200, np.uint8)
    landmarks = np.random.default_rng(0).uniform(-1, 1, (steps, 68, 2)).astype(np.float32)
    return Pictures(faces, np.full_like(faces, gray), landmarks, np.full((steps, 16, 16, 3), gray, np.uint8))


def curve(accuracy):
    return (GroupAccuracy("yaw", -30.0, accuracy, accuracy - 0.1, accuracy + 0.1, 10, 5),
            GroupAccuracy("yaw", 0.0, 1.0, math.nan, math.nan, 10, 1))  # fmt: skip


def test_measures_come_back_from_the_disk(tmp_path):
    path = tmp_path / "measures" / "full-0.json"
    assert read_measures(path) is None
    kept = Measures(synthesis(0.25), pictures(7), curve(0.5))
    write_measures(path, kept)
    found = read_measures(path)
    assert found.synthesis.to_dict() == kept.synthesis.to_dict()
    assert all(np.array_equal(getattr(found.pictures, name), value) for name, value in vars(kept.pictures).items())
    assert found.robustness[0] == kept.robustness[0]
    assert math.isnan(found.robustness[1].low)
    path.with_suffix(".npz").unlink()
    assert read_measures(path).pictures is None
    path.write_text('{"synthesis": {}}')
    with pytest.raises(DataError, match="is damaged"):
        read_measures(path)


def test_the_table_has_means_over_seeds_and_the_true_faces_last():
    lines = synthesis_lines({"full method": [synthesis(0.2), synthesis(0.4)], "GAN": [synthesis(0.1)]})
    headings, full, _, truth = lines
    cell = dict(zip(headings, full, strict=True))
    assert (cell["seeds"], cell["landmark error, %"], cell["SSIM"], cell["KID"]) == ("2", "30.00", "0.300", "2.000")
    assert cell["identity"] == f"{1 - 0.3 / 2:.3f}"
    cell = dict(zip(headings, truth, strict=True))
    assert (cell["row"], cell["landmark error, %"], cell["PSNR, dB"], cell["KID"]) == (
        "true faces",
        "50.00",
        "∞",
        "0.000",
    )
    assert cell["identity"] == "0.750"


def test_curves_of_seeds_are_pooled_by_faces():
    pooled = pooled_curves([curve(0.5), curve(0.7)])
    assert [(group.level, group.faces, group.subjects) for group in pooled] == [(-30, 20, 5), (0, 20, 1)]
    assert pooled[0].accuracy == pytest.approx(0.6)
    assert (pooled[0].low, pooled[0].high) == (pytest.approx(0.5), pytest.approx(0.7))


def test_a_report_has_tables_and_pictures_of_what_was_measured(tmp_path):
    measures = {
        ("full", 0): Measures(synthesis(0.2), pictures(10), curve(0.5)),
        ("full", 1): Measures(synthesis(0.4), pictures(60), curve(0.7)),
        ("gan", 0): Measures(synthesis(0.1), pictures(90)),
    }
    text = write_measure_report(STUDY, measures, EXPRESSIONS, tmp_path)
    assert "| full method | 2 | 30.00 |" in text
    for name in ("faces.jpg", "strips.jpg", "robustness.png"):
        assert f"({name})" in text
        with Image.open(tmp_path / name) as picture:
            assert np.asarray(picture.convert("L")).std() > 5
    with tmp_path.joinpath("synthesis.csv").open() as file:
        assert [row["generator"] for row in csv.DictReader(file)] == ["full-0", "full-1", "gan-0"]
    lines = tmp_path.joinpath("robustness.csv").read_text().splitlines()
    assert lines[0].startswith("row,factor,level,accuracy")
    assert lines[1].startswith("full,yaw,-30,60.00,50.00,70.00,20,5")
    assert len(lines) == 3


def test_nothing_measured_says_and_writes_nothing(tmp_path):
    assert write_measure_report(STUDY, {}, EXPRESSIONS, tmp_path) == ""
    assert write_measure_report(STUDY, {("full", 0): Measures()}, EXPRESSIONS, tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


def test_a_person_with_one_expression_has_faces_and_no_strip(tmp_path):
    measures = {("gan", 3): Measures(synthesis(0.1), pictures(90, steps=0))}
    text = write_measure_report(STUDY, measures, EXPRESSIONS, tmp_path)
    assert "faces.jpg" in text
    assert "strips.jpg" not in text
