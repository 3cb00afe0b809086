"""Rows of other methods ask for what these methods take, and for nothing that they do not have."""

from importlib.resources import files

import pytest
import yaml
from cartoon_training import CLASSIFIER
from lightning.pytorch.cli import LightningArgumentParser

from geofer.errors import ConfigError
from geofer.faces import EXPRESSIONS
from geofer.modules.recognition import RecognitionModule
from geofer.networks.discriminators import DiscriminatorConfig
from geofer.study.baselines.generators import AAE, CAAE, DRGAN, GCGAN, ConditionalGAN
from geofer.study.baselines.generators.compared import OF_OURS_ALONE
from geofer.study.baselines.siamese import OneShotFER
from geofer.study.studies.comparisons import GENERATORS, HERE, ONE_SHOT, PAPER_SPLITS, as_in_papers

METHODS = {"gc-gan": GCGAN, "dr-gan": DRGAN, "caae": CAAE, "aae": AAE, "cgan": ConditionalGAN}


@pytest.fixture(params=["smoke", "paper"])
def settings(request):
    return yaml.safe_load(files("geofer.study").joinpath("budgets", f"{request.param}.yaml").read_text())


def build(model):
    """As the command line does, but for weights from the internet."""
    data = {"expressions": EXPRESSIONS, "image_size": 64}
    offline = {"backbone": "small_resnet", "pretrained": False, "hidden": 8, "backbone_arguments": {"widths": [4]}}
    arguments = {**model["init_args"], **data, "classifier": offline}
    parser = LightningArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(RecognitionModule, "model")
    return parser.instantiate(parser.parse_object({"model": {**model, "init_args": arguments}})).model


@pytest.mark.parametrize("name", METHODS)
def test_a_row_of_another_generator_builds_it_with_the_networks_of_the_paper(settings, name):
    module = build(GENERATORS.row(name).change(settings)["model"])
    assert type(module) is METHODS[name]
    assert (module.averaged.warp, module.averaged.decoder.contours, module.averaged.decoder.skips) == (
        None,
        False,
        False,
    )
    assert module.ema_decay == settings["model"]["init_args"].get("ema_decay", 0.0)


def test_what_is_left_out_is_what_compared_generators_refuse():
    given = {"discriminator": {"condition": "raw"}, "losses": {"region_weight": 2.0}, "schedule": {"end_to_end": False}}
    assert set(given) == set(OF_OURS_ALONE)
    for section, changed in given.items():
        settings = {"model": {"init_args": {section: changed, "generator": {}}}, "trainer": {"max_steps": 10}}
        assert not as_in_papers(settings)["model"]["init_args"][section]
    with pytest.raises(ConfigError, match=r"CAAE has no discriminator\.condition; leave it out"):
        CAAE(EXPRESSIONS, 64, CLASSIFIER, discriminator=DiscriminatorConfig(condition="raw"))


@pytest.mark.parametrize("name", ["paper", *METHODS])
def test_a_generator_that_paints_learns_to_the_end_and_teaches_in_the_second_half(settings, name):
    ours = build(GENERATORS.row("full").change(settings)["model"]).schedule
    theirs = build(GENERATORS.row(name).change(settings)["model"]).schedule
    last = settings["trainer"]["max_steps"] - 1
    assert theirs.trains_generator(last)
    if ours.trains_generator(last):  # nothing to change: the budget stops no generator
        assert theirs.synthetic_start == ours.synthetic_start
    else:
        assert theirs.synthetic_start == settings["trainer"]["max_steps"] // 2
    assert theirs.synthetic_ramp == ours.synthetic_ramp


def test_one_shot_trains_on_four_of_six_expressions_and_the_papers_splits_come_first(settings):
    rows = [row for row in ONE_SHOT.rows if row.name != "full"]
    assert [tuple(row.name.split("-")) for row in rows[:3]] == list(PAPER_SPLITS)
    assert [row.paper for row in rows[:4]] == [74.71, 72.73, 71.86, None]
    held_out = {tuple(row.change(settings)["model"]["init_args"]["held_out"]) for row in rows}
    assert len(held_out) == len(rows) == 15
    for row in ONE_SHOT.rows:
        assert row.change(settings)["data"]["init_args"]["expressions"] == sorted(HERE.values())
    module = build(ONE_SHOT.row("disgust-scream").change(settings)["model"])
    assert type(module) is OneShotFER
    assert module.is_held_out.tolist() == [name in ("disgust", "fear") for name in EXPRESSIONS]


def test_one_shot_takes_multi_pies_own_expressions_and_leaves_its_data_alone(settings):
    data = {"class_path": "geofer.datamodules.MultiPIE", "init_args": {"root": "data/Multi-PIE"}}
    changed = ONE_SHOT.row("smile-squint").change({**settings, "data": data})
    assert changed["data"] == data
    assert changed["model"]["init_args"]["held_out"] == ["smile", "squint"]
