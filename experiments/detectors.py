"""How exact, how sure and how quick landmark detectors are, and the head pose that follows, on rendered faces.

    python experiments/detectors.py --people 12 --detectors mediapipe dlib

Renders people whom no table or constant of geofer was derived from, whole heads at 224 px, each in seven expressions
and all in all in the 35 poses of the BU-3DFE grid. Errors are mean distances from the true points, hidden ones too, in
% of that between the outer eye corners in the picture (which shrinks as the head turns). A detector fails where it
finds no face, or one whose points are off by more than `FAILED` on average; errors count the others. ± is the standard
error over people. Prints the tables of docs/landmark-accuracy.md.

    python experiments/detectors.py --any-pose --photographs FOLDER --detectors geofer retinaface mediapipe dlib

The same people in all poses, up to profile (yaw 90) and pitch 60. Errors are in % of the diagonal of the box around the
true points, which also means something in profile. With photographs, how far the points of each detector are from those
of MediaPipe, where that sees a face, in % of the diagonal of the box around those.

    python experiments/detectors.py --photographs FOLDER --without FOLDER --sample 2000

How many faces detectors find, and how many where there are none: in photographs of a face each, which are the column
``jpg`` of the folder's Parquet files (`--sample` of each file, drawn with `--seed`), in rendered heads of any pose by
yaw, and in the pictures of a folder that show no face.
"""

import argparse
import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from geofer.faces import EXPRESSIONS, JAW, LEFT_EYE_OUTER, NUM_LANDMARKS, RIGHT_EYE_OUTER
from geofer.landmarks import Faces, LandmarkDetector, build_detector, head_pose
from geofer.landmarks.head_pose import rotation_angles
from geofer.pictures import read_picture
from geofer.rendering import RenderedSubject, RenderSpec, render_subject
from geofer.rendering.camera import head_rotation

OPTIONS = {"mediapipe": {"mirrored": False}}
"""Only landmarks are compared, so nobody looks twice for blendshapes."""

FAILED = 25.0
"""Error in % beyond which what was found is not the face."""

GROUPS = {
    "jaw": JAW,
    "brows": slice(17, 27),
    "nose": slice(27, 36),
    "eyes": slice(36, 48),
    "mouth": slice(48, 68),
    "all 68": slice(0, NUM_LANDMARKS),
    "all but jaw": slice(17, NUM_LANDMARKS),
}


Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Truth:
    """What n pictures show: ``person`` ``(n,)``, ``points`` ``(n, 68, 2)``, ``pose`` ``(n, 3)``."""

    person: NDArray[np.int64]
    points: NDArray[np.float32]
    pose: NDArray[np.float32]


@dataclass(frozen=True)
class ClassifierOutput:
    """What a detector says of n pictures, NaN where it fails: errors in % ``(n, 68)``, poses ``(n, 3)``.

    ``own_pose`` is that of the head matrices, NaN for detectors without.
    """

    error: NDArray[np.float64]
    pose: NDArray[np.float64]
    own_pose: NDArray[np.float64]
    milliseconds: float


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--detectors", nargs="+", default=["retinaface", "mediapipe", "dlib"])
    parser.add_argument("--photographs", type=Path, help="folder of Parquet files with a column jpg, a face in each")
    parser.add_argument("--without", type=Path, help="folder of pictures without any face")
    parser.add_argument("--any-pose", action="store_true", help="how exact detectors are in any pose")
    parser.add_argument("--first", type=int, default=0, help="leave out photographs before this row of each file")
    parser.add_argument("--sample", type=int, default=2000, help="most photographs of each file")
    options = parser.parse_args()
    if options.any_pose:
        compare_any_pose(options)
        return
    if options.photographs or options.without:
        compare_found(options)
        return
    spec = RenderSpec(views=5, image_size=224, crop="loose", scene="picture", camera=True, seed=options.seed)
    people, truth = render(spec, options.people)
    eyes = np.linalg.norm(truth.points[:, RIGHT_EYE_OUTER] - truth.points[:, LEFT_EYE_OUTER], axis=-1)
    answers = {name: ask(chosen(name), people, truth, eyes) for name in options.detectors}
    for axis, angles in enumerate((truth.pose[:, 0], truth.pose[:, 1])):
        bins = {f"{angle:+.0f}": angles == angle for angle in np.unique(angles)}
        print_table(("yaw", "pitch")[axis], bins, answers, truth, describe_landmarks)
    print_groups(answers, truth)
    poses = {"true points": head_pose(truth.points).astype(float)}
    for name, answer in answers.items():
        poses[name] = answer.pose
        if not np.isnan(answer.own_pose).all():
            poses[f"{name}'s own head"] = answer.own_pose
    bins = {f"{angle:.0f}": np.abs(truth.pose[:, 0]) == angle for angle in np.unique(np.abs(truth.pose[:, 0]))}
    print_table("±yaw", bins, poses, truth, describe_pose)
    bins = {f"{angle:+.0f}": truth.pose[:, 1] == angle for angle in np.unique(truth.pose[:, 1])}
    print_table("pitch", bins, poses, truth, describe_pitch)


