"""A generator's file: written, read, refused; and the bundled one."""

import json

import pytest
import torch

from geofer.app.models.generator_file import (
    GeneratorDescription,
    load_generator_file,
    save_generator,
)
from geofer.app.models.model_file import load_model
from geofer.errors import CheckpointError
from geofer.weight_files import bundled_generators

SMALL = GeneratorDescription({"width": 8, "unet": True}, 32, provenance={"data": "nothing"})


@pytest.fixture
def path(tmp_path):
    torch.manual_seed(0)
    save_generator(tmp_path / "small.safetensors", SMALL.network().half(), SMALL)
    return tmp_path / "small.safetensors"


def test_a_file_gives_the_generator_back(path):
    generator = load_generator_file(path)
    assert (generator.image_size, generator.provenance) == (32, {"data": "nothing", "crop": "tight"})
    image, landmarks = torch.rand(2, 3, 32, 32), torch.rand(2, 68, 2) - 0.5
    made = generator.synthesize(image, landmarks, landmarks.flip(0))
    assert made.shape == image.shape
    assert made.dtype == torch.float32


def test_a_generator_is_no_recognizer(path):
    with pytest.raises(CheckpointError, match="its format is 'generator 1' and geofer"):
        load_model(path)


def test_one_flipped_bit_is_noticed(path):
    held = bytearray(path.read_bytes())
    held[-100] ^= 1
    path.write_bytes(held)
    with pytest.raises(CheckpointError, match="checksum is wrong"):
        load_generator_file(path)


@pytest.mark.parametrize(
    ("entry", "value", "message"),
    [
        ("format", "generator 2", "its format is 'generator 2'"),
        ("image_size", 1 << 20, "image_size"),
        ("architecture", {"width": "wide"}, "architecture.width"),
        ("architecture", {"file": "/etc/passwd"}, "architecture"),
    ],
)
def test_what_a_description_says_is_checked(entry, value, message):
    told = json.loads(SMALL.to_json()) | {entry: value}
    with pytest.raises((CheckpointError, ValueError), match=message):
        GeneratorDescription.from_json(json.dumps(told))


def test_the_bundled_generator_is_small_and_says_what_it_learned_from():
    assert bundled_generators()["people"].stat().st_size < 15_000_000
    generator = load_generator_file()
    assert generator.image_size == 128
    assert generator.provenance["crop"] == "tight"
    for source in ("rendered", "FairFace", "London"):
        assert source in generator.provenance["data"]
