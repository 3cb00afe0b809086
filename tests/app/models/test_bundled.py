"""The bundled recognizers are known by name, to Python and to every command that takes a model."""

import pytest
from small_recognizers import geometry_recognizer, picture_recognizer

import geofer
from geofer.app.models.bundled import DEFAULT, bundled_description, model_line
from geofer.app.models.model_source import BUNDLED, named_path
from geofer.cli import main
from geofer.errors import CheckpointError
from geofer.weight_files import bundled_models


def test_every_model_file_of_the_package_is_listed_with_one_line(capsys):
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(bundled_models())
    assert bundled_models()[DEFAULT] == BUNDLED
    (rendered,) = [line for line in lines if line.startswith("rendered")]
    assert "7 expressions from blendshapes; trained on 400 rendered people" in rendered
    assert [line.split()[0] for line in lines if line.endswith("(the default)")] == [DEFAULT]


def test_a_name_is_taken_wherever_a_model_is():
    assert geofer.load(DEFAULT).fingerprint == geofer.load().fingerprint
    for name, path in bundled_models().items():
        assert named_path(name) == path
        assert named_path(f"./{name}").name == name
        assert bundled_description(name).expressions


def test_an_unknown_name_is_told_with_those_that_there_are():
    with pytest.raises(CheckpointError, match=f"No model phto is bundled; there are .*{DEFAULT}"):
        bundled_description("phto")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["models", "x"], "takes no arguments"), (["model"], "Did you mean models?")],
)
def test_mistakes(arguments, told, capsys):
    assert main(arguments) == 2
    assert told in capsys.readouterr().err


def test_a_line_says_what_a_model_looks_at():
    _, pixels = picture_recognizer()
    _, fused = picture_recognizer("landmarks")
    _, geometry = geometry_recognizer("landmarks")
    _, both = geometry_recognizer("both")
    told = [model_line(one).partition(";")[0] for one in (pixels, fused, geometry, both)]
    assert told == [
        "3 expressions from pixels",
        "3 expressions from pixels and landmarks",
        "3 expressions from landmarks",
        "3 expressions from landmarks and blendshapes",
    ]
