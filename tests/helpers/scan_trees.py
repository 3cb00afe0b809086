"""Rendered heads as scans, written as BU-3DFE lays them out, with the truth of their landmarks."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from geofer.rendering.appearance import sample_appearance
from geofer.rendering.camera import crop_cameras, head_rotation, project_points, to_pixels
from geofer.rendering.expressions import sample_blendshapes, sample_style
from geofer.rendering.head import load_head
from geofer.rendering.identity import sample_identity
from geofer.rendering.landmarks import LANDMARK_VERTICES
from geofer.rendering.parts import LASH
from geofer.rendering.renderer import Renderer
from geofer.rendering.scene import sample_scene
from geofer.rendering.worn import worn_vertices
from geofer.rendering.wrinkles import fold_strengths

TEXTURE = 512


@dataclass(frozen=True)
class HeadScan:
    """The front of a head as a scanner would leave it.

    Attributes:
        vertices: ``(V, 3)`` millimeters.
        triangles: ``(F, 3)``.
        texture_points: ``(V, 2)``, (0, 0) at the texture's bottom left.
        texture: ``(H, W, 3)`` uint8.
        landmarks: ``(68,)`` vertices of the iBUG points.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    texture_points: np.ndarray
    texture: np.ndarray
    landmarks: np.ndarray

    @property
    def markers(self) -> np.ndarray:
        """``(83,)`` vertices that experts might have marked."""
        return np.concatenate((self.landmarks, np.arange(15)))


@functools.cache
def _renderer() -> Renderer:
    return Renderer(load_head())


@functools.cache
def head_scan(person: int, expression: str = "happiness", level: int = 4) -> HeadScan:
    """One person's face; its texture is a frontal picture of the head."""
    head = load_head()
    rng = np.random.default_rng(person)
    identity = sample_identity(rng)
    appearance = sample_appearance(identity.phenotypes, rng)
    blendshapes = sample_blendshapes(expression, level, sample_style(rng, 1.0), rng, 1.0)[None]
    vertices = head.vertices(identity, blendshapes)
    zero = np.zeros(1, np.float32)
    rotation = head_rotation(zero, zero, zero)
    camera = crop_cameras(project_points(vertices[:, head.skull], rotation, 1.2), 1.2, "loose")
    nothing = worn_vertices(head, vertices[0], locks=None, glasses=None)
    texture = _renderer().draw(
        np.concatenate((vertices, nothing[None]), axis=1),
        fold_strengths(blendshapes, identity.phenotypes["age"]),
        np.zeros(1, np.int32),
        rotation,
        camera,
        appearance,
        [sample_scene(rng)],
        TEXTURE,
        np.zeros(0, np.int64),
    )[0][0]
    places = (to_pixels(project_points(vertices, rotation, 1.2), camera, TEXTURE)[0] + 0.5) / TEXTURE
    front = (head.canonical[:, 1] > -0.15) & (head.canonical[:, 2] > -0.09)
    kept = head.triangles[front[head.triangles].all(1) & (head.part != LASH)]
    used = np.unique(kept)
    return HeadScan(
        vertices=vertices[0, used].astype(np.float64) * 1000,
        triangles=np.searchsorted(used, kept),
        texture_points=np.stack((places[used, 0], 1 - places[used, 1]), axis=1),
        texture=texture,
        landmarks=np.searchsorted(used, head.index_of(np.array(LANDMARK_VERTICES))),
    )


def sheet_scan(side: int = 12) -> HeadScan:
    """A curved sheet of ``side`` × ``side`` vertices, 110 mm wide, for tests that need no face."""
    y, x = np.mgrid[0:side, 0:side].reshape(2, -1)
    corners = np.flatnonzero((x < side - 1) & (y < side - 1))
    halves = corners[:, None, None] + np.array([[0, 1, side + 1], [0, side + 1, side]])
    step = 110 / (side - 1)
    return HeadScan(
        vertices=np.stack((x * step - 55, y * step - 55, 10 * np.sin(x) * np.cos(y)), axis=1),
        triangles=halves.reshape(-1, 3),
        texture_points=np.stack((x, y), axis=1) / (side - 1),
        texture=np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8),
        landmarks=np.arange(68),
    )


def rows(values: np.ndarray) -> str:
    return "\n".join(" ".join(map(repr, row)) + "," for row in values.tolist())


def polygons(index: np.ndarray) -> str:
    return "\n".join(", ".join(map(str, row)) + ", -1," for row in index.tolist())


def write_scan(path: Path, scan: HeadScan) -> Path:
    """Writes a scan's ``.wrl`` with its ``.bmp`` and ``.bnd`` beside it; floats are written exactly."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "#VRML V2.0 utf8\n# Scanned face [ not a list {\n"
        'WorldInfo { title "a \\"face\\" [ {" }\n'
        "DEF Face Transform { children [ Shape {\n"
        f'appearance Appearance {{ texture ImageTexture {{ url "{path.stem}.bmp" }} }}\n'
        "geometry IndexedFaceSet {\n"
        f"coord Coordinate {{\n point [\n{rows(scan.vertices)}\n]\n}}\n"
        f"coordIndex [\n{polygons(scan.triangles)}\n]\n"
        f"texCoord TextureCoordinate {{\n point [\n{rows(scan.texture_points)}\n]\n}}\n"
        f"texCoordIndex [\n{polygons(scan.triangles)}\n]\n"
        "}\n} ] }\nDEF Camera_Front Viewpoint { position 0 0 800 }\n"
    )
    Image.fromarray(scan.texture).save(path.with_suffix(".bmp"))
    path.with_suffix(".bnd").write_text(
        "".join(f"{index}\t\t{' '.join(f'{x:.4f}' for x in scan.vertices[index])}\n" for index in scan.markers)
    )
    return path
