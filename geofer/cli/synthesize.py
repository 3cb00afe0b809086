"""``geofer synthesize FACE``: a trained generator gives a face other expressions and poses."""

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from geofer.app.recognition.annotation import video_file
from geofer.app.synthesis.generation import (
    FaceGenerator,
    SourceFace,
    beyond_training,
    find_source,
    load_generator,
    synthesize,
    way_between,
)
from geofer.app.synthesis.synthetic_set import TABLE, SourcePicture, find_faces, source_pictures, write_synthetic_set
from geofer.app.synthesis.target_geometry import (
    controlled_landmarks,
    moved_landmarks,
    placed_in_crop,
    read_geometry,
)
from geofer.app.synthesis.training_faces import training_faces
from geofer.callbacks.face_figures import FaceGrid, Interpolation, faces_figure, interpolation_figure
from geofer.cli.parsers import synthesize_parser
from geofer.cli.runs import CONFIG
from geofer.errors import ConfigError, DataError, escaped
from geofer.faces import EXPRESSIONS, CropRule
from geofer.figures import save_figure
from geofer.landmarks import LandmarkDetector, build_detector
from geofer.paths import written_whole
from geofer.rendering.expressions import expression_blendshapes

YAWS = (-45, -30, -15, 0, 15, 30, 45)
STEPS, FRAMES = 8, 24
FRAME_SIDE = 256
"""Least side in pixels of an animation, which small faces are enlarged to."""

MOVING, SHOWN_MS = (".gif", ".mp4"), 60
"""What an animation is written as, and the milliseconds that each of its frames is shown."""

PICTURES = (".png", ".jpg", ".jpeg", ".webp")


def run_synthesize(arguments: Sequence[str]) -> None:
    """Synthesize what the command line asks for.

    Raises:
        ConfigError: The command line is wrong.
        CheckpointError: The checkpoint is damaged, or has no generator.
        DataError: A picture has no usable face, or a file holds no landmarks.
    """
    given = synthesize_parser().parse_args(list(arguments))
    if given.config is not None and (given.face is not None or given.export_dataset is None):
        raise ConfigError("--config is for --export-dataset without FACE.")
    if given.export_dataset:
        _export(given)
        return
    if given.face is None:
        raise ConfigError("There is no FACE: name a picture.")
    _check_outputs(given)
    controlled = _names_controls(given)
    model = _model(given)
    detector = _detector(given)
    face = _find(given.face, detector, model.image_size, model.provenance["crop"])
    if given.output or given.strip:
        target = _target(given, face, detector, model) if not controlled else _controlled(given, face)
        if (unusual := beyond_training(target)) is not None:
            _warn(unusual)
        target = placed_in_crop(target, face.landmarks, model.provenance["crop"])
        if given.output:
            _save(given.output, synthesize(model, face, target[None])[0])
        if given.strip:
            _draw_way(given.strip, model, face, target)
    if given.grid:
        _draw_grid(given.grid, model, face, given)


def _check_outputs(given: Namespace) -> None:
    kinds = {"output": PICTURES, "strip": (".png", *MOVING), "grid": (".png",)}
    named = {option: path for option in kinds if (path := getattr(given, option)) is not None}
    if not named:
        given.output = Path(f"{given.face.stem}-synthetic.png")
        print(f"geofer: the synthetic face goes to {escaped(str(given.output))}", file=sys.stderr)
    for option, path in named.items():
        if path.suffix.lower() not in kinds[option]:
            raise ConfigError(f"--{option} {path} must end with {', '.join(kinds[option])}.")
        if not path.parent.is_dir():
            raise ConfigError(f"The folder of --{option} {path} does not exist; make it first.")


def _export(given: Namespace) -> None:
    if given.per_face < 1:
        raise ConfigError(f"--per-face is {given.per_face}; it is a number of faces.")
    alone = ("output", "strip", "grid", "like", "landmarks", "expression", "yaw", "pitch", "blendshape")
    if unused := [name for name in alone if getattr(given, name) not in (None, [])]:
        raise ConfigError(f"--export-dataset draws its own targets; leave out --{unused[0]}.")
    faces, left_out = _sources(given, model := _model(given))
    folder, size = given.export_dataset, model.image_size
    try:
        used = write_synthetic_set(folder, model, faces, given.per_face, given.seed)
    finally:
        for reason in left_out:
            _warn(f"left out: {reason.removesuffix('.')}")
    crop = "tight" if model.provenance["crop"] == "tight" else "none"  # the landmarks in the table give it again
    prepared = f"--data.preparation.detector none --data.preparation.crop {crop} --data.image_size {size}"
    print(
        f"{used * given.per_face} synthetic faces of {used} pictures: {folder / TABLE}\n"
        f"Train:  geofer fit --config CONFIG --data FaceTable --data.root {folder} --data.table {TABLE} {prepared}"
    )


