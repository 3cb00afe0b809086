"""Recognizers on a stand-in of the Hugging Face Hub: pushed, pulled, kept, and refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hub_stand_in import running_hub
from huggingface_hub import ModelCard, constants
from PIL import Image
from small_recognizers import EXPRESSIONS, geometry_recognizer, picture_recognizer, reliability

import geofer
import geofer.app.models.hub
from geofer.app.models.hub import HubName, hub_name
from geofer.app.models.model_file import load_model, save_model
from geofer.app.models.model_source import read_model
from geofer.app.models.pretrained_folder import CARD, CONFIG, WEIGHTS, load_pretrained
from geofer.app.recognition.recognizer import Recognizer
from geofer.cli import main
from geofer.errors import CheckpointError, ConfigError, HubError

TESTED = {
    "data_set": "RenderedFaces",
    "test": {"accuracy": 0.5125, "balanced_accuracy": 0.5, "macro_f1": 0.48, "accuracy_low": 0.4, "faces": 80},
}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The stand-in, used by `huggingface_hub` with a cache of its own and without a token."""
    with running_hub() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield hub


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(path, *picture_recognizer(reliability=reliability(), provenance=TESTED))
    return path


@pytest.fixture
def files(tmp_path, model):
    """What a repository of a recognizer holds."""
    folder = tmp_path / "folder"
    geofer.load(model, detector="none").save_pretrained(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def push(model, *arguments):
    return main(["export", str(model), "--push", "ada/faces", *arguments])


def same_weights(network, other):
    found, expected = network.state_dict(), other.state_dict()
    return found.keys() == expected.keys() and all(torch.equal(found[name], expected[name]) for name in expected)


def test_pushed_and_pulled_again(hub, model, monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", "hf_ada")
    assert push(model, "--license", "apache-2.0") == 0
    told = capsys.readouterr().out
    repository = hub.repositories["ada/faces"]
    assert repository.private
    assert f"{hub.url}/ada/faces/commit/{repository.branches['main']}" in told
    held = repository.commits[repository.branches["main"]]
    assert {WEIGHTS, CONFIG, CARD} <= held.keys()
    assert [path for _, path in hub.requests if path.startswith("/large/")]  # the weights, as a large file
    config = json.loads(held[CONFIG])
    assert config["id2label"] == {"0": "anger", "1": "happiness", "2": "neutral"}
    recognizer = geofer.load("ada/faces", detector="none")
    network, description = load_model(model)
    assert recognizer.description == description
    assert same_weights(recognizer.network, network)


def test_the_card_is_what_the_hub_wants(hub, model, monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", "hf_ada")
    assert push(model, "--license", "cc-by-4.0") == 0
    assert "no license" not in capsys.readouterr().out
    repository = hub.repositories["ada/faces"]
    card = ModelCard(repository.commits[repository.branches["main"]][CARD].decode())
    assert card.data.license == "cc-by-4.0"
    assert card.data.library_name == "geofer"
    assert card.data.pipeline_tag == "image-classification"
    assert "facial-expression-recognition" in card.data.tags
    results = {(result.metric_name, result.metric_value) for result in card.data.eval_results}
    assert results == {("Accuracy", 0.5125), ("Balanced accuracy", 0.5), ("Macro F1", 0.48)}
    assert {result.dataset_split for result in card.data.eval_results} == {"test"}
    assert 'geofer.load("ada/faces")' in card.text


def test_public_branches_and_revisions(hub, model, monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", "hf_ada")
    assert push(model, "--public") == 0
    assert "names no license" in capsys.readouterr().out
    repository = hub.repositories["ada/faces"]
    assert not repository.private
    first = repository.branches["main"]
    other = geofer.load(model, detector="none")
    with torch.no_grad():
        other.network.head[-1].bias += 1
    assert other.push_to_hub("ada/faces", branch="louder").endswith(repository.branches["louder"])
    assert repository.branches["main"] == first
    monkeypatch.delenv("HF_TOKEN")
    assert same_weights(geofer.load("ada/faces@louder", detector="none").network, other.network)
    assert same_weights(geofer.load(f"ada/faces@{first}", detector="none").network, load_model(model)[0])
    pulled = Recognizer.from_pretrained("ada/faces", revision="louder", detector="none")
    assert same_weights(pulled.network, other.network)


def test_what_was_fetched_works_offline(hub, files, monkeypatch):
    hub.add("ada/faces", files)
    geofer.load("ada/faces", detector="none")
    asked = len(hub.requests)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert geofer.load("ada/faces", detector="none").description.expressions == EXPRESSIONS
    assert len(hub.requests) == asked
    with pytest.raises(HubError, match=r"fetch ada/others: HF_HUB_OFFLINE is set"):
        geofer.load("ada/others")
    with pytest.raises(HubError, match=r"fetch ada/faces@old: HF_HUB_OFFLINE is set"):
        geofer.load("ada/faces@old")


def test_files_and_folders_come_first(hub, files, model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ada").mkdir()
    Path("folder").rename("ada/faces")
    assert geofer.load("ada/faces", detector="none").description.expressions == EXPRESSIONS
    assert Recognizer.from_pretrained("ada/faces", detector="none").description.expressions == EXPRESSIONS
    with pytest.raises(CheckpointError, match="no such model file"):
        geofer.load("ada/gone.safetensors")
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        geofer.load("ada/gone.ckpt")
    assert hub.requests == []


def test_a_private_model_needs_a_token(hub, files, monkeypatch):
    hub.add("ada/faces", files, private=True)
    with pytest.raises(HubError, match=r"no model of that name; if it is private or gated, log in"):
        geofer.load("ada/faces")
    assert Recognizer.from_pretrained("ada/faces", token="hf_ada", detector="none").description.image_size == 64
    assert hub.tokens_of_store == []  # which is another host


def test_unknown_names_are_told(hub, files):
    with pytest.raises(HubError, match=r"fetch eve/nothing: .*If you mean a file or folder, there is none here"):
        geofer.load("eve/nothing")
    hub.add("ada/faces", files)
    with pytest.raises(HubError, match=r"ada/faces@v2: ada/faces has no such revision"):
        geofer.load("ada/faces@v2")


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ({"weights.bin": b"x"}, HubError, "holds no config.json or model.safetensors"),
        ({CONFIG: b'{"model_type": "bert"}', WEIGHTS: b"x"}, CheckpointError, "a model of bert, not of geofer"),
        ({CONFIG: b"[1, 2]", WEIGHTS: b"x"}, CheckpointError, "a model of another kind"),
        ({CONFIG: b"{", WEIGHTS: b"x"}, CheckpointError, "config.json is damaged"),
    ],
)
def test_other_models_are_refused_before_their_weights_are_fetched(hub, content, error, message):
    hub.add("ada/other", content)
    with pytest.raises(error, match=message):
        geofer.load("ada/other")
    assert not any(WEIGHTS in path for _, path in hub.requests)


def test_what_was_tampered_with_is_refused(hub, files):
    weights = bytearray(files[WEIGHTS])
    weights[-5] ^= 64
    hub.add("ada/weights", {**files, WEIGHTS: bytes(weights)})
    with pytest.raises(CheckpointError, match="checksum is wrong"):
        geofer.load("ada/weights")
    config = json.loads(files[CONFIG])
    config["geofer"]["expressions"] = config["geofer"]["expressions"][::-1]
    config["geofer"]["crop"] = "paper"
    hub.add("ada/config", {**files, CONFIG: json.dumps(config).encode()})
    with pytest.raises(CheckpointError, match="differ in expressions, crop"):
        geofer.load("ada/config")
    config["geofer"]["format"] = 99
    hub.add("ada/newer", {**files, CONFIG: json.dumps(config).encode()})
    with pytest.raises(CheckpointError, match="its format is 99"):
        geofer.load("ada/newer")


def test_a_folder_that_lacks_its_weights(tmp_path, files):
    (tmp_path / "folder" / WEIGHTS).unlink()
    with pytest.raises(CheckpointError, match="no such model file"):
        load_pretrained(tmp_path / "folder")
    with pytest.raises(CheckpointError, match="is no run, which has"):
        read_model(tmp_path)


def test_pushing_without_the_right(hub, model, monkeypatch, capsys):
    assert push(model) == 2
    assert "needs a token that may write" in capsys.readouterr().err
    assert hub.requests == []
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    assert push(model) == 1
    assert "your token is not valid" in capsys.readouterr().err
    monkeypatch.setenv("HF_TOKEN", "hf_ada")
    assert main(["export", str(model), "--push", "eve/faces"]) == 1
    assert "your token may not do that" in capsys.readouterr().err
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert push(model) == 1
    assert "HF_HUB_OFFLINE is set" in capsys.readouterr().err
    assert hub.repositories == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--output, --push, or both"),
        (["--push", "faces"], "must be user/name"),
        (["--push", "ada/faces", "--card"], "always has a card"),
        (["--output", "a.onnx", "--public"], "--public belongs to --push"),
    ],
)
def test_wrong_command_lines_of_a_push(model, arguments, message, capsys):
    assert main(["export", str(model), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_missing_extra_is_told(monkeypatch):
    monkeypatch.setattr(geofer.app.models.hub, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'geofer\[hub\]'"):
        geofer.load("ada/faces")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada/faces", HubName("ada/faces")),
        ("ada/faces@v1.0", HubName("ada/faces", "v1.0")),
        ("ada/faces@refs/pr/1", HubName("ada/faces", "refs/pr/1")),
        ("faces", None),
        ("a/b/c", None),
        ("../faces", None),
        ("ada/faces.onnx", None),
        ("runs/x.ckpt", None),
        ("https://huggingface.co/ada/faces", None),
        ("ada/faces\n", None),
        ("ada/faces@../../x", None),
        ("ada/faces@a/../x", None),
        ("ada/faces@/etc", None),
        ("ada/faces@a//b", None),
        ("ada/..", None),
        ("ada/fa..ces", None),
        ("ada/faces@", None),
        ("ada/" + "a" * 97, None),
    ],
)
def test_names_of_the_hub(text, expected):
    assert hub_name(text) == expected


def test_geometry_is_pushed_too(hub, monkeypatch, tmp_path):
    recognizer = Recognizer(*geometry_recognizer("both"), detector="none")
    recognizer.push_to_hub("ada/points", token="hf_ada", private=False)
    assert same_weights(geofer.load("ada/points", detector="none").network, recognizer.network)


@pytest.mark.slow
def test_as_it_is_typed(tmp_path, model, rendered_pictures):
    """In processes of their own, which know the Hub by the environment alone."""
    Image.fromarray(rendered_pictures[0].pixels).save(tmp_path / "face.png")
    with running_hub() as hub:
        environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": "hf_ada"}
        environment |= {"HF_HUB_DISABLE_XET": "1"}

        def run(*arguments, **more):
            command = [sys.executable, "-m", "geofer", *map(str, arguments)]
            return subprocess.run(
                command, cwd=tmp_path, env={**environment, **more}, capture_output=True, text=True, check=False
            )

        done = run("export", model, "--push", "ada/faces")
        assert done.returncode == 0, done.stderr
        done = run("recognize", "face.png", "--model", "ada/faces")
        assert any(f"face 0: {name}" in done.stdout for name in EXPRESSIONS), done.stderr
        done = run("export", "ada/faces", "--output", "again.safetensors", HF_HUB_OFFLINE="1")
        assert done.returncode == 0, done.stderr
    done = run("export", "ada/gone", "--output", "gone.safetensors")  # the server is gone
    assert done.returncode == 1
    assert "the Hub cannot be reached" in done.stderr
    (again, described), (network, description) = load_model(tmp_path / "again.safetensors"), load_model(model)
    assert same_weights(again, network)
    assert described == description
