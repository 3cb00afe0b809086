"""Which runs a study does not repeat: its own, and those that another study has finished with the same settings."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from geofer.metrics.groups import GroupAccuracy
from geofer.metrics.report import RecognitionReport
from geofer.study.design import Outcome, Row, Study
from geofer.study.measures.runs import reference_run
from geofer.study.running import Result, StudyRun
from geofer.study.settings import classifier_alone, setting, unchanged

QUICKSTART = Path(__file__).parents[2] / "configs" / "quickstart.yaml"
SETTINGS = {"model": {"class_path": "M", "init_args": {"x": 0}}, "data": {"class_path": "D"}, "trainer": {}}


def report(seed):
    right, total = np.array([[seed]]), np.array([[10]])
    found = RecognitionReport(("a",), np.zeros((1, 2)), right, total, total, 0.1, 0.2, 0.9, 2)
    return Outcome(found, (GroupAccuracy("gender", "male", 0.5, float("nan"), 1.0, 10, 1),))


@pytest.fixture
def trained():
    """What was trained: the model's settings and the seed, in order."""
    return []


@pytest.fixture
def row(trained):
    def measure(settings, seed):
        trained.append((settings["model"]["init_args"]["x"], seed))
        return report(seed)

    return lambda name, change=unchanged: Row(name, name, change, measure=measure)


def no_command(arguments, environment):
    raise AssertionError(f"these runs need no process of their own: {arguments}")


def study(folder: Path, *rows: Row, settings=SETTINGS) -> StudyRun:
    return StudyRun(Study(folder.name, "", "", rows, rows[0].name), settings, folder, no_command)


def test_a_run_of_another_study_with_the_same_settings_and_seed_is_taken(tmp_path, row, trained):
    full, less = row("full"), row("less", setting("model.init_args.x", 1))
    first = study(tmp_path / "first", full, less)
    for each in (full, less):
        first.run(each, 3)
    same = row("sigma-0")
    second = study(tmp_path / "second", same)
    taken = second.run(same, 3)
    assert trained == [(0, 3), (1, 3)]
    assert (taken.row, taken.origin, taken.report.accuracy) == ("sigma-0", "first/full-3", 0.3)
    kept = json.loads((tmp_path / "second" / "results" / "sigma-0-3.json").read_text())
    assert kept["origin"] == "first/full-3"
    assert second.result(same, 3).report.to_dict() == taken.report.to_dict()
    second.run(same, 4)
    assert trained[2:] == [(0, 4)]


def test_what_was_taken_twice_says_where_it_was_run(tmp_path, row, trained):
    for number, name in enumerate("cab"):
        one = row(f"row{number}")
        result = study(tmp_path / name, one).run(one, 0)
    assert trained == [(0, 0)]
    assert result.origin == "c/row0-0"


def test_the_same_settings_written_otherwise_are_taken(tmp_path, row, trained):
    full, zero = row("full"), replace(row("zero", setting("model.init_args.y", 0)), otherwise=unchanged)
    study(tmp_path / "first", full).run(full, 0)
    second = study(tmp_path / "second", zero)
    assert second.run(zero, 0).origin == "first/full-0"
    assert second.result(zero, 0).origin == "first/full-0"
    assert len(trained) == 1


def test_other_settings_damaged_files_and_what_is_no_result_are_left_alone(tmp_path, row, trained):
    one = row("full")
    study(tmp_path / "other", one, settings=setting("data.seed", 1)(SETTINGS)).run(one, 0)
    for name, text in (("broken", "{"), ("list", "[1]"), ("foreign", '{"row": 1}')):
        path = tmp_path / name / "results" / "full-0.json"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    assert study(tmp_path / "own", one).run(one, 0).origin is None
    assert len(trained) == 2


def test_a_result_without_an_origin_is_written_as_before(tmp_path, row):
    one = row("full")
    result = study(tmp_path / "own", one).run(one, 5)
    data = json.loads((tmp_path / "own" / "results" / "full-5.json").read_text())
    assert list(data) == ["row", "seed", "settings", "report", "groups"]
    assert Result.from_dict(data).to_dict() == result.to_dict()


