"""``geofer study``, run for real at its smallest."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def study(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GEOFER_CACHE": str(folder.parent / "cache")}
    command = [sys.executable, "-m", "geofer", "study", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which two rows of a study were run."""
    folder = tmp_path_factory.mktemp("study")
    done = study(folder, "ablations", "--budget", "smoke", "--rows", "full", "no-syn-fi")
    assert done.returncode == 0, done.stderr
    return folder


def test_a_study_ends_in_a_report_and_goes_on_where_it_stopped(workplace: Path) -> None:
    made = workplace / "studies" / "ablations-smoke"
    results = {path.name: path.stat().st_mtime_ns for path in made.joinpath("results").iterdir()}
    assert set(results) == {"full-0.json", "no-syn-fi-0.json"}
    assert json.loads((made / "results" / "full-0.json").read_text())["report"]["faces"] == 2 * 7 * 2
    done = study(workplace, "ablations", "--budget", "smoke", "--rows", "full", "no-syn-fi", "no-ls")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in made.joinpath("results").iterdir()} == {*results, "no-ls-0.json"}
    assert {name: (made / "results" / name).stat().st_mtime_ns for name in results} == results
    report = made.joinpath("report.md").read_text()
    assert "| row | gender: " in report
    assert made.joinpath("rows", "no-ls", "confusion.png").exists()
    table = made.joinpath("table.md").read_text()
    assert "No_LS" in table
    assert "92.09" in table


def test_results_of_other_settings_are_not_mixed(workplace: Path) -> None:
    workplace.joinpath("other.yaml").write_text("data: {init_args: {views: 3}}")
    done = study(workplace, "ablations", "--budget", "smoke", "--rows", "full", "--config", "other.yaml")
    assert done.returncode == 1
    assert "other settings" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ablation"], "There is no study 'ablation'"),
        (["ablations", "--rows", "nothing"], "has no row 'nothing'"),
        (["ablations", "--config", "missing.yaml"], "missing.yaml"),
    ],
)
def test_mistakes_are_one_message(arguments: list[str], message: str, workplace: Path) -> None:
    done = study(workplace, *arguments)
    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
