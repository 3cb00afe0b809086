import csv
import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import lightning  # noqa: F401 - before any test redirects the stream that its log goes to
import pytest
import torch
import yaml

from geofer.cli import main
from geofer.cli.command import COMMANDS, explain
from geofer.errors import ConfigError

OPTIMIZATION = "--model.classifier_optimization"
HELPERS = Path(__file__).parents[1] / "helpers"


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with a configuration ``small.yaml`` of a classifier that trains in a second."""
    monkeypatch.syspath_prepend(HELPERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GEOFER_RUN", raising=False)
    classifier = {"backbone": "small_resnet", "pretrained": False, "backbone_arguments": {"widths": [4, 8]}}
    config = {
        "model": {"class_path": "geofer.modules.ExpressionClassifier", "init_args": {"classifier": classifier}},
        "data": {"class_path": "cartoon_faces.CartoonFaces", "init_args": {"people": 2, "takes": 1}},
        "trainer": {"max_epochs": 1, "accelerator": "cpu", "enable_model_summary": False},
    }
    tmp_path.joinpath("small.yaml").write_text(yaml.safe_dump(config))
    return tmp_path


def run(*arguments: str) -> int:
    command, *rest = arguments
    return main([command, "--config", "small.yaml", *rest])


def checkpoint_of(run_folder: str, name: str = "last") -> dict:
    return torch.load(Path(run_folder, "checkpoints", f"{name}.ckpt"), weights_only=True)


def test_a_checkpoint_can_be_kept_by_another_value_beside_the_best(workplace: Path) -> None:
    """The pixels of a classifier with a geometry branch have a best epoch of their own."""
    by_pixels = {"filename": "best-image", "monitor": "val/accuracy_image"}
    added = ["--trainer.callbacks+=geofer.callbacks.RunCheckpoint"]
    added += [f"--trainer.callbacks.{name}={value}" for name, value in by_pixels.items()]
    assert run("fit", "--model.classifier.geometry=landmarks", "--trainer.max_epochs=6", *added) == 0
    with Path("runs/small/logs/version_0/metrics.csv").open() as file:
        epochs = [row for row in csv.DictReader(file) if row["val/accuracy_image"]]
    assert len(epochs) == 6
    for name, value in (("best", "val/accuracy"), ("best-image", "val/accuracy_image")):
        values = [float(row[value]) for row in epochs]
        assert checkpoint_of("runs/small", name)["epoch"] == values.index(max(values)), name
    best = max(float(row["val/accuracy"]) for row in epochs)
    assert json.loads(Path("runs/small/val_metrics.json").read_text())["accuracy"] == pytest.approx(best)
    assert run("test", "--model.classifier.geometry=landmarks", "--ckpt_path", "best-image") == 0


def test_a_run_from_fit_to_report(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("prepare") == 0
    assert not Path("runs").exists()
    assert run("fit") == 0
    folder = Path("runs/small")
    assert {path.name for path in folder.iterdir()} >= {"config.yaml", "checkpoints", "logs", "val_metrics.json"}
    assert run("test") == 0
    assert run("validate", "--ckpt_path", "last") == 0
    assert run("predict") == 0
    with folder.joinpath("predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 3 * 3  # people × expressions × poses
    for row in rows:
        shares = {name: float(row[name]) for name in ("happiness", "sadness", "surprise")}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
        assert max(shares, key=shares.__getitem__) == row["prediction"]
    accuracy = json.loads(folder.joinpath("test_metrics.json").read_text())["accuracy"]
    assert sum(row["prediction"] == row["expression"] for row in rows) / len(rows) == pytest.approx(accuracy)
    capsys.readouterr()
    assert main(["report", "runs/small", "runs/small"]) == 0
    output = capsys.readouterr().out
    assert f"{100 * accuracy:.2f}" in output
    assert "test_confusion.png" in output


def test_the_saved_configuration_repeats_the_run(workplace: Path) -> None:
    assert run("fit") == 0
    assert main(["fit", "--config", "runs/small/config.yaml", "--trainer.default_root_dir", "runs/again"]) == 0
    first, second = checkpoint_of("runs/small")["state_dict"], checkpoint_of("runs/again")["state_dict"]
    assert all(torch.equal(first[name], second[name]) for name in first)
    configs = [yaml.safe_load(Path("runs", name, "config.yaml").read_text()) for name in ("small", "again")]
    for config in configs:
        del config["trainer"]["default_root_dir"]
    assert configs[0] == configs[1]


def test_fit_never_writes_into_an_earlier_run(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fit", "--trainer.default_root_dir", "mine") == 0
    before = {path: path.read_bytes() for path in Path("mine").rglob("*") if path.is_file()}
    assert run("fit", "--trainer.default_root_dir", "mine") == 2
    assert "mine holds a run already" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in Path("mine").rglob("*") if path.is_file()} == before


def test_unnamed_runs_are_numbered_and_the_latest_is_tested(workplace: Path) -> None:
    assert run("fit") == run("fit") == 0
    assert run("test") == 0
    assert not Path("runs/small/test_metrics.json").exists()
    assert Path("runs/small-2/test_metrics.json").exists()
    assert run("test", "--ckpt_path", "runs/small/checkpoints/last.ckpt") == 0
    assert Path("runs/small/test_metrics.json").exists()


def test_resuming_goes_on_in_the_same_folder(workplace: Path) -> None:
    assert run("fit") == 0
    assert checkpoint_of("runs/small")["global_step"] == 1
    assert run("fit", "--ckpt_path", "last", "--trainer.max_epochs", "3") == 0
    assert checkpoint_of("runs/small")["global_step"] == 3
    assert not Path("runs/small-2").exists()


def test_the_command_line_wins_over_the_checkpoint(workplace: Path) -> None:
    assert run("fit") == 0
    assert (
        run(
            "fit",
            "--ckpt_path",
            "last",
            "--trainer.max_epochs",
            "2",
            f"{OPTIMIZATION}.gradient_clip",
            "0.5",
        )
        == 0
    )
    assert checkpoint_of("runs/small")["hyper_parameters"]["classifier_optimization"]["gradient_clip"] == 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model.clasifier.backbone", "x"], "Did you mean classifier"),
        (["--data.init_args.peeple", "3"], "'peeple' is not accepted"),
        (["--trainer.max_epoch", "3"], "Did you mean max_epochs"),
        (["--trainer.max_epochs", "many"], "trainer.max_epochs"),
        (["--model.classifier.backbone", "smallresnet"], "Did you mean small_resnet"),
        (["--config", "missing.yaml"], "missing.yaml"),
        (["--model.class_path", "geofer.modules.Nothing"], "Nothing"),
        (["--model", "geofer.modules.ExpressionClassifer"], "Did you mean ExpressionClassifier"),
        (["--data", "RenderdFaces"], "Did you mean RenderedFaces"),
        pytest.param(
            ["--trainer.accelerator", "gpu"],
            "gpu",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU"),
        ),
        (["--ckpt_path", "last"], "no checkpoint runs/small/checkpoints/last.ckpt"),
    ],
)
def test_a_mistake_is_one_message(
    arguments: list[str], message: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fit", *arguments) in (1, 2)
    output = capsys.readouterr().err
    assert message in output
    assert "Traceback" not in output
    assert not Path("runs").exists() or not list(Path("runs").iterdir())


def test_null_for_one_setting_of_a_group_is_said_of_the_group(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """jsonargparse 4.53 takes it for the word None; the message names what works, and that works."""
    method = ["--model", "geofer.modules.GeometryGuidedFER", "--model.schedule.warmup", "7"]
    assert run("fit", *method, "--model.schedule.generator_stop", "null") == 2
    message = capsys.readouterr().err
    option, value = re.search(r"write (--[\w.]+) '(.+?)',", message).groups()
    assert (option, value) == ("--model.init_args.schedule", "{generator_stop: null}")
    method += ["--model.schedule.generator_stop", "9", option, value]
    with pytest.raises(SystemExit, match="0"):
        run("fit", *method, "--print_config")
    schedule = yaml.safe_load(capsys.readouterr().out)["model"]["init_args"]["schedule"]
    assert (schedule["warmup"], schedule["generator_stop"]) == (7, None)


def test_a_wrong_key_in_a_file(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = Path("small.yaml").read_text().replace("backbone:", "backbon:")
    Path("small.yaml").write_text(text)
    assert run("fit") == 2
    assert "Did you mean backbone" in capsys.readouterr().err


def test_what_lightning_refuses_is_one_message_too(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fused = [
        f"{OPTIMIZATION}.optimizer",
        "torch.optim.Adam",
        f"{OPTIMIZATION}.optimizer.fused",
        "true",
    ]
    assert run("fit", "--trainer.precision", "bf16-mixed", f"{OPTIMIZATION}.gradient_clip", "1.0", *fused) == 1
    output = capsys.readouterr().err
    assert "does not allow for gradient clipping" in output
    assert "--debug" in output
    assert "Traceback" not in output


def test_debug_shows_the_traceback(workplace: Path) -> None:
    with pytest.raises(ConfigError):
        run("fit", "--trainer.max_epochs", "many", "--debug")


def test_nan_ends_the_run_before_it_is_saved(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    huge = [
        f"{OPTIMIZATION}.optimizer",
        "torch.optim.SGD",
        f"{OPTIMIZATION}.optimizer.lr",
        "1e30",
    ]
    assert run("fit", "--data.init_args.takes", "3", *huge) == 1
    output = capsys.readouterr().err
    assert "NaN or infinite" in output
    assert "Traceback" not in output
    for path in Path("runs/small").rglob("*.ckpt"):
        weights = torch.load(path, weights_only=True)["state_dict"].values()
        assert all(torch.isfinite(weight).all() for weight in weights)


def test_full_disk_says_what_to_do() -> None:
    message = explain(OSError(errno.ENOSPC, "No space left on device", "runs/a/logs"))
    assert "runs/a/logs" in message
    assert "free some space" in message


def test_full_disk_ends_a_run_in_one_message(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("full").mkdir()
    Path("full/checkpoints").symlink_to("/dev/full")
    assert run("fit", "--trainer.default_root_dir", "full") == 1
    output = capsys.readouterr().err
    assert "full/checkpoints" in output
    assert "Traceback" not in output


def test_report_of_a_folder_without_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path)]) == 1
    assert "geofer test" in capsys.readouterr().err


def test_report_of_nothing_and_plugins_with_an_option_are_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report"]) == 2
    assert "required: RUN" in capsys.readouterr().err
    assert main(["plugins", "--all"]) == 2
    assert "--all" in capsys.readouterr().err
    assert main(["plugins", "--help"]) == 0
    assert main(["report", "--help"]) == 0
    assert "--output" in capsys.readouterr().out


def test_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fitt"]) == 2
    assert "Did you mean fit?" in capsys.readouterr().err


def test_plugins_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["backbone", "small_resnet", "geofer", "0.1.0", "ok"] in lines


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from geofer.cli import main; main(['--help']); "
        "print(sorted({'torch', 'lightning', 'jsonargparse', 'rich', 'timm'} & set(sys.modules)))"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all(f"\n  {command} " in output for command in COMMANDS)
    assert output.splitlines()[-1] == "[]"


OF_LIGHTNING = {"fit", "validate", "test", "predict", "prepare"}
"""Commands whose help lists what a configuration may hold, which only the classes themselves know."""


def test_help_of_commands_imports_nothing_heavy() -> None:
    """All in one interpreter; what one of them imports stays imported."""
    code = (
        "import contextlib, sys; from geofer.cli import main\n"
        "for command in sys.argv[1:]:\n"
        "    with contextlib.suppress(SystemExit): main([command, '--help'])\n"
        "print(sorted({'torch', 'lightning', 'jsonargparse', 'numpy', 'rich', 'cv2'} & set(sys.modules)))"
    )
    commands = sorted(COMMANDS.keys() - OF_LIGHTNING)
    done = subprocess.run([sys.executable, "-c", code, *commands], capture_output=True, text=True, check=True)
    assert [line for line in commands if f"usage: geofer {line}" not in done.stdout] == []
    assert "--sample" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["configs"], ["models"], ["--help"], ["recognize", "--help"]])
def test_output_that_nobody_reads_to_its_end_is_no_error(arguments: list[str], unbuffered: str) -> None:
    """As in ``geofer configs | head -1``: the reader is gone before the first line comes."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from geofer.cli import main; sys.exit(main())", *arguments],
        stdout=writing,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )
    os.close(writing)
    assert done.stderr == b""
    assert done.returncode in {0, 141}  # argparse writes its help whether or not somebody reads