def _sources(given: Namespace, model: FaceGenerator) -> tuple[Iterator[tuple[SourcePicture, SourceFace]], list[str]]:
    """The faces to synthesize from, and what will be left out of them, once they were asked for."""
    left_out: list[str] = []
    if given.face is not None:
        root, pictures = source_pictures(given.face)
        crop = model.provenance["crop"]
        return find_faces(root, pictures, _detector(given), model.image_size, crop, left_out), left_out
    config = given.config or (Path(given.checkpoint, CONFIG) if given.checkpoint is not None else None)
    if config is None or not config.is_file():
        raise ConfigError(
            f"There is no {config or CONFIG} to tell the run's training people: name FACE, a run's folder, or --config."
        )
    from geofer.cli.trainer import read_command

    data = read_command(["--config", str(config)]).datamodule
    data.prepare_data()
    data.setup("fit")
    return training_faces(data, model), left_out


def _model(given: Namespace) -> FaceGenerator:
    model = load_generator(given.checkpoint, given.crop)
    shows_all = given.grid or given.export_dataset
    if shows_all and (strange := [name for name in model.expressions if name not in EXPRESSIONS]):
        raise DataError(f"The model also tells {', '.join(strange)} apart, which the rendered head cannot show.")
    return model


def _names_controls(given: Namespace) -> bool:
    """Whether the target is the average head's; checks that there is just one target where one is needed."""
    controlled = bool(given.expression or given.blendshape) or given.yaw is not None or given.pitch is not None
    if given.grid and not (given.output or given.strip):
        return controlled
    ways = {
        "--like": given.like,
        "--landmarks": given.landmarks,
        "--expression, --blendshape, --yaw, --pitch": controlled,
    }
    named = [way for way, value in ways.items() if value]
    if len(named) != 1:
        what = f"{' and '.join(named)} are several targets" if named else "There is no target"
        raise ConfigError(
            f"{what}: name --like, or --landmarks, or some of --expression, --blendshape, --yaw and --pitch."
        )
    return controlled


def _detector(given: Namespace) -> LandmarkDetector:
    if given.precomputed is not None:
        return build_detector("precomputed", path=str(given.precomputed))
    return build_detector(given.detector)


def _find(picture: Path, detector: LandmarkDetector, size: int, crop: CropRule) -> SourceFace:
    face = find_source(picture, detector, size, crop)
    if face.others:
        _warn(f"{picture} shows {face.others + 1} faces; the largest one is taken")
    return face


def _target(
    given: Namespace, face: SourceFace, detector: LandmarkDetector, model: FaceGenerator
) -> NDArray[np.float32]:
    if given.like:
        return _find(given.like, detector, model.image_size, "tight").landmarks
    return read_geometry(given.landmarks)


def _controlled(given: Namespace, face: SourceFace) -> NDArray[np.float32]:
    strengths = dict(map(_strength, given.blendshape))
    return controlled_landmarks(face.landmarks, given.expression, given.level, strengths, given.yaw, given.pitch)


def _strength(text: str) -> tuple[str, float]:
    name, _, strength = text.partition("=")
    try:
        return name, float(strength)
    except ValueError:
        raise ConfigError(f"--blendshape {text} must be a name and a strength, such as jawOpen=0.6.") from None


def _draw_way(path: Path, model: FaceGenerator, face: SourceFace, target: NDArray[np.float32]) -> None:
    moving = path.suffix.lower() in MOVING
    way = way_between(face.landmarks, target, FRAMES if moving else STEPS)
    pictures = synthesize(model, face, way)
    if not moving:
        figure = interpolation_figure([Interpolation(("own geometry", "target"), way, pictures)])
        save_figure(figure, path)
        return
    side = pictures.shape[1] * -(-FRAME_SIDE // pictures.shape[1])
    frames = [Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS) for picture in pictures]
    frames += frames[-2:0:-1]
    if path.suffix.lower() == ".mp4":
        with video_file(path, (side, side)) as video:
            for number, frame in enumerate(frames):
                video.add(frame, number * SHOWN_MS / 1000)
        return
    with written_whole(path) as file:
        frames[0].save(file, format="GIF", save_all=True, append_images=frames[1:], duration=SHOWN_MS, loop=0)


def _draw_grid(path: Path, model: FaceGenerator, face: SourceFace, given: Namespace) -> None:
    blendshapes = [expression_blendshapes(name, given.level) for name in model.expressions]
    targets = [[moved_landmarks(face.landmarks, shown, yaw, given.pitch) for shown in blendshapes] for yaw in YAWS]
    tight = np.array(targets).reshape(-1, 68, 2)
    flat = np.stack([placed_in_crop(target, face.landmarks, model.provenance["crop"]) for target in tight])
    pictures = synthesize(model, face, flat)
    grid = FaceGrid(face.crop, pictures.reshape(len(YAWS), len(blendshapes), *pictures.shape[1:]))
    figure = faces_figure([grid], [f"yaw {yaw:+d}" for yaw in YAWS], model.expressions)
    save_figure(figure, path)


def _save(path: Path, picture: NDArray[np.uint8]) -> None:
    kind = Image.registered_extensions()[path.suffix.lower()]
    with written_whole(path) as file:
        Image.fromarray(picture).save(file, format=kind)


def _warn(text: str) -> None:
    print(f"geofer: {escaped(text)}.", file=sys.stderr)