def write_networks(run: Path) -> None:
    for name in ("config.yaml", "checkpoints/best.ckpt"):
        path = run / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.mark.parametrize(
    ("threads", "said", "expected"), [(None, None, None), (2, None, "2"), (2, "8", "8"), (None, "8", "8")]
)
def test_a_command_has_its_share_of_threads_unless_the_environment_names_another(
    tmp_path, row, monkeypatch, threads, said, expected
):
    found = []

    def command(arguments, environment):
        found.append(environment.get("OMP_NUM_THREADS"))

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if said is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    run = replace(study(tmp_path / "first", row("full")), command=command, threads=threads)
    run._geofer("fit", tmp_path / "config.yaml", tmp_path / "run")
    assert found == [expected]


@pytest.mark.parametrize(("threads", "expected"), [(None, None), (2, "full-3")])
def test_a_command_knows_its_name_where_several_run_at_a_time(tmp_path, row, threads, expected):
    found = []
    first = study(tmp_path / "first", row("full"))
    run = replace(first, command=lambda arguments, environment: found.append(environment), threads=threads)
    run._geofer("fit", tmp_path / "config.yaml", tmp_path / "runs" / "full-3")
    assert found[0].get("GEOFER_RUN_OF_SEVERAL") == expected


def test_who_needs_the_networks_runs_a_row_whose_networks_were_removed(tmp_path, row, trained):
    one = row("full")
    study(tmp_path / "first", one).run(one, 0)
    write_networks(tmp_path / "first" / "runs" / "full-0")
    assert study(tmp_path / "second", one).run(one, 0, networks=True).origin == "first/full-0"
    shutil.rmtree(tmp_path / "first" / "runs")
    third = study(tmp_path / "third", one)
    assert third.run(one, 0).origin == "first/full-0"
    assert len(trained) == 1
    assert third.run(one, 0, networks=True).origin is None
    assert third.run_folder(one, 0) == tmp_path / "third" / "runs" / "full-0"
    assert len(trained) == 2


def test_a_reference_classifier_whose_networks_were_removed_is_trained_again(tmp_path, row, trained, monkeypatch):
    settings = yaml.safe_load(QUICKSTART.read_text())
    full, alone = Row("full", "", unchanged), Row("no-syn-fi", "", classifier_alone)
    run = StudyRun(Study("ablations", "", "", (full, alone), "full"), settings, tmp_path / "ablations", no_command)

    def fit(self, row, seed):
        write_networks(run.folder / "runs" / f"{row.name}-{seed}")
        trained.append(row.name)
        return report(seed)

    monkeypatch.setattr(StudyRun, "_fit_and_test", fit)
    assert reference_run(run, 1) == run.folder / "runs" / "no-syn-fi-1"
    before = run.result(alone, 1).to_dict()
    shutil.rmtree(run.folder / "runs" / "no-syn-fi-1")
    for _ in range(2):
        assert reference_run(run, 1) == run.folder / "runs" / "reference-classifier-1"
    assert trained == ["no-syn-fi", "reference-classifier"]
    assert run.result(alone, 1).to_dict() == before


def test_the_same_settings_with_other_weights_are_another_run_on_the_same_people(tmp_path, row, trained):
    full, again = row("full"), replace(row("again"), weights=100)
    both = study(tmp_path / "one", full, again)
    both.run(full, 3)
    assert both.missing([full, again], [3]) == [(again, 3)]
    drawn = []

    def command(arguments, environment):
        drawn.append((arguments[arguments.index("--seed_everything") + 1], Path(arguments[2]).read_text()))
        raise InterruptedError

    real = StudyRun(both.study, SETTINGS | {"data": {"class_path": "D", "init_args": {}}}, tmp_path / "two", command)
    for each in (replace(full, measure=None), replace(again, measure=None)):
        with pytest.raises(InterruptedError):
            real.run(each, 3)
    assert [seed for seed, _ in drawn] == ["3", "103"]
    assert all(yaml.safe_load(config)["data"]["init_args"]["seed"] == 3 for _, config in drawn)


def test_data_with_folds_are_cross_validated(tmp_path, row):
    asked = []

    def command(arguments, environment):
        asked.append(arguments)
        raise InterruptedError

    one = replace(row("full"), measure=None)
    data = {"class_path": "geofer.datamodules.MultiPIE", "init_args": {"root": "x"}}
    folded = StudyRun(Study("s", "", "", (one,), "full"), {**SETTINGS, "data": data}, tmp_path / "s", command)
    with pytest.raises(InterruptedError):
        folded.run(one, 0)
    assert asked[0][0] == "cross-validate"
    assert asked[0][asked[0].index("--folds") + 1] == "5"