def test_a_fit_without_a_validation_says_that_there_is_no_best_checkpoint(workplace: Path) -> None:
    with pytest.warns(UserWarning, match=r"no checkpoint best\..*--ckpt_path last"):
        assert run("fit", "--trainer.check_val_every_n_epoch", "100") == 0
    assert run("test", "--ckpt_path", "last") == 0
    assert Path("runs/small/test_metrics.json").exists()


def test_a_callback_of_the_configuration_takes_the_place_of_the_default_one(workplace: Path) -> None:
    workplace.joinpath("recorder.py").write_text(
        "from lightning import Callback\n\n\n"
        "class Recorder(Callback):\n"
        "    def on_fit_start(self, trainer, pl_module):\n"
        "        lines = [f'{type(c).__name__} {getattr(c, \"timeout\", 0)}' for c in trainer.callbacks]\n"
        "        open('callbacks.txt', 'w').write('\\n'.join(lines))\n"
    )
    checkpoint = {"class_path": "lightning.pytorch.callbacks.ModelCheckpoint", "init_args": {"dirpath": "mine"}}
    watchdog = {"class_path": "geofer.callbacks.Watchdog", "init_args": {"timeout": 600}}
    callbacks = [watchdog, checkpoint, {"class_path": "recorder.Recorder"}]
    workplace.joinpath("patient.yaml").write_text(yaml.safe_dump({"trainer": {"callbacks": callbacks}}))
    with pytest.MonkeyPatch.context() as path:
        path.syspath_prepend(workplace)
        assert run("fit", "--config", "patient.yaml") == 0
    lines = workplace.joinpath("callbacks.txt").read_text().splitlines()
    assert [line for line in lines if line.startswith("Watchdog")] == ["Watchdog 600.0"]
    assert {path.stem for path in Path("runs/small-patient/checkpoints").iterdir()} == {"best", "last"}
    assert list(Path("mine").iterdir())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"model: [unclosed\n  a: b\n", r"broken.yaml is no YAML: .*line 1"),
        (b"", r"broken.yaml holds no settings.*nothing"),
        (b"- model\n- data\n", r"broken.yaml holds no settings.*a list"),
        (b"\x89PNG\r\n\x1a\n", r"broken.yaml is no text in UTF-8"),
    ],
    ids=["syntax", "empty", "list", "picture"],
)
@pytest.mark.parametrize("option", ["--config {}", "--config={}"])
def test_a_file_that_is_no_configuration_is_named(
    content: bytes, message: str, option: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken.yaml").write_bytes(content)
    assert run("fit", *option.format("broken.yaml").split()) == 2
    output = capsys.readouterr().err
    assert re.search(message, output, re.DOTALL)
    assert "Traceback" not in output


def test_without_a_configuration_the_message_says_how_to_give_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit"]) == 2
    assert "such as --config quickstart" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            [
                f"{OPTIMIZATION}.optimizer",
                "torch.optim.Adam",
                f"{OPTIMIZATION}.optimizer.lr",
                "-1",
            ],
            "Invalid learning rate: -1.0",
        ),
        (["--trainer.accelerator", "foo"], "invalid accelerator name"),
        ([f"{OPTIMIZATION}.lr_decay_fraction", "2"], "lr_decay_fraction is 2.0; choose a number from 0 to 1."),
    ],
)
def test_what_cannot_be_built_is_told_without_all_settings(
    arguments: list[str], message: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fit", *arguments) == 2
    output = capsys.readouterr().err
    assert message in output
    assert "Namespace" not in output
    assert not Path("runs").exists() or not list(Path("runs").iterdir())