def render(spec: RenderSpec, count: int) -> tuple[list[RenderedSubject], Truth]:
    """So many people, and what their pictures show."""
    people = [render_subject(spec, person) for person in range(count)]
    truth = Truth(
        np.repeat(np.arange(len(people)), [len(person.images) for person in people]),
        np.concatenate([person.landmarks for person in people]),
        np.concatenate([np.column_stack((person.yaw, person.pitch, person.roll)) for person in people]),
    )
    print(f"{len(people)} people, {len(truth.person)} pictures")
    return people, truth


def chosen(name: str) -> LandmarkDetector:
    """The detector of that name."""
    return build_detector(name, **OPTIONS.get(name, {}))


def any_pose(seed: int, views: int, expressions: tuple[str, ...] = EXPRESSIONS) -> RenderSpec:
    """Whole heads, turned and leaning as far as heads do."""
    return RenderSpec(
        poses="continuous",
        views=views,
        yaw_limit=90,
        pitch_limit=60,
        image_size=224,
        crop="loose",
        scene="picture",
        camera=True,
        expressions=expressions,
        seed=seed,
    )


def compare_any_pose(options: argparse.Namespace) -> None:
    """Prints how exact points and poses are by yaw, and by pitch, and how far points are from those of MediaPipe."""
    spec = any_pose(options.seed, views=5)
    people, truth = render(spec, options.people)
    diagonal = np.linalg.norm(np.ptp(truth.points, axis=1), axis=1)
    answers = {name: ask(chosen(name), people, truth, diagonal) for name in options.detectors}
    for axis, edges in enumerate(((0, 15, 30, 45, 60, 75, 90), (0, 15, 30, 45, 60))):
        angle = np.abs(truth.pose[:, axis])
        bins = {f"{low} to {high}": (angle >= low) & (angle < high) for low, high in pairwise(edges)}
        print_table(("±yaw", "±pitch")[axis], bins, answers, truth, describe_any_pose)
    if not options.photographs:
        return
    print(f"\n| photographs | {' | '.join(options.detectors)} |\n|---|{'---|' * len(options.detectors)}")
    for title, pictures in photographs(options):
        seen = [faces.landmarks[:1] for faces in chosen("mediapipe").detect(pictures)]
        rows = [number for number, points in enumerate(seen) if len(points)]
        if not rows:
            continue
        points = np.concatenate([seen[number] for number in rows])
        few = [Pictures(np.stack([pictures[number]])) for number in rows]
        near = Truth(np.arange(len(rows)), points, np.zeros((len(rows), 3), np.float32))
        sizes = np.linalg.norm(np.ptp(points, axis=1), axis=1)
        cells = [describe_landmarks(ask(chosen(name), few, near, sizes), near, sizes > 0) for name in options.detectors]
        print(f"| {title}, {len(rows)} | {' | '.join(cells)} |", flush=True)


