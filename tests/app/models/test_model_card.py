"""Model cards, read as Hugging Face reads them."""

import yaml
from small_recognizers import geometry_recognizer, picture_recognizer, reliability

from geofer.app.models.model_card import model_card


def test_card_tells_what_the_description_holds():
    provenance = {"data": "400 people", "test": {"accuracy": 0.56789, "nothing": None}}
    _, description = picture_recognizer(provenance=provenance, reliability=reliability())
    card = model_card(description, "model.safetensors")
    _, front, body = card.split("---\n", 2)
    assert yaml.safe_load(front)["pipeline_tag"] == "image-classification"
    assert "anger, happiness, neutral" in body
    assert "64 × 64" in body
    assert "`tight`" in body
    assert "- data: 400 people\n- test / accuracy: 0.5679\n" in body
    assert "nothing" not in body
    assert "| pitch \\ yaw | -45° to +0° | +0° to +45° |\n|---|---|---|\n| -15° to +15° | 25.0% (8) | – |" in body
    assert 'geofer.load("model.safetensors")' in body
    for section in ("Limits", "Responsible use"):
        assert f"## {section}\n" in body


def test_card_of_a_file_that_says_little():
    card = model_card(geometry_recognizer("both")[1], "model.onnx")
    assert "The model file does not say." in card
    assert "It was not measured." in card
    assert "`landmarks` `(B, 68, 2)`" in card


def test_text_from_a_file_stays_text():
    _, description = picture_recognizer(provenance={"data": "<script>\n# big | [a](b)"})
    assert "- data: &lt;script> # big \\| \\[a](b)\n" in model_card(description, "model.onnx")
