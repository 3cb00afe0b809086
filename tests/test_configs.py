"""Every configuration file is parsed by the command line, as its user would."""

from pathlib import Path

import pytest
import yaml

from geofer.backbones import build_backbone
from geofer.cli import main

CONFIGS = Path(__file__).parents[1] / "configs"
RUNNABLE = sorted(file for kind in ("quickstart*", "experiment/*", "data/*") for file in CONFIGS.glob(f"{kind}.yaml"))
PARTS = sorted([*CONFIGS.glob("trainer/*.yaml"), *CONFIGS.glob("logger/*.yaml")])
SWEEP = CONFIGS / "sweep.yaml"


@pytest.fixture
def parsed(capsys: pytest.CaptureFixture[str]):
    def parse(*files: Path) -> dict:
        arguments = [argument for file in files for argument in ("--config", str(file))]
        with pytest.raises(SystemExit) as exit_:
            main(["fit", *arguments, "--print_config"])
        assert exit_.value.code == 0
        return yaml.safe_load(capsys.readouterr().out)

    return parse


def assert_holds(config: dict, given: dict) -> None:
    """Everything that is given is in the configuration, under the same keys."""
    for key, value in given.items():
        if isinstance(value, dict):
            assert_holds(config[key], value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for found, wanted in zip(config[key], value, strict=True):
                assert_holds(found, wanted)
        else:
            assert config[key] == value, key


def test_no_file_is_left_out() -> None:
    assert {*RUNNABLE, *PARTS, SWEEP} == set(CONFIGS.rglob("*.yaml"))


@pytest.mark.parametrize("file", RUNNABLE, ids=lambda file: file.stem)
def test_runnable(file: Path, parsed) -> None:
    assert_holds(parsed(file), yaml.safe_load(file.read_text()))


@pytest.mark.parametrize("file", PARTS, ids=lambda file: file.stem)
def test_part_of_a_configuration(file: Path, parsed) -> None:
    base = CONFIGS / "quickstart.yaml"
    config = parsed(base, file)
    assert_holds(config, yaml.safe_load(file.read_text()))
    assert config["model"]["class_path"] == yaml.safe_load(base.read_text())["model"]["class_path"]


def test_classifier_of_the_quickstart_sees_the_same_faces() -> None:
    full, alone = (
        yaml.safe_load(CONFIGS.joinpath(f"quickstart{name}.yaml").read_text()) for name in ("", "-classifier")
    )
    assert full["data"] == alone["data"]
    assert full["model"]["init_args"]["classifier"] == alone["model"]["init_args"]["classifier"]


def test_sweep_varies_a_setting_that_exists(parsed) -> None:
    sweep = yaml.safe_load(SWEEP.read_text())
    files = [CONFIGS.parent / word for word in sweep["command"] if word.endswith(".yaml")]
    config = parsed(*files)
    ((key, backbones),) = sweep["parameters"].items()
    for part in key.split("."):
        config = config[part]
    assert config in backbones["values"]
    assert all(build_backbone(name).num_features > 0 for name in backbones["values"])