@dataclass(frozen=True)
class Pictures:
    """Some pictures, as `RenderedSubject` has them."""

    images: NDArray[np.uint8]


def compare_found(options: argparse.Namespace) -> None:
    """Prints how many pictures each detector finds a face in, and the CPU time that a picture takes."""
    detectors = {name: chosen(name) for name in options.detectors}
    print(f"| pictures | {' | '.join(detectors)} |\n|---|{'---|' * len(detectors)}", flush=True)
    for title, pictures in shown(options):
        cells = []
        for detector in detectors.values():
            start = time.process_time()
            found = sum(len(faces) > 0 for picture in pictures for faces in detector.detect([picture]))
            milliseconds = 1000 * (time.process_time() - start) / len(pictures)
            cells.append(f"{found} ({100 * found / len(pictures):.1f} %), {milliseconds:.0f} ms")
        print(f"| {title}, {len(pictures)} | {' | '.join(cells)} |", flush=True)


def photographs(options: argparse.Namespace) -> Iterator[tuple[str, list[NDArray[np.uint8]]]]:
    """Those of each file, with its name."""
    chance = np.random.default_rng(options.seed)
    for path in sorted(options.photographs.glob("*.parquet")) if options.photographs else ():
        if "jpg" in pq.read_schema(path).names:
            column = pq.read_table(path, columns=["jpg"])["jpg"]
            column = column.slice(min(options.first, len(column)))
            rows = np.sort(chance.permutation(len(column))[: options.sample]).tolist()
            yield path.stem, [np.array(Image.open(io.BytesIO(column[row].as_py())).convert("RGB")) for row in rows]


def shown(options: argparse.Namespace) -> Iterator[tuple[str, list[NDArray[np.uint8]]]]:
    """Groups of pictures with their names."""
    yield from photographs(options)
    if options.without:
        yield "no face", [read_picture(path) for path in sorted(options.without.iterdir())]
    spec = any_pose(options.seed, views=10, expressions=("neutral", "happiness"))
    people = [render_subject(spec, person) for person in range(options.people)]
    images = np.concatenate([person.images for person in people])
    yaw, pitch = (np.abs(np.concatenate([getattr(person, name) for person in people])) for name in ("yaw", "pitch"))
    for low in range(0, 90, 30):
        for name, rows in (("to 30", pitch < 30), ("30 to 60", pitch >= 30)):
            rows = rows & (yaw >= low) & (yaw < low + 30)
            if rows.any():
                yield f"rendered, yaw {low} to {low + 30}, pitch {name}", list(images[rows])


def ask(
    detector: LandmarkDetector,
    people: Sequence[RenderedSubject] | Sequence[Pictures],
    truth: Truth,
    size: NDArray[np.floating],
) -> ClassifierOutput:
    """Runs a detector over all pictures, after one to warm up; errors are in % of the ``(n,)`` sizes."""
    detector.detect([people[0].images[0]])
    start = time.process_time()
    found = [faces for person in people for faces in detector.detect(list(person.images))]
    milliseconds = 1000 * (time.process_time() - start) / len(found)
    nothing = Faces.from_landmarks(np.full((1, NUM_LANDMARKS, 2), np.nan))
    first = [faces if len(faces) else nothing for faces in found]
    points = np.stack([faces.landmarks[0] for faces in first])
    error = 100 * np.linalg.norm(points - truth.points, axis=-1) / size[:, None]
    pose = np.stack([faces.poses[0] for faces in first]).astype(float)
    unknown = np.full((1, 4, 4), np.nan)
    matrices = np.stack([(unknown if faces.head_matrices is None else faces.head_matrices)[0] for faces in first])
    own_pose = rotation_angles(matrices[:, :3, :3])
    for values in (error, pose, own_pose):
        values[~(error.mean(1) < FAILED)] = np.nan
    return ClassifierOutput(error, pose, own_pose, milliseconds)


