"""Every configuration file is parsed by the command line, as its user would."""

from pathlib import Path

import pytest
import yaml

from geofer.backbones import build_backbone
from geofer.cli import main
from geofer.configurations import configurations, with_files

CONFIGS = Path(__file__).parents[1] / "configs"
RUNNABLE = sorted(
    file for kind in ("quickstart*", "fine-tune", "experiment/*") for file in CONFIGS.glob(f"{kind}.yaml")
)
DATA = sorted(CONFIGS.glob("data/*.yaml"))
PAIRS = [("paper-224", file) for file in DATA] + [
    ("tuned-64", CONFIGS / "data" / "kdef.yaml"),
    ("classifier-64", CONFIGS / "data" / "raf-db.yaml"),
    ("paper-64", CONFIGS / "data" / "sfew.yaml"),
]
PARTS = sorted([*CONFIGS.glob("trainer/*.yaml"), *CONFIGS.glob("logger/*.yaml")])
SWEEP = CONFIGS / "sweep.yaml"


@pytest.fixture
def parsed(capsys: pytest.CaptureFixture[str]):
    def parse(*files: Path | str) -> dict:
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
    assert {*RUNNABLE, *DATA, *PARTS, SWEEP} == set(CONFIGS.rglob("*.yaml"))


@pytest.mark.parametrize("file", RUNNABLE, ids=lambda file: file.stem)
def test_runnable(file: Path, parsed) -> None:
    assert_holds(parsed(file), yaml.safe_load(file.read_text()))


def test_data_configurations_hold_data_alone() -> None:
    for file in DATA:
        config = yaml.safe_load(file.read_text())
        assert set(config) == {"data"}, file.name
        assert "image_size" not in file.read_text(), file.name
        assert "batch_size" not in file.read_text(), file.name


@pytest.mark.parametrize(("experiment", "file"), PAIRS, ids=lambda part: getattr(part, "stem", part))
def test_an_experiment_stays_what_it_is_on_any_data(experiment: str, file: Path, parsed) -> None:
    given = yaml.safe_load(CONFIGS.joinpath("experiment", f"{experiment}.yaml").read_text())
    config = parsed(f"experiment/{experiment}", f"data/{file.stem}")
    assert_holds(config["model"], given["model"])
    assert_holds(config["trainer"], given["trainer"])
    assert_holds(config["data"], yaml.safe_load(file.read_text())["data"])
    arguments, theirs = config["data"]["init_args"], given["data"]["init_args"]
    assert arguments["image_size"] == theirs["image_size"]
    source = arguments.get("source", {"init_args": arguments})["init_args"]
    assert source["batch_size"] == theirs["batch_size"] == (64 if experiment == "classifier-64" else 36)


def test_configurations_are_found_by_name_in_an_empty_folder(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["configs"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == sorted(configurations())
    assert any(line.startswith("data/kdef ") and "five views" in line for line in listed)
    assert main(["configs", "data/kdef"]) == 0
    assert capsys.readouterr().out == CONFIGS.joinpath("data", "kdef.yaml").read_text()
    assert main(["fit", "--config", "data/kdeff"]) == 2
    assert "There is no configuration 'data/kdeff'. Did you mean data/kdef" in capsys.readouterr().err


def test_a_file_of_the_users_own_counts_before_a_configuration_of_that_name(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("quickstart").write_text("trainer: {max_epochs: 1}")
    assert with_files(["--config", "quickstart", "--config=trainer/cpu"]) == [
        "--config",
        "quickstart",
        f"--config={CONFIGS / 'trainer' / 'cpu.yaml'}",
    ]


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
    files = [name for name, before in zip(sweep["command"][1:], sweep["command"], strict=False) if before == "--config"]
    config = parsed(*files)
    ((key, backbones),) = sweep["parameters"].items()
    for part in key.split("."):
        config = config[part]
    assert config in backbones["values"]
    assert all(build_backbone(name).num_features > 0 for name in backbones["values"])
