"""Renders one person of a `RenderSpec`: who they are, what they show, where the camera stands, and the truth of it."""

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofer.faces import EXPRESSIONS
from geofer.rendering.appearance import sample_appearance
from geofer.rendering.camera import crop_cameras, head_rotation, project_points, to_pixels
from geofer.rendering.expressions import sample_blendshapes, sample_style
from geofer.rendering.head import load_head
from geofer.rendering.identity import sample_identity
from geofer.rendering.landmarks import LANDMARK_VERTICES
from geofer.rendering.renderer import Renderer
from geofer.rendering.scene import sample_scene
from geofer.rendering.sensor import photograph
from geofer.rendering.spec import RenderedSubject, RenderSpec
from geofer.rendering.worn import worn_vertices
from geofer.rendering.wrinkles import fold_strengths

_IDENTITY, _APPEARANCE, _STYLE, _SESSION, _PERFORMANCE, _POSE, _PICTURE, _SENSOR = range(8)
"""Streams of chance: each has its own generator, so that one option never changes another's draws."""

_BATCH_SAMPLES = 16_000_000
"""Most samples of a visibility buffer that are held at once: 128 MB."""

_YAWS, _PITCHES = (-45, -30, -15, 0, 15, 30, 45), (-30, -15, 0, 15, 30)


class _Views(NamedTuple):
    """What each picture shows: arrays of n."""

    head: NDArray[np.int32]
    yaw: NDArray[np.float32]
    pitch: NDArray[np.float32]
    roll: NDArray[np.float32]


def render_subject(spec: RenderSpec, index: int) -> RenderedSubject:
    """Renders all pictures of one person.

    The result depends on ``spec`` and ``index`` alone; who the person is and what they look like depends on
    ``spec.seed`` and ``index`` alone. Pictures are ordered by performance, expression, level, view.

    Args:
        spec: What to render.
        index: Which person, from 0; ``spec.subjects`` does not matter here.
    """
    head, renderer = load_head(), _renderer()
    identity = sample_identity(_chance(spec, index, _IDENTITY))
    appearance = sample_appearance(identity.phenotypes, _chance(spec, index, _APPEARANCE))
    moments = _moments(spec)
    blendshapes = _blendshapes(spec, index, moments)
    views = _views(spec, index, moments)
    heads = head.vertices(identity, blendshapes)
    worn = worn_vertices(head, head.neutral(identity), appearance.locks, appearance.glasses)
    dressed = np.concatenate((heads, np.tile(worn, (len(heads), 1, 1))), axis=1)
    folds = fold_strengths(blendshapes, identity.phenotypes["age"])

    session = _chance(spec, index, _SESSION)
    distance = float(session.uniform(0.8, 1.6))
    scenes = [sample_scene(session)] * len(views.head)
    if spec.scene == "picture":
        chance = _chance(spec, index, _PICTURE)
        scenes = [sample_scene(chance) for _ in scenes]

    landmarks = head.index_of(np.array(LANDMARK_VERTICES))
    rotations = head_rotation(views.yaw, views.pitch, views.roll)
    projected = project_points(heads[views.head][:, landmarks], rotations, distance)
    shown = projected
    if spec.crop == "loose":
        shown = project_points(heads[views.head][:, head.skull], rotations, distance)
    cameras = crop_cameras(shown, distance, spec.crop)

    images, visible = [], []
    batch = max(1, _BATCH_SAMPLES // (spec.image_size * renderer.samples(spec.image_size)) ** 2)
    for start in range(0, len(views.head), batch):
        part = slice(start, start + batch)
        drawn = renderer.draw(
            dressed,
            folds,
            views.head[part],
            rotations[part],
            cameras[part],
            appearance,
            scenes[part],
            spec.image_size,
            landmarks,
        )
        images.append(drawn[0])
        visible.append(drawn[1])
    pictures = np.concatenate(images)
    if spec.camera:
        pictures = photograph(pictures, _chance(spec, index, _SENSOR))
    expression, level, _ = np.array(moments, np.int64)[views.head].T
    return RenderedSubject(
        images=pictures,
        landmarks=to_pixels(projected, cameras, spec.image_size),
        visible=np.concatenate(visible),
        expression=expression,
        level=level,
        blendshapes=blendshapes[views.head],
        yaw=views.yaw,
        pitch=views.pitch,
        roll=views.roll,
        phenotype=dict(identity.phenotypes),
    )


@functools.cache
def _renderer() -> Renderer:
    return Renderer(load_head())


def _chance(spec: RenderSpec, index: int, *what: int) -> np.random.Generator:
    return np.random.default_rng((spec.seed, index, *what))


def _moments(spec: RenderSpec) -> list[tuple[int, int, int]]:
    """(expression, level, performance) of every head that the person shows; the neutral face has level 0 only."""
    return [
        (expression, level, performance)
        for performance in range(spec.performances)
        for expression, name in enumerate(spec.expressions)
        for level in ((0,) if name == "neutral" else spec.levels)
    ]


def _blendshapes(spec: RenderSpec, index: int, moments: list[tuple[int, int, int]]) -> NDArray[np.float32]:
    """Blendshapes of each moment, ``(m, 52)``; levels of one performance are the same act, stronger or weaker."""
    style = sample_style(_chance(spec, index, _STYLE), spec.variation, spec.lips)
    return np.stack(
        [
            sample_blendshapes(
                spec.expressions[expression],
                level,
                style,
                _chance(spec, index, _PERFORMANCE, performance, EXPRESSIONS.index(spec.expressions[expression])),
                spec.variation,
            )
            for expression, level, performance in moments
        ]
    )


def _views(spec: RenderSpec, index: int, moments: list[tuple[int, int, int]]) -> _Views:
    """Poses of every moment, from the spec's grid or range."""
    grid = np.array([(yaw, pitch) for pitch in _PITCHES for yaw in _YAWS], np.float32)
    if spec.poses == "multipie":
        grid = grid[(grid[:, 1] == 0) & (np.abs(grid[:, 0]) <= 30)]
    poses: list[NDArray[np.float32]] = []
    heads: list[NDArray[np.int32]] = []
    rolls: list[NDArray[np.float64]] = []
    for head, (expression, level, performance) in enumerate(moments):
        number = EXPRESSIONS.index(spec.expressions[expression])
        chance = _chance(spec, index, _POSE, performance, number, level)
        if spec.poses == "continuous":
            limits = np.array((spec.yaw_limit, spec.pitch_limit))
            pose = chance.uniform(-limits, limits, (spec.views or 1, 2)).astype(np.float32)
        elif spec.views is None:
            pose = grid
        else:
            pose = grid[np.sort(chance.choice(len(grid), spec.views, replace=False))]
        poses.append(pose)
        heads.append(np.full(len(pose), head, np.int32))
        rolls.append(spec.roll_jitter * chance.standard_normal(len(pose)))
    yaw, pitch = np.concatenate(poses).T
    return _Views(np.concatenate(heads), yaw.copy(), pitch.copy(), np.concatenate(rolls).astype(np.float32))
