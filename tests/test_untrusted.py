"""Files that nobody has vouched for: what they say is data of a known shape, and nothing they say is done."""

import json
import os
import resource
import struct
import subprocess
import sys
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from tiny_generator import EXPRESSIONS, classifier_alone, full_method

from geofer.app.models.checkpoint_conversion import from_checkpoint
from geofer.app.models.model_file import ModelDescription, load_model, save_model
from geofer.app.recognition.recognizer import Recognizer
from geofer.app.recognition.sample import sample
from geofer.app.synthesis.generation import load_generator
from geofer.callbacks.run_checkpoint import RunCheckpoint
from geofer.checkpoints import PROVENANCE, read_checkpoint
from geofer.cli.evaluate import _model_of
from geofer.errors import CheckpointError, ConfigError
from geofer.modules import ExpressionClassifier, GeometryGuidedFER, Optimization
from geofer.modules.recognition import RecognitionModule
from geofer.modules.stored import stored_arguments
from geofer.weight_files import CHECKSUM, HEADER, checksum

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> dict[str, dict]:
    """What the checkpoints of the full method and of a classifier hold."""
    folder = tmp_path_factory.mktemp("good")
    paths = {"method": full_method(folder / "method.ckpt"), "classifier": classifier_alone(folder / "classifier.ckpt")}
    return {name: torch.load(path, weights_only=True) for name, path in paths.items()}


@pytest.fixture
def server():
    """A web server's address, and what was asked of it."""
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}", asked
        http.shutdown()


def changed(checkpoint: dict, path: Path, entry: str, value: object) -> Path:
    """The checkpoint with one hyperparameter, named by its path, of another value."""
    held = json.loads(json.dumps(checkpoint["hyper_parameters"]))
    *groups, name = entry.split(".")
    inner = held
    for group in groups:
        inner = inner[group]
    inner[name] = value
    torch.save({**checkpoint, "hyper_parameters": held}, path)
    return path


def touching(marker: Path, kind: str) -> dict:
    """What jsonargparse would take for a call."""
    arguments = {"os.system": {"command": f"touch {marker}"}, "subprocess.Popen": {"args": ["touch", str(marker)]}}
    return {"class_path": kind, "init_args": arguments.get(kind, {"x": str(marker)})}


@pytest.mark.parametrize("kind", ["os.system", "subprocess.Popen", "torch.hub.load", "geofer.cli.main"])
def test_an_optimizer_of_a_checkpoint_is_never_built(good, tmp_path, kind):
    marker = tmp_path / "ran"
    for name in ("generator_optimization", "discriminator_optimization", "classifier_optimization"):
        path = changed(good["method"], tmp_path / "x.ckpt", f"{name}.optimizer", touching(marker, kind))
        model = load_generator(path)
        with pytest.raises(ConfigError, match="has no optimizers"):
            model.configure_optimizers()
        assert name not in model.hparams
    assert not marker.exists()


def test_an_optimizer_that_the_caller_names_is_taken(good, tmp_path):
    path = changed(good["classifier"], tmp_path / "x.ckpt", "augmentation.rotation", 3.0)
    chosen = Optimization(lambda weights: torch.optim.SGD(weights, 0.5))
    model = ExpressionClassifier.load_from_checkpoint(path, classifier_optimization=chosen)
    assert (type(model.configure_optimizers()), model.augmentation.rotation) == (torch.optim.SGD, 3.0)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("classifier", "{server}/c.yaml"),
        ("generator", "{server}/c.yaml"),
        ("schedule", "file.yaml"),
        ("classifier", {"class_path": "os.system", "init_args": {"command": "touch {marker}"}}),
        ("generator", {"class_path": "os.system", "init_args": {"command": "touch {marker}"}}),
        ("losses", {"class_path": "builtins.exec", "init_args": {"source": "1"}}),
        ("discriminator.condition", "module.Name"),
        ("synthesis.targets", {"class_path": "os.system"}),
        ("more", 1),
        ("class_path", "os.system"),
        ("class_path", "geofer.cli.main"),
        ("class_path", "evil.GeometryGuidedFER"),
        ("class_path", ["GeometryGuidedFER"]),
        ("classifier.backbone", "hf-hub:evil/net"),
        ("classifier.backbone", "local-dir:/tmp"),
        ("classifier.backbone", "../../net"),
        ("classifier.backbone", 5),
    ],
)
def test_a_checkpoint_chooses_nothing_to_import_open_or_fetch(good, tmp_path, server, entry, value):
    address, asked = server
    (tmp_path / "file.yaml").write_text("warmup: 3")
    text = json.dumps(value).replace("{server}", address).replace("{marker}", str(tmp_path / "ran"))
    path = changed(good["method"], tmp_path / "x.ckpt", entry, json.loads(text))
    for load in (
        load_generator,
        GeometryGuidedFER.load_from_checkpoint,
        RecognitionModule.load_from_checkpoint,
        _model_of,
    ):
        with pytest.raises(CheckpointError, match=r"x\.ckpt"):
            load(path)
    assert not (tmp_path / "ran").exists()
    assert asked == []