def describe_landmarks(answers: ClassifierOutput, truth: Truth, rows: NDArray[np.bool_]) -> str:
    """Error of all points, of all but the jaw, and failures."""
    error = answers.error[rows]
    inner = mean_and_spread(error[:, GROUPS["all but jaw"]].mean(1), truth.person[rows])
    return f"{mean_and_spread(error.mean(1), truth.person[rows])}, {inner}, {100 * np.isnan(error[:, 0]).mean():.0f} %"


def describe_any_pose(answers: ClassifierOutput, truth: Truth, rows: NDArray[np.bool_]) -> str:
    """Error of all points, of yaw and pitch, of the rotation as a whole, and failures."""
    error, pose = answers.error[rows].mean(1), answers.pose[rows]
    seen = ~np.isnan(error)
    if not seen.any():
        return "–, 100 %"
    yaw, pitch, _ = np.abs(pose - truth.pose[rows])[seen].mean(0)
    first, second = (head_rotation(*values[seen].T) for values in (pose, truth.pose[rows]))
    apart = np.degrees(np.arccos(np.clip((np.einsum("nij,nij->n", first, second) - 1) / 2, -1, 1))).mean()
    return f"{np.nanmean(error):.1f}, {yaw:.1f}°, {pitch:.1f}°, {apart:.1f}°, {100 * (~seen).mean():.0f} %"


def describe_pose(poses: NDArray[np.float64], truth: Truth, rows: NDArray[np.bool_]) -> str:
    """Mean absolute error of yaw, pitch and roll in degrees."""
    yaw, pitch, roll = np.nanmean(np.abs(poses - truth.pose)[rows], axis=0)
    return f"{yaw:.1f}, {pitch:.1f}, {roll:.1f}"


def describe_pitch(poses: NDArray[np.float64], truth: Truth, rows: NDArray[np.bool_]) -> str:
    """The pitch that is seen on average, and its mean absolute error."""
    pitch = poses[rows, 1]
    return f"{np.nanmean(pitch):+.0f}, {np.nanmean(np.abs(pitch - truth.pose[rows, 1])):.1f}"


def mean_and_spread(values: NDArray[np.float64], person: NDArray[np.int64]) -> str:
    """Mean of people's means, and its standard error."""
    means = np.array([np.nanmean(values[person == one]) for one in np.unique(person[~np.isnan(values)])])
    return f"{means.mean():.1f} ± {means.std(ddof=1) / np.sqrt(len(means)):.1f}"


def print_table(
    title: str,
    bins: dict[str, NDArray[np.bool_]],
    answers: dict[str, Answer],
    truth: Truth,
    describe: Callable[[Answer, Truth, NDArray[np.bool_]], str],
) -> None:
    """A Markdown table with one row a bin and one column a detector."""
    print(f"\n| {title} | {' | '.join(answers)} |\n|---|{'---|' * len(answers)}")
    for name, rows in {**bins, "all": np.ones(len(truth.person), bool)}.items():
        cells = [describe(answer, truth, rows) for answer in answers.values()]
        print(f"| {name} | {' | '.join(cells)} |")


def print_groups(answers: dict[str, ClassifierOutput], truth: Truth) -> None:
    """A Markdown table with one row a group of points, and the time an image takes."""
    print(f"\n| points | {' | '.join(answers)} |\n|---|{'---|' * len(answers)}")
    for group, points in GROUPS.items():
        cells = [mean_and_spread(answer.error[:, points].mean(1), truth.person) for answer in answers.values()]
        print(f"| {group} | {' | '.join(cells)} |")
    print(f"| CPU time an image, ms | {' | '.join(f'{answer.milliseconds:.0f}' for answer in answers.values())} |")


if __name__ == "__main__":
    main()
