"""``geofer study`` without a run: what is chosen, and what happens when a study fails."""

import subprocess

import numpy as np
import pytest
import torch

import geofer.cli.study
from geofer.cli import main
from geofer.metrics.report import RecognitionReport
from geofer.study.design import Outcome, Row, Study
from geofer.study.running import StudyRun
from geofer.study.settings import unchanged


def half(settings, seed):
    """Half of ten faces of two people are recognized."""
    counts = np.array([[5]]), np.array([[10]])
    return Outcome(RecognitionReport(("a",), np.zeros((1, 2)), *counts, np.array([[10]]), 0.1, 0.4, 0.6, 2))


@pytest.fixture
def two_studies(monkeypatch, tmp_path):
    """The first cannot be run; the second needs no training."""
    bad = Study("bad", "Fails", "nowhere", (Row("row", "row", unchanged),), "row")
    good = Study("good", "Works", "nowhere", (Row("row", "row", unchanged, measure=half),), "row")
    monkeypatch.setattr(geofer.cli.study, "STUDIES", {"bad": bad, "good": good})

    def fails(self, command, *arguments):
        raise subprocess.CalledProcessError(1, ["python", "-m", "geofer", command])

    monkeypatch.setattr(StudyRun, "_geofer", fails)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_study_that_fails_does_not_keep_the_others_from_running(two_studies, capsys):
    assert main(["study", "all", "--budget", "smoke"]) == 1
    assert "50.00" in two_studies.joinpath("studies", "good-smoke", "table.md").read_text()
    message = capsys.readouterr().err
    assert "1 of 2 studies failed" in message
    assert "`geofer fit` of the row row with seed 0 failed" in message
    assert "Traceback" not in message


def test_each_of_all_studies_has_a_folder_below_the_output(two_studies):
    assert main(["study", "all", "--budget", "smoke", "--output", "here"]) == 1
    assert two_studies.joinpath("here", "good-smoke", "report.md").exists()


def test_one_study_alone_is_written_where_it_is_told(two_studies):
    assert main(["study", "good", "--budget", "smoke", "--output", "here"]) == 0
    assert two_studies.joinpath("here", "report.md").exists()


@pytest.mark.parametrize("jobs", ["0", "-1"])
def test_no_rows_at_a_time_is_a_mistake(two_studies, capsys, jobs):
    assert main(["study", "good", "--budget", "smoke", "--jobs", jobs]) == 2
    assert f"--jobs is {jobs}" in capsys.readouterr().err


@pytest.mark.parametrize(("jobs", "threads"), [("1", None), ("2", 4), ("3", 2), ("16", 1)])
def test_rows_at_a_time_share_the_threads_that_one_would_have(two_studies, monkeypatch, jobs, threads):
    shares = []

    def fails(self, command, *arguments):
        shares.append(self.threads)
        raise subprocess.CalledProcessError(1, ["python", "-m", "geofer", command])

    monkeypatch.setattr(StudyRun, "_geofer", fails)
    monkeypatch.setattr(StudyRun, "prepare", lambda self, *_: None)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    assert main(["study", "bad", "--budget", "smoke", "--jobs", jobs]) == 1
    assert shares == [threads]


def test_rows_of_all_studies_cannot_be_named(two_studies, capsys):
    assert main(["study", "all", "--rows", "row"]) in (1, 2)
    assert "Name the study" in capsys.readouterr().err