@pytest.mark.parametrize(
    ("backbone", "arguments"),
    [
        ("resnet18", {"weights": "IMAGENET1K_V1"}),
        ("resnet50", {"progress": True}),
        ("vgg16", {"pretrained": True}),
        ("resnet18", {"norm_layer": "os.system"}),
        ("convnext_atto", {"checkpoint_path": "/etc/passwd"}),
        ("convnext_atto", {"pretrained": True}),
        ("convnext_atto", {"pretrained_cfg": {"url": "http://127.0.0.1:9"}}),
        ("convnext_atto", {"pretrained_cfg_overlay": {"file": "/etc/passwd"}}),
        ("convnext_atto", {"cache_dir": "elsewhere"}),
        ("small_resnet", {"pretrained": True}),
        ("small_resnet", {"widths": "48"}),
    ],
)
def test_a_backbone_takes_from_files_what_shapes_it_and_no_more(good, tmp_path, backbone, arguments):
    path = changed(good["classifier"], tmp_path / "x.ckpt", "classifier.backbone", backbone)
    path = changed(torch.load(path), path, "classifier.backbone_arguments", arguments)
    name = next(iter(arguments))
    for load in (from_checkpoint, ExpressionClassifier.load_from_checkpoint):
        with pytest.raises(CheckpointError, match=rf"x\.ckpt cannot be used: .*backbone_arguments\.{name} "):
            load(path)
    description = ModelDescription("picture", EXPRESSIONS, {"backbone": "small_resnet"}, image_size=64)
    told = json.loads(description.to_json())
    told["architecture"] = {"backbone": backbone, "backbone_arguments": arguments}
    with pytest.raises(ValueError, match=rf"backbone_arguments\.{name} "):
        ModelDescription.from_json(json.dumps(told))


@pytest.fixture
def nothing_is_fetched(monkeypatch):
    asked = []

    def fetch(*_, **__):
        asked.append("weights")
        raise ConnectionError("weights were asked for")

    for place in ("torch.hub", "torchvision.models._api"):
        monkeypatch.setattr(f"{place}.load_state_dict_from_url", fetch)
    monkeypatch.setattr("timm.models._builder.load_pretrained", fetch)
    yield
    assert not asked


def test_pretrained_weights_are_never_asked_for(good, tmp_path, nothing_is_fetched):
    path = changed(good["classifier"], tmp_path / "x.ckpt", "classifier.pretrained", True)
    assert from_checkpoint(path, "tight")[1].architecture["pretrained"] is False
    assert ExpressionClassifier.load_from_checkpoint(path).hparams["classifier"]["pretrained"] is False


@pytest.mark.parametrize("left_out", ["classifier", "classifier.pretrained", "classifier.backbone", "everything"])
def test_nor_by_leaving_out_what_would_forbid_it(good, tmp_path, nothing_is_fetched, left_out):
    """The default of a new run, ResNet50 with ImageNet weights, is none for a file."""
    for name, kind, load in (
        ("classifier", ExpressionClassifier, ExpressionClassifier.load_from_checkpoint),
        ("method", GeometryGuidedFER, load_generator),
    ):
        held = json.loads(json.dumps(good[name]["hyper_parameters"]))
        if left_out == "everything":
            held = {entry: held[entry] for entry in ("class_path", "expressions", "image_size")}
        elif "." in left_out:
            del held["classifier"][left_out.partition(".")[2]]
        else:
            del held[left_out]
        torch.save({**good[name], "hyper_parameters": held}, tmp_path / "x.ckpt")
        if left_out == "classifier.pretrained":
            load(tmp_path / "x.ckpt")
        else:
            with pytest.raises(CheckpointError, match=r"x\.ckpt cannot be used: .*(weights|built|backbone_arguments)"):
                load(tmp_path / "x.ckpt")
        if "classifier" not in held:
            assert stored_arguments(kind, held)["classifier"].pretrained is False


@pytest.mark.parametrize("size", [0, 3, 2049])
def test_a_picture_has_a_size_that_networks_look_at(good, tmp_path, size):
    path = changed(good["classifier"], tmp_path / "x.ckpt", "image_size", size)
    with pytest.raises(CheckpointError, match=rf"x\.ckpt cannot be used: .*image_size is {size}"):
        from_checkpoint(path, "tight")


