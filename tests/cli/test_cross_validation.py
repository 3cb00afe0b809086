"""All folds are run once, an interrupted one goes on, and their faces are pooled."""

import csv
import json
from pathlib import Path

import lightning  # noqa: F401 - before any test redirects the stream that its log goes to
import numpy as np
import pytest
import yaml

from geofer.cli import main
from geofer.cli.cross_validation import pool
from geofer.errors import DataError, LeakError
from geofer.metrics.tables import load_report

HELPERS = Path(__file__).parents[1] / "helpers"
PEOPLE, FACES = 6, 6 * 9
RUN = Path("runs/small-cross-validation")
EVERYBODY = frozenset(range(PEOPLE))


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with a finished cross validation in three folds."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("workplace")
        patch.syspath_prepend(HELPERS)
        patch.chdir(folder)
        configure(folder / "small.yaml")
        assert main(["cross-validate", "--folds", "3", "--config", "small.yaml"]) == 0
        yield folder


def configure(path, max_epochs=2, callbacks=None, data="folded_cartoons.FoldedCartoons"):
    classifier = {"backbone": "small_resnet", "pretrained": False, "backbone_arguments": {"widths": [4, 8]}}
    trainer = {"max_epochs": max_epochs, "accelerator": "cpu", "enable_model_summary": False, "log_every_n_steps": 1}
    config = {
        "model": {"class_path": "geofer.modules.ExpressionClassifier", "init_args": {"classifier": classifier}},
        "data": {"class_path": data},
        "trainer": {**trainer, "callbacks": callbacks},
    }
    path.write_text(yaml.safe_dump(config))


def fold_reports():
    return [load_report(RUN / f"fold-{fold}") for fold in range(3)]


def test_everybody_is_tested_once_and_pooled(workplace, capsys):
    folds, pooled = fold_reports(), load_report(RUN)
    assert [report.subjects for report in folds] == [2, 2, 2]
    assert (pooled.faces, pooled.subjects) == (FACES, PEOPLE)
    assert np.array_equal(pooled.confusion, sum(report.confusion for report in folds))
    assert np.array_equal(pooled.total, sum(report.total for report in folds))
    assert [(subset.tag, subset.total) for subset in pooled.subsets] == [("frontal", FACES // 3)]
    assert pooled.subsets[0].correct == sum(report.subsets[0].correct for report in folds)
    assert pooled.accuracy_low <= pooled.accuracy <= pooled.accuracy_high
    assert main(["report", str(RUN)]) == 0
    assert f"{100 * pooled.accuracy:.2f}" in capsys.readouterr().out


def test_the_table_of_folds(workplace):
    with RUN.joinpath("folds.csv").open() as file:
        rows = {row["fold"]: row for row in csv.DictReader(file)}
    accuracies = [100 * report.accuracy for report in fold_reports()]
    assert [float(rows[f"fold-{fold}"]["accuracy"]) for fold in range(3)] == pytest.approx(accuracies, abs=0.005)
    assert float(rows["mean"]["accuracy"]) == pytest.approx(np.mean(accuracies), abs=0.005)
    assert float(rows["standard deviation"]["accuracy"]) == pytest.approx(np.std(accuracies, ddof=1), abs=0.005)
    assert float(rows["pooled"]["accuracy"]) == pytest.approx(100 * load_report(RUN).accuracy, abs=0.005)
    assert rows["pooled"]["faces"] == str(FACES)


def test_what_is_tested_is_not_run_again(workplace):
    def times():
        return {path: path.stat().st_mtime_ns for path in RUN.glob("fold-*/**/*") if path.is_file()}

    before, report = times(), json.loads(RUN.joinpath("test_metrics.json").read_text())
    RUN.joinpath("test_metrics.json").unlink()
    assert main(["cross-validate", "--folds", "3", "--config", "small.yaml"]) == 0
    assert times() == before
    assert json.loads(RUN.joinpath("test_metrics.json").read_text()) == report


def test_an_interrupted_fold_goes_on_as_if_nothing_had_happened(workplace):
    def predictions(run):
        return [run.joinpath(f"fold-{fold}", "test_predictions.csv").read_text() for fold in range(3)]

    stop = {"class_path": "folded_cartoons.StopOnce", "init_args": {"marker": "stopped"}}
    configure(workplace / "stopped.yaml", callbacks=[stop])
    run = Path("runs/stopped-cross-validation")
    command = ["cross-validate", "--folds", "3", "--config", "stopped.yaml"]
    with pytest.raises(SystemExit) as stopped:
        main(command)
    assert stopped.value.code == 128 + 15
    assert [run.joinpath(f"fold-{fold}", "test_metrics.json").exists() for fold in range(3)] == [True, False, False]
    assert not run.joinpath("test_metrics.json").exists()
    first = run.joinpath("fold-0", "checkpoints", "best.ckpt").stat().st_mtime_ns
    assert main(command) == 0
    assert run.joinpath("fold-0", "checkpoints", "best.ckpt").stat().st_mtime_ns == first
    assert predictions(run) == predictions(RUN)
    assert load_report(run).to_dict() == load_report(RUN).to_dict()


def test_a_fold_that_stopped_before_its_first_checkpoint_starts_anew(workplace):
    run = Path("anew")
    run.joinpath("fold-0").mkdir(parents=True)
    run.joinpath("fold-0", "config.yaml").write_text("of a run that was killed at once\n")
    configure(workplace / "short.yaml", max_epochs=1)
    assert main(["cross-validate", "--folds=2", "--config=short.yaml", "--trainer.default_root_dir=anew"]) == 0
    assert load_report(run).subjects == PEOPLE


def test_another_configuration_needs_another_folder(workplace, capsys):
    assert main(["cross-validate", "--folds", "4", "--config", "small.yaml"]) == 2
    assert "another configuration" in capsys.readouterr().err


@pytest.mark.parametrize("folds", ["0", "1"])
def test_too_few_folds(folds, workplace, capsys):
    command = ["cross-validate", "--folds", folds, "--config", "small.yaml", "--trainer.default_root_dir", "few"]
    assert main(command) == 2
    assert f"folds is {folds}; a cross validation has at least 2" in capsys.readouterr().err
    assert not Path("few").exists()


def test_a_data_set_without_folds(workplace, capsys):
    configure(workplace / "plain.yaml", data="cartoon_faces.CartoonFaces")
    assert main(["cross-validate", "--config", "plain.yaml"]) == 2
    assert "CartoonFaces has no options `folds` and `fold`" in capsys.readouterr().err
    assert not Path("runs/plain-cross-validation").exists()


def test_nobody_may_be_tested_twice_or_never(workplace):
    folders = [RUN / f"fold-{fold}" for fold in range(3)]
    with pytest.raises(LeakError, match=r"2 subject\(s\).*fold"):
        pool(RUN, [*folders, twin(RUN / "fold-0", workplace / "twin")], EVERYBODY)
    with pytest.raises(DataError, match="differ in 2 subjects"):
        pool(RUN, folders[:2], EVERYBODY)


def twin(folder, copy):
    copy.mkdir()
    for name in ("test_metrics.json", "test_predictions.csv"):
        copy.joinpath(name).write_text(folder.joinpath(name).read_text())
    return copy
