"""The public names of every package, walked: paths in every form, NumPy's numbers, and words that are no choice."""

import inspect
import json
import os
import re
import subprocess
import sys
import typing
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import geofer
from geofer.errors import ConfigError, GeoferError
from geofer.landmarks import Faces

PACKAGES = ("", ".backbones", ".callbacks", ".datamodules", ".landmarks", ".metrics", ".modules", ".rendering")
MORE = (
    "geofer.app.export.calibration_faces.read_cropped_faces",
    "geofer.app.export.int8.export_int8",
    "geofer.app.export.onnx_export.export_onnx",
    "geofer.app.export.torch_export.export_torch",
    "geofer.app.models.checkpoint_conversion.from_checkpoint",
    "geofer.app.models.checkpoint_conversion.save_checkpoint",
    "geofer.app.models.model_file.load_model",
    "geofer.app.models.model_file.save_model",
    "geofer.app.models.model_source.read_model",
    "geofer.app.models.pretrained.Pretrained.from_pretrained",
    "geofer.app.models.pretrained.Pretrained.save_pretrained",
    "geofer.app.models.pretrained_folder.load_pretrained",
    "geofer.app.models.pretrained_folder.save_pretrained",
    "geofer.app.recognition.recognizer.Recognizer.__call__",
    "geofer.app.recognition.recognizer.Recognizer.camera",
    "geofer.app.recognition.recognizer.Recognizer.video",
    "geofer.app.recognition.result_table.table_writer",
    "geofer.app.synthesis.generation.find_source",
    "geofer.app.synthesis.generation.load_generator",
    "geofer.app.synthesis.synthetic_set.source_pictures",
    "geofer.app.synthesis.synthetic_set.write_synthetic_set",
    "geofer.app.synthesis.target_geometry.read_geometry",
    "geofer.callbacks.predictions.read_predictions",
    "geofer.datamodules.preparation.config.Preparation",
    "geofer.figures.save_figure",
    "geofer.metrics.tables.load_report",
    "geofer.metrics.tables.report_path",
    "geofer.pictures.read_picture",
    "geofer.videos.is_video",
    "geofer.videos.read_video",
)


def fetched(dotted: str) -> object:
    parts = dotted.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            found = import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        for name in parts[cut:]:
            found = getattr(found, name)
        return found
    raise ImportError(dotted)


def public_names() -> list[str]:
    named = [f"geofer{package}.{name}" for package in PACKAGES for name in import_module(f"geofer{package}").__all__]
    return sorted({*named, *MORE} - {"geofer.__version__"})


def parameters(dotted: str) -> dict[str, tuple[object, object]]:
    """Name of each parameter → its annotation and default; of a class, those of its bases that it passes on, too."""
    made = fetched(dotted)
    functions = [made]
    if inspect.isclass(made):
        functions = []
        for base in made.__mro__:
            if "__init__" in vars(base) and base.__module__.startswith("geofer"):
                functions.append(base.__init__)
                kinds = {parameter.kind for parameter in inspect.signature(base.__init__).parameters.values()}
                if inspect.Parameter.VAR_KEYWORD not in kinds:
                    break
    found: dict[str, tuple[object, object]] = {}
    for function in functions:
        if not callable(function) or not hasattr(function, "__annotations__"):
            continue
        names = vars(sys.modules[function.__module__]) | {"np": np, "NDArray": np.ndarray}
        try:
            hints = typing.get_type_hints(function, names)
        except NameError:  # of what is imported for types alone
            hints = function.__annotations__
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL) or name == "self":
                continue
            found.setdefault(name, (hints.get(name), parameter.default))
    return found


def pieces(annotation: object) -> list[object]:
    return [annotation, *(piece for part in typing.get_args(annotation) for piece in pieces(part))]


PATH = os.PathLike[str]
NAMES = public_names()


def takes_path(annotation: object) -> bool:
    return PATH in pieces(annotation) or Path in pieces(annotation)


