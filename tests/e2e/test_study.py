"""``geofer study``, run for real at its smallest."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from geofer.cli import main

Study = Callable[..., int]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, geofer_cache: Path) -> Path:
    """A folder in which two rows of a study were run by the command, at a time."""
    folder = tmp_path_factory.mktemp("study")
    command = [sys.executable, "-m", "geofer", "study", "ablations", "--budget", "smoke", "--jobs", "2"]
    environment = {**os.environ, "GEOFER_CACHE": str(geofer_cache)}
    rows = ["--rows", "full", "no-syn-fi"]
    done = subprocess.run([*command, *rows], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def study(workplace: Path, geofer_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Runs the same command there without starting another interpreter; gives its exit code."""
    monkeypatch.chdir(workplace)
    monkeypatch.setenv("GEOFER_CACHE", str(geofer_cache))
    return lambda name, *arguments: main(["study", name, "--budget", "smoke", *arguments])


def test_a_study_ends_in_a_report_and_goes_on_where_it_stopped(workplace: Path, study: Study) -> None:
    made = workplace / "studies" / "ablations-smoke"
    results = {path.name: path.stat().st_mtime_ns for path in made.joinpath("results").iterdir()}
    assert set(results) == {"full-0.json", "no-syn-fi-0.json"}
    assert json.loads((made / "results" / "full-0.json").read_text())["report"]["faces"] == 2 * 7
    assert study("ablations", "--rows", "full", "no-syn-fi", "no-ls") == 0
    assert {path.name for path in made.joinpath("results").iterdir()} == {*results, "no-ls-0.json"}
    assert {name: (made / "results" / name).stat().st_mtime_ns for name in results} == results
    report = made.joinpath("report.md").read_text()
    assert "| row | gender: " in report
    assert made.joinpath("rows", "no-ls", "confusion.png").exists()
    table = made.joinpath("table.md").read_text()
    assert "No_LS" in table
    assert "92.09" in table


def test_of_a_finished_run_the_best_checkpoint_is_kept(workplace: Path) -> None:
    runs = workplace / "studies" / "ablations-smoke" / "runs"
    for run in ("full-0", "no-syn-fi-0"):
        assert [path.name for path in (runs / run / "checkpoints").iterdir()] == ["best.ckpt"]


def test_synthetic_faces_and_robustness_are_measured(workplace: Path) -> None:
    made = workplace / "studies" / "ablations-smoke"
    full, alone = (json.loads((made / "measures" / f"{row}-0.json").read_text()) for row in ("full", "no-syn-fi"))
    assert full["synthesis"]["pairs"] == 2 * 7
    assert 0 < full["synthesis"]["ssim"] < 1
    assert alone["synthesis"] is None
    curves = [{group["factor"] for group in measured["robustness"]} for measured in (full, alone)]
    assert curves == [{"yaw", "pitch", "occlusion", "resolution", "light"}] * 2
    report = made.joinpath("report.md").read_text()
    for name in ("faces.jpg", "strips.jpg", "robustness.png"):
        assert f"({name})" in report
        assert made.joinpath(name).stat().st_size > 10_000


def test_another_study_takes_the_run_and_what_was_measured_of_it(workplace: Path, study: Study) -> None:
    """Also a study that was finished before anything was measured is measured when it is run again."""
    ours, theirs = (workplace / "studies" / f"{name}-smoke" for name in ("generators", "ablations"))
    known = theirs.joinpath("measures", "full-0.json").read_text()
    assert study("generators", "--rows", "full") == 0
    assert json.loads((ours / "results" / "full-0.json").read_text())["origin"] == "ablations-smoke/full-0"
    assert not ours.joinpath("runs").exists()
    assert ours.joinpath("measures", "full-0.json").read_text() == known
    shutil.rmtree(theirs / "measures")
    assert study("ablations", "--rows", "full") == 0
    measured = json.loads(theirs.joinpath("measures", "full-0.json").read_text())
    assert measured["synthesis"]["ssim"] == pytest.approx(json.loads(known)["synthesis"]["ssim"])


def test_results_of_other_settings_are_not_mixed(
    workplace: Path, study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    workplace.joinpath("other.yaml").write_text("data: {init_args: {views: 3}}")
    assert study("ablations", "--rows", "full", "--config", "other.yaml") == 1
    assert "other settings" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ablation"], "There is no study 'ablation'"),
        (["ablations", "--rows", "nothing"], "has no row 'nothing'"),
        (["ablations", "--config", "missing.yaml"], "missing.yaml"),
    ],
)
def test_mistakes_are_one_message(
    arguments: list[str], message: str, study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    assert study(*arguments) in (1, 2)
    assert message in capsys.readouterr().err