def test_a_size_that_this_network_cannot_look_at_is_told():
    torch.manual_seed(0)
    description = ModelDescription("picture", ("a", "b"), {"backbone": "vgg16", "hidden": 8}, image_size=16)
    recognizer = Recognizer(description.network(), description)
    with pytest.raises(CheckpointError, match="cannot look at 16 × 16 pixels"):
        recognizer.recognize(sample())


def test_finite_weights_that_answer_with_nan_are_told(tmp_path):
    description = ModelDescription("picture", ("a", "b"), {"backbone": "small_resnet", "hidden": 8}, image_size=64)
    network = description.network()
    for name, value in (("0.weight", 0), ("0.bias", 10), ("2.weight", 3e38)):  # finite, but not ten times as large
        network.state_dict()[f"head.{name}"].fill_(value)
    save_model(tmp_path / "x.safetensors", network, description)
    with pytest.raises(CheckpointError, match="what is no number"):
        Recognizer(*load_model(tmp_path / "x.safetensors")).recognize(sample())


@pytest.mark.parametrize(
    ("entry", "value", "told"),
    [
        ("classifier.hidden", 10**8, "head.0.bias"),
        ("classifier.hidden", 10**40, "hidden is a huge number"),
        ("classifier.hidden", -1, "hidden"),
        ("classifier.hidden", True, "hidden is True"),
        ("classifier.backbone_arguments", {"blocks": 60_000}, "many more"),
        ("classifier.backbone_arguments", {"blocks": 100_000}, "blocks is 100000"),
        ("classifier.backbone_arguments", {"widths": [65536] * 1000}, "many more"),
        ("classifier.backbone_arguments", {"widths": []}, "cannot be built"),
        ("image_size", 4 << 18, "image_size is 1048576"),
        ("image_size", -5, "image_size is -5"),
        ("image_size", "x", "image_size is 'x'"),
        ("generator.width", 2**30, "cannot be built"),
        ("generator.identity_size", 10**9, "weights do not fit"),
        ("discriminator.width", 10**12, "weights do not fit|cannot be built"),
        ("expressions", ["a"] * 5, "expressions name 'a' twice"),
        ("expressions", [f"e{n}" for n in range(90)], "weights do not fit"),
        ("schedule.warmup", 1e400, "schedule.warmup is inf"),
        ("augmentation.flip", [[[]]], "augmentation.flip is a list"),
    ],
)
def test_sizes_are_compared_with_the_weights_before_anything_is_built(good, tmp_path, entry, value, told):
    path = changed(good["method"], tmp_path / "x.ckpt", entry, value)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError, match=rf"x\.ckpt cannot be used: .*({told})"):
        load_generator(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "kB"


GLOBALS = [
    b"c_codecs\nencode\n(X\x01\x00\x00\x00aX\x04\x00\x00\x00zlibtR.",
    b"cbuiltins\nbytearray\n\x8a\x05\x00\x00\x00\x00\x10\x85R.",
    b"ccollections\nCounter\n)R.",
    b"cbuiltins\nset\n]\x85R.",
    b"ctorch.serialization\n_get_layout\nX\x0d\x00\x00\x00torch.strided\x85R.",
    b"ctorch\ndevice\nX\x03\x00\x00\x00cpu\x85R.",
]


def pickled(path: Path, data: bytes, name: str = "a/data.pkl") -> Path:
    """A file as torch writes one, around other structure."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, data)
        for record, content in (("byteorder", b"little"), ("data/0", bytes(4)), ("version", b"3\n")):
            archive.writestr(f"a/{record}", content)
    return path


@pytest.mark.parametrize("data", GLOBALS, ids=lambda data: data.split(b"\n")[1].decode())
def test_a_pickle_names_nothing_but_tensors_and_dictionaries(tmp_path, data):
    with pytest.raises(CheckpointError, match=r"x\.ckpt holds more than tensors and plain data .*not loaded"):
        read_checkpoint(pickled(tmp_path / "x.ckpt", b"\x80\x02" + data))


STORAGE = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01tQ"
TENSOR = (
    b"ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE + b"K\x00K\x01\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR"
)


def test_a_crowd_of_tensors_is_refused_before_they_are_made(tmp_path):
    again = b"h\x00(h\x01K\x00K\x01\x85K\x01\x85\x89NtRa"
    first = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nq\x000" + STORAGE + b"q\x010]"
    path = pickled(tmp_path / "x.ckpt", first + again * 300_000 + b".")
    with pytest.raises(CheckpointError, match="it has more than 20000 tensors"):
        read_checkpoint(path)


def test_a_crowd_of_records_is_refused_before_they_are_listed(good, tmp_path):
    torch.save(good["classifier"], tmp_path / "x.ckpt")
    raw = bytearray((tmp_path / "x.ckpt").read_bytes())
    assert raw[-98:-94] == b"PK\6\6", "torch writes the ending of large files"
    raw[-74:-58] = struct.pack("<QQ", 300_000, 300_000)
    (tmp_path / "x.ckpt").write_bytes(raw)
    with pytest.raises(CheckpointError, match="has 300000 records"):
        read_checkpoint(tmp_path / "x.ckpt")
    small = bytearray(pickled(tmp_path / "x.ckpt", b"\x80\x02}.").read_bytes())
    small[-14:-10] = struct.pack("<HH", 40_000, 40_000)
    (tmp_path / "x.ckpt").write_bytes(small)
    with pytest.raises(CheckpointError, match="has 40000 records"):
        read_checkpoint(tmp_path / "x.ckpt")


def test_what_two_readers_would_read_in_two_ways_is_refused(good, tmp_path):
    path = tmp_path / "x.ckpt"
    torch.save(good["classifier"], path)
    whole = path.read_bytes()
    for raw in (b"before" + whole, whole[:-2] + b"\4\0more"):
        path.write_bytes(raw)
        with pytest.raises(CheckpointError, match=r"x\.ckpt is damaged"):
            read_checkpoint(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x02}.")
        archive.writestr("b/data.pkl", b"\x80\x02}.")
    with pytest.raises(CheckpointError, match=r"2 records data\.pkl"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("weight", "told"),
    [
        (torch.full((3,), torch.nan), "NaN or infinite"),
        (torch.zeros(1).expand(10**12), "repeats a few"),
        (torch.eye(3).to_sparse(), "holds more than|no dense tensor"),
        (torch.zeros(3, dtype=torch.complex64), "no dense tensor"),
        ("text", "holds no state_dict"),
    ],
)
def test_weights_are_dense_and_finite(good, tmp_path, weight, told):
    weights = {**good["classifier"]["state_dict"], "classifier.head.2.bias": weight}
    torch.save({**good["classifier"], "state_dict": weights}, tmp_path / "x.ckpt")
    with pytest.raises(CheckpointError, match=told):
        read_checkpoint(tmp_path / "x.ckpt")


def test_a_small_file_makes_no_large_network(good, tmp_path):
    """All weights of a network that the file is too small for may be the same few numbers."""
    weights = dict(good["classifier"]["state_dict"])
    most = max(value.numel() for value in weights.values())
    shared = torch.zeros(most)
    torch.save(
        {**good["classifier"], "state_dict": {name: shared[: w.numel()].view(w.shape) for name, w in weights.items()}},
        tmp_path / "x.ckpt",
    )
    with pytest.raises(CheckpointError, match="the same numbers many times over"):
        read_checkpoint(tmp_path / "x.ckpt")


def test_lists_in_lists_end(good, tmp_path):
    deep, wide = [], [1]
    for _ in range(100):
        deep = [deep]
    for _ in range(40):
        wide = [wide, wide]
    for value in (deep, wide):
        torch.save({**good["classifier"], "callbacks": {"Reports": value}}, tmp_path / "x.ckpt")
        with pytest.raises(CheckpointError, match="goes too far"):
            read_checkpoint(tmp_path / "x.ckpt")


def test_a_provenance_is_shown_as_plain_text(good, tmp_path):
    said = {"data_set": "a\n\x1b[31m" + "b" * 5000, "arguments": {"root\u202e": 3}}
    torch.save({**good["classifier"], PROVENANCE: said}, tmp_path / "x.ckpt")
    known = from_checkpoint(tmp_path / "x.ckpt", "tight")[1].provenance
    assert known["data_set"].startswith(r"'a\n\x1b[31mb")
    assert len(known["data_set"]) == 1000
    assert known["arguments"] == {r"'root\u202e'": 3}


DESCRIBED = [
    *({"image_size": size} for size in (10**6, 0, -5, "x", True, 64.5, None)),
    *({"crop": crop} for crop in ("../../x", "loose", None, ["tight"])),
    *({"kind": kind} for kind in ("video", ["picture"], None)),
    *(
        {"expressions": names}
        for names in (["a", "a"], ["file", "b"], ["Error", "b"], ["=1+1", "b"], [" a", "b"], "ab")
    ),
    *({"expressions": names} for names in (["\x1b[31m", "b"], ["a\n", "b"], ["", "b"], ["a" * 61, "b"], [], [1, 2])),
    *({"expressions": names} for names in (["\u202e", "b"], ["\ud800", "b"], [f"e{n}" for n in range(101)], {"a": 1})),
    *({"architecture": text} for text in ("x", None, {"class_path": "os.system"}, {"hidden": "8"}, {"hidden": 10**8})),
    *(
        {"reliability": value}
        for value in (3, [], {"yaws": [0, 1]}, {"yaws": "ab", "pitches": [], "accuracy": [], "faces": []})
    ),
    *({"versions": value} for value in ("x", {"geofer": 1}, {"a" * 2000: "1"}, {"geofer": "1\n2"})),
    *({"provenance": value} for value in ("x", [1], [[[]]])),
    *({"color": "BGR"}, {"normalization": "x"}, {"more": 1}, {"format": True}, {"format": [2]}),
]


@pytest.mark.parametrize("entries", DESCRIBED, ids=str)
def test_a_description_is_checked_entry_by_entry(tmp_path, entries):
    description = ModelDescription(
        "picture",
        ("a", "b"),
        {"backbone": "small_resnet", "hidden": 8, "backbone_arguments": {"widths": [4, 8]}},
        image_size=64,
    )
    save_model(tmp_path / "x.safetensors", description.network(), description)
    from safetensors import safe_open
    from safetensors.torch import save

    with safe_open(tmp_path / "x.safetensors", framework="pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    text = json.dumps({**json.loads(description.to_json()), **entries})
    (tmp_path / "x.safetensors").write_bytes(save(weights, {HEADER: text, CHECKSUM: checksum(text, weights)}))
    with pytest.raises(CheckpointError, match=r"x\.safetensors cannot be used: ") as caught:
        load_model(tmp_path / "x.safetensors")
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()


def test_holes_of_a_file_are_not_read(tmp_path):
    """Four gigabytes of zeros, which take nothing on the disk."""
    description = ModelDescription("picture", ("a", "b"), {"backbone": "small_resnet", "hidden": 8}, image_size=64)
    size = 4 << 30
    tensors = {"head.0.weight": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}
    header = json.dumps({"__metadata__": {HEADER: description.to_json(), CHECKSUM: "0" * 64}, **tensors}).encode()
    with (tmp_path / "x.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError, match=r"x\.safetensors cannot be used: .* do not fit what it says it is"):
        load_model(tmp_path / "x.safetensors")
    tensors |= {name: {"dtype": "F8_E4M3", "shape": [0], "data_offsets": [size, size]} for name in map(str, range(80))}
    header = json.dumps({"__metadata__": {HEADER: description.to_json(), CHECKSUM: "0" * 64}, **tensors}).encode()
    with (tmp_path / "x.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + size)
    with pytest.raises(CheckpointError, match="do not fit what it says it is"):
        load_model(tmp_path / "x.safetensors")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "kB"


def test_a_huge_header_is_refused_before_it_is_parsed(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(struct.pack("<Q", 5_000_000) + b" " * 5_000_000)
    with pytest.raises(CheckpointError, match="its header takes more than"):
        load_model(tmp_path / "x.safetensors")


def test_a_resumed_run_removes_no_files_but_its_own(tmp_path):
    """`ModelCheckpoint` deletes what its stored state names as the former best."""
    callback = RunCheckpoint("best", monitor="val/accuracy")
    callback.dirpath = str(tmp_path / "checkpoints")
    own = str(tmp_path / "checkpoints" / "best.ckpt")
    for path in ("/etc/passwd", f"{callback.dirpath}/../../victim", f"{callback.dirpath}/a/b.ckpt", 3, "s3://a/b"):
        state = dict.fromkeys(("best_model_path", "kth_best_model_path", "last_model_path"), path)
        held = {
            "dirpath": callback.dirpath,
            "best_model_score": torch.tensor(0.5),
            "best_k_models": {path: 0.5, own: 0.4},
        }
        callback.load_state_dict({**held, **state})
        assert {callback.best_model_path, callback.kth_best_model_path, callback.last_model_path} == {""}
        assert list(callback.best_k_models) == [own]
    callback.load_state_dict({**held, "best_model_path": own})
    assert callback.best_model_path == own


@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.slow)])
def test_nothing_is_imported_opened_asked_or_started_for_changed_files(tmp_path, count):
    """In a process of its own, by Python's audit hook; what loading a good file needs was loaded before."""
    done = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("audited_loading.py")),
            str(BENCHMARKS),
            str(tmp_path),
            str(count),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["events"] == []
    assert report["refused"] > count / 3
    assert report["refused"] + report["accepted"] == count