@pytest.mark.parametrize("dotted", NAMES)
def test_every_path_may_be_a_text_or_stand_for_a_path(dotted):
    for name, (annotation, _) in parameters(dotted).items():
        assert Path not in pieces(annotation), f"{dotted}({name}) must be annotated str | PathLike[str]"
        if PATH in pieces(annotation):
            assert str in pieces(annotation), f"{dotted}({name}) must take a str"


class StandsForAPath:
    """As pathlib does it, but no text and no `pathlib.Path`."""

    def __init__(self, path: object) -> None:
        self.path = str(path)

    def __fspath__(self) -> str:
        return self.path


def in_numpy(value: object) -> object:
    """The same setting with NumPy's numbers."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return np.int64(value)
    if isinstance(value, float):
        return np.float64(value)
    if isinstance(value, tuple) and value and all(isinstance(one, int | float) for one in value):
        return np.array(value)
    return value


REQUIRED = {
    "root": "nowhere",
    "num_classes": 3,
    "expressions": ("anger", "neutral"),
    "image_size": 64,
    "filename": "best",
    "features": 8,
    "batch_size": 8,
    "num_workers": 0,
    "self_pairs": 0.1,
    "seed": 3,
}
"""What has no default, by the name of the parameter."""

RECORDS = {
    *("geofer.RecognizedFace", "geofer.landmarks.Faces", "geofer.metrics.RecognitionReport"),
    *("geofer.metrics.GroupAccuracy", "geofer.metrics.SubsetCounts", "geofer.metrics.SynthesisReport"),
    *("geofer.datamodules.FaceLabels", "geofer.datamodules.FaceStore", "geofer.rendering.RenderedSubject"),
}
"""What geofer hands out; nobody makes them."""

NEED_MORE = {
    *("geofer.datamodules.FaceDataset", "geofer.datamodules.ShardedPictures", "geofer.datamodules.FaceDataModule"),
    *("geofer.Recognizer", "geofer.metrics.DlibEmbedding"),
    *("geofer.GeometryGuidedFER", "geofer.modules.GenerativeModule", "geofer.modules.GeometryGuidedFER"),
    *("geofer.CrossDataSet", "geofer.datamodules.CrossDataSet", "geofer.datamodules.PictureFaces"),
    *("geofer.MixedFaces", "geofer.datamodules.MixedFaces"),
    *("geofer.modules.RecognitionModule", "geofer.ExpressionClassifier", "geofer.modules.ExpressionClassifier"),
}
"""Bases that nobody makes, and what takes other objects; tested below or in their own tests."""

CLASSES = [
    dotted
    for dotted in NAMES
    if inspect.isclass(made := fetched(dotted))
    and made.__module__.startswith("geofer")
    and not getattr(made, "_is_protocol", False)
    and dotted not in RECORDS | NEED_MORE
]


@pytest.mark.parametrize("dotted", CLASSES)
def test_numbers_may_be_numpys_and_paths_of_any_kind(dotted):
    known = parameters(dotted)
    given = {name: REQUIRED[name] for name, (_, default) in known.items() if default is inspect.Parameter.empty}
    settings = {name: default for name, (_, default) in known.items() if default is not inspect.Parameter.empty}
    settings |= given
    made = []
    for kind in (str, Path, StandsForAPath):
        numbers = {name: in_numpy(value) for name, value in settings.items()}
        paths = {
            name: {"pose>30": kind("nowhere")} if name == "pose_lists" else kind("nowhere")
            for name in settings.keys() - {"set_lists"}
            if takes_path(known[name][0])
        }
        made.append(fetched(dotted)(**{**numbers, **paths}))
    plain = fetched(dotted)(**given)
    for one in (*made, plain):
        if hasattr(one, "arguments"):
            json.dumps(one.arguments)
        for name in ("seed", "batch_size", "fold", "image_size", "workers"):
            assert not isinstance(vars(one).get(name), np.generic), name


CHOICES = [
    (dotted, name, typing.get_args(literal))
    for dotted in [*CLASSES, "geofer.rendering.portrait.render"]
    for name, (annotation, _) in parameters(dotted).items()
    for literal in pieces(annotation)
    if typing.get_origin(literal) is typing.Literal
]


@pytest.mark.parametrize(("dotted", "name", "choices"), CHOICES)
def test_a_word_that_is_no_choice_is_refused_with_the_choices(dotted, name, choices):
    known = parameters(dotted)
    given = {other: REQUIRED[other] for other, (_, default) in known.items() if default is inspect.Parameter.empty}
    with pytest.raises(GeoferError) as refused:
        fetched(dotted)(**{**given, name: "sqare"})
    for choice in choices:
        assert str(choice) in str(refused.value)
    assert "sqare" in str(refused.value)


@pytest.mark.parametrize(
    ("dotted", "name", "choices"),
    [
        ("geofer.datamodules.CrossDataSet", "train_faces", ("all", "train")),
        ("geofer.datamodules.CrossDataSet", "test_faces", ("all", "test")),
    ],
)
def test_choices_of_what_is_made_of_data_sets(dotted, name, choices):
    faces = geofer.RenderedFaces(train_subjects=1)
    with pytest.raises(ConfigError, match=f"{name} is 'sqare'; choose {choices[0]} or {choices[1]}"):
        fetched(dotted)(faces, faces, **{name: "sqare"})


def test_modules_and_their_settings_take_numpys_numbers():
    from geofer.modules import (
        ClassifierConfig,
        DiscriminatorConfig,
        ExpressionClassifier,
        GeneratorConfig,
        GeometryGuidedFER,
        LossConfig,
        SynthesisConfig,
    )

    classifier = ClassifierConfig(backbone="small_resnet", pretrained=False)
    method = GeometryGuidedFER(
        ("anger", "neutral"),
        np.int64(64),
        classifier=classifier,
        generator=GeneratorConfig(np.int64(8), initial_std=np.float64(0.02)),
        discriminator=DiscriminatorConfig(width=np.int64(8)),
        losses=LossConfig(attribute=np.float32(0.5)),
        synthesis=SynthesisConfig(per_real=np.int64(1)),
    )
    alone = ExpressionClassifier(("anger", "neutral"), np.int64(64), classifier=classifier)
    for module in (method, alone):
        assert type(module.image_size) is int
        assert json.loads(json.dumps(dict(module.hparams)))["image_size"] == 64
    assert method.hparams["losses"]["attribute"] == 0.5


def test_the_nearest_choice_is_told():
    from geofer.datamodules.preparation.config import Preparation

    with pytest.raises(
        ConfigError, match=re.escape("cache is 'memmap'; choose memory_map or litdata. Did you mean memory_map?")
    ):
        Preparation(cache="memmap")
    with pytest.raises(ConfigError, match="crop is 'square'; choose tight, fer2013, paper"):
        Preparation(crop="square")


@pytest.mark.parametrize("kind", [str, Path, StandsForAPath])
def test_files_are_written_and_read_by_paths_of_any_kind(kind, tmp_path):
    """Whatever can be written and read again without another package."""
    from matplotlib.figure import Figure
    from PIL import Image
    from small_recognizers import picture_recognizer

    network, description = picture_recognizer()
    write = {
        "geofer.app.models.model_file.save_model": ("model.safetensors", (network, description)),
        "geofer.app.models.checkpoint_conversion.save_checkpoint": ("model.ckpt", (network, description)),
        "geofer.app.models.pretrained_folder.save_pretrained": ("folder", (network, description, "ada/faces")),
        "geofer.app.export.torch_export.export_torch": ("model.pt2", (network, description)),
    }
    for dotted, (name, arguments) in write.items():
        fetched(dotted)(kind(tmp_path / name), *arguments)
        assert (tmp_path / name).exists()
    fetched("geofer.figures.save_figure")(Figure(), kind(tmp_path / "figure.png"))
    Image.new("RGB", (64, 64), "gray").save(tmp_path / "gray.png")
    np.save(tmp_path / "points.npy", np.random.default_rng(0).uniform(0, 99, (68, 2)))
    (tmp_path / "ada").mkdir()
    Image.new("RGB", (64, 64), "gray").save(tmp_path / "ada" / "gray.png")
    read = {
        "geofer.app.models.model_file.load_model": "model.safetensors",
        "geofer.app.models.model_source.read_model": "model.safetensors",
        "geofer.app.models.pretrained_folder.load_pretrained": "folder",
        "geofer.Recognizer.from_pretrained": "folder",
        "geofer.load": "model.safetensors",
        "geofer.pictures.read_picture": "gray.png",
        "geofer.videos.is_video": "gray.png",
        "geofer.app.synthesis.target_geometry.read_geometry": "points.npy",
    }
    for dotted, name in read.items():
        assert fetched(dotted)(kind(tmp_path / name)) is not None
    recognizer = geofer.Recognizer(network, description, NoFaces(), batch_size=np.int64(4))
    assert recognizer(kind(tmp_path / "gray.png")) == []
    assert recognizer.recognize(kind(tmp_path / "gray.png")) == []
    recognizer.save_pretrained(kind(tmp_path / "saved"))
    with fetched("geofer.app.recognition.result_table.table_writer")(kind(tmp_path / "t.csv"), ["file"]):
        pass
    faces, _ = fetched("geofer.app.export.calibration_faces.read_cropped_faces")(kind(tmp_path / "ada"), description)
    assert faces.shape == (1, 3, 64, 64)
    missing = kind(tmp_path / "missing")
    for dotted, more in {
        "geofer.app.models.checkpoint_conversion.from_checkpoint": (),
        "geofer.app.synthesis.generation.load_generator": (),
        "geofer.app.synthesis.synthetic_set.source_pictures": (),
        "geofer.callbacks.predictions.read_predictions": (("anger",),),
        "geofer.metrics.tables.load_report": (),
        "geofer.load": (),
        "geofer.synthesize": (missing,),
    }.items():
        options = {"yaw": np.float32(3)} if dotted.endswith("synthesize") else {}
        with pytest.raises(GeoferError, match="missing"):
            fetched(dotted)(missing, *more, **options)
    lists = (kind("set1.txt"), kind("set2.txt"))
    assert geofer.SFEW("nowhere", version="1.0", set_lists=lists).set_lists == (Path("set1.txt"), Path("set2.txt"))


class NoFaces:
    def detect(self, images, names=()):
        return [Faces.none() for _ in images]


def test_what_is_no_path_is_refused_in_words():
    with pytest.raises(ConfigError, match=r"root is 3; give a str or a path"):
        geofer.KDEF(3)
    with pytest.raises(ConfigError, match=r"folder is b'x'; give a str or a path"):
        fetched("geofer.datamodules.preparation.config.Preparation")(folder=b"x")


def test_importing_geofer_is_quick():
    """Neither torch nor Lightning comes with the names; completion shows them all the same."""
    code = (
        "import sys, geofer; heavy = {'torch', 'lightning', 'PIL', 'numpy'} & set(sys.modules); "
        "assert not heavy, heavy; assert dir(geofer) == sorted(geofer.__all__); "
        "assert not hasattr(geofer, 'no_such_name')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_public_names():
    assert {"load", "Recognizer", "RecognizedFace", "render", "synthesize"} <= set(geofer.__all__)
    data_modules = {
        name
        for name in import_module("geofer.datamodules").__all__
        if not name.startswith("Face") and name not in ("PictureFaces", "ShardedPictures")
    }
    assert data_modules | {"FaceTable"} <= set(geofer.__all__)
    for name in geofer.__all__:
        assert getattr(geofer, name) is not None
