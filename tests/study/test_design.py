"""Rows change what they say and nothing else, and settings merge as configuration files do."""

from copy import deepcopy
from importlib.resources import files

import pytest
import yaml

from geofer.modules.targets import SynthesisConfig
from geofer.study.settings import classifier_alone, merged, setting
from geofer.study.studies.catalog import STUDIES


@pytest.fixture(params=["smoke", "cpu", "paper"])
def settings(request):
    return yaml.safe_load(files("geofer.study").joinpath("budgets", f"{request.param}.yaml").read_text())


def leaves(settings, path=""):
    """Dotted path → value."""
    if not isinstance(settings, dict):
        return {path: settings}
    return {key: value for name, part in settings.items() for key, value in leaves(part, f"{path}.{name}").items()}


@pytest.mark.parametrize("study", STUDIES.values(), ids=list(STUDIES))
def test_every_row_differs_from_every_other_and_leaves_the_settings_alone(study, settings):
    before = deepcopy(settings)
    changed = [(row.change(settings), row.weights) for row in study.rows]
    assert settings == before
    for number, one in enumerate(changed):
        assert one not in changed[:number]
    assert study.row(study.reference) in study.rows


def test_an_ablation_changes_one_thing(settings):
    full = leaves(settings)
    for name, path in (
        ("no-ls", "losses.label_smoothing"),
        ("no-d-i", "losses.prior"),
        ("raw", "discriminator.condition"),
    ):
        row = leaves(STUDIES["ablations"].row(name).change(settings))
        assert {key for key in full.keys() | row.keys() if full.get(key) != row.get(key)} == {
            f".model.init_args.{path}"
        }


def test_without_end_to_end_the_classifier_learns_as_long_as_before(settings):
    changed = STUDIES["ablations"].row("no-e2e").change(settings)
    schedule = changed["model"]["init_args"]["schedule"]
    assert changed["model"]["init_args"]["schedule"]["end_to_end"] is False
    assert schedule["generator_stop"] == schedule["classifier_start"] <= schedule["synthetic_start"]
    assert changed["trainer"]["max_steps"] - schedule["classifier_start"] == settings["trainer"]["max_steps"]


def test_the_classifier_alone_keeps_its_own_settings(settings):
    alone = classifier_alone(settings)
    assert alone["model"]["class_path"].endswith("ExpressionClassifier")
    assert alone["model"]["init_args"]["classifier"] == settings["model"]["init_args"]["classifier"]
    assert "generator" not in alone["model"]["init_args"]
    assert {key: alone[key] for key in ("data", "trainer")} == {key: settings[key] for key in ("data", "trainer")}


def test_a_deep_classifier_without_weights_gets_what_it_needs_to_learn(settings):
    row = STUDIES["backbones"].row("vgg16")
    given = setting("model.init_args.classifier.pretrained", True)(settings)
    pretrained, scratch = (
        row.change(setting("model.init_args.classifier.pretrained", start)(settings))["model"]["init_args"]
        for start in (True, False)
    )
    assert pretrained["classifier"]["backbone"] == scratch["classifier"]["backbone"] == "vgg16"
    assert "normalize" not in pretrained["classifier"]
    assert scratch["classifier"]["normalize"] is True
    assert pretrained.get("classifier_optimization") == given["model"]["init_args"].get("classifier_optimization")
    known = settings["model"]["init_args"].get("classifier_optimization", {})
    optimizer = scratch["classifier_optimization"]["optimizer"]
    assert optimizer["class_path"] == known.get("optimizer", {"class_path": "torch.optim.Adam"})["class_path"]
    assert optimizer["init_args"]["lr"] == 1e-4
    assert scratch["classifier_optimization"].get("gradient_clip") == known.get("gradient_clip")


def test_a_row_that_names_a_default_is_the_full_method_written_otherwise(settings):
    assert (SynthesisConfig().noise, SynthesisConfig().per_real) == (0.0, 1.0)
    for study, name, value in (("landmark-noise", "sigma-0", "noise"), ("synthetic-faces", "1n", "per_real")):
        row = STUDIES[study].row(name)
        assert row.otherwise(settings) == settings != row.change(settings)
        named = setting(f"model.init_args.synthesis.{value}", 3.0)(settings)
        assert row.otherwise(named) == row.change(named) == row.change(settings)


def test_a_later_file_wins_and_another_class_drops_the_arguments():
    first = {"data": {"class_path": "A", "init_args": {"seed": 1, "views": 2}}, "trainer": {"devices": 1}}
    assert merged(first, {"data": {"init_args": {"seed": 3}}}) == {
        "data": {"class_path": "A", "init_args": {"seed": 3, "views": 2}},
        "trainer": {"devices": 1},
    }
    assert merged(first, {"data": {"class_path": "B", "init_args": {"root": "x"}}})["data"] == {
        "class_path": "B",
        "init_args": {"root": "x"},
    }
    assert first["data"]["init_args"] == {"seed": 1, "views": 2}


def test_controls_are_less_than_the_method_and_differ_in_what_they_say(settings):
    controls, full = STUDIES["controls"], leaves(settings)
    said = {
        "again": set(),
        "copies": {"synthesis.targets", "synthesis.painter", "schedule.generator_stop"},
        "own-geometry": {"synthesis.targets", "synthesis.jitter"},
        "warp-alone": {"synthesis.painter", "schedule.generator_stop", "generator.warp"},
        "untrained": {"schedule.generator_stop"},
        "random": {"schedule.generator_stop", *(f"generator.{name}" for name in ("warp", "contours", "skips"))},
    }
    for name, paths in said.items():
        row = leaves(controls.row(name).change(settings))
        different = {key for key in full.keys() | row.keys() if full.get(key) != row.get(key)}
        assert different <= {f".model.init_args.{path}" for path in paths}, name
        assert bool(different) == bool(paths), name
    double = controls.row("double-batch").change(settings)
    assert double["data"]["init_args"]["batch_size"] == 2 * settings["data"]["init_args"]["batch_size"]
    assert double["trainer"] == settings["trainer"]
    assert "synthesis" not in double["model"]["init_args"]
