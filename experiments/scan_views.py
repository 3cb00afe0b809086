"""How long it takes to draw the 35 views of a scan, and how exact its landmarks are.

    OMP_NUM_THREADS=1 python experiments/scan_views.py --people 12
    OMP_NUM_THREADS=1 python experiments/scan_views.py --root /data/BU-3DFE --people 12

Without ``--root`` the scans are stand-ins that the tests write: rendered heads of 17,000 vertices with a texture of
1024 px, whose true landmarks are known. Times are seconds of one core, without compiling the kernels. Errors are mean
distances from the true points, hidden ones too, in % of that between the outer eye corners in the frontal view.
``--sheet`` also draws the first scan's views with their landmarks into a picture. Prints the figures of
docs/datasets-posed.md.
"""

import argparse
import sys
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from geofer.datamodules import BU3DFE
from geofer.datamodules.preparation.config import Preparation
from geofer.datamodules.preparation.records import Picture
from geofer.faces import EXPRESSIONS
from geofer.rendering.scans.views import PosedScan
from geofer.rendering.scans.vrml import read_vrml

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))
from scan_trees import HeadScan, head_scan, write_scan


def finer(scan: HeadScan) -> HeadScan:
    """Every triangle cut into four, and a texture of twice the size."""
    corners = scan.triangles
    edges = np.sort(np.concatenate((corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]])), axis=1)
    pairs, place = np.unique(edges, axis=0, return_inverse=True)
    ab, bc, ca = place.reshape(3, -1) + len(scan.vertices)
    a, b, c = corners.T
    quarters = [np.stack(quarter, axis=1) for quarter in ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))]
    return replace(
        scan,
        vertices=np.concatenate((scan.vertices, scan.vertices[pairs].mean(1))),
        texture_points=np.concatenate((scan.texture_points, scan.texture_points[pairs].mean(1))),
        triangles=np.concatenate(quarters),
        texture=np.asarray(Image.fromarray(scan.texture).resize((1024, 1024))),
    )


def stand_ins(root: Path, people: int) -> dict[str, HeadScan]:
    """Writes a scan a person; returns their truth by file."""
    truth = {}
    for number in range(people):
        expression = [name for name in EXPRESSIONS if name != "neutral"][number % 6]
        file = f"F{number + 1:04d}/F{number + 1:04d}_{expression[:2].upper()}04WH_F3D.wrl"
        truth[file] = finer(head_scan(number, expression))
        write_scan(root / file, truth[file])
    return truth


def errors(pictures: list[Picture], views: np.ndarray, path: Path, truth: HeadScan) -> np.ndarray:
    """Mean error of each view in %, ``(35,)``."""
    scan = PosedScan(read_vrml(path, path.parent))
    true = scan.pixels(scan.points[truth.landmarks], scan.views(*views.T, scan.extent), 512)
    found = np.stack([picture.landmarks for picture in pictures])
    # The pictures show other parts of the scan at other scales.
    true, found = (points - points.mean(1, keepdims=True) for points in (true, found))
    true *= np.linalg.norm(found, axis=(1, 2), keepdims=True) / np.linalg.norm(true, axis=(1, 2), keepdims=True)
    front = true[np.abs(views).sum(1).argmin()]
    return np.linalg.norm(found - true, axis=-1).mean(1) / np.linalg.norm(front[36] - front[45]) * 100


def sheet(pictures: list[Picture]) -> Image.Image:
    """All views with their landmarks, the highest row looking up."""
    side = pictures[0].pixels.shape[0]
    whole = Image.new("RGB", (7 * side, 5 * side))
    for place, picture in enumerate(pictures):
        view = Image.fromarray(picture.pixels)
        draw = ImageDraw.Draw(view)
        for x, y in picture.landmarks:
            draw.ellipse((x - 1, y - 1, x + 1, y + 1), fill=(80, 255, 80))
        whole.paste(view, (place % 7 * side, (4 - place // 7) * side))
    return whole


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, help="folder of BU-3DFE; stand-ins if it is left out")
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--detector", default="mediapipe")
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # the set is not complete
    with tempfile.TemporaryDirectory() as temporary:
        root = options.root or Path(temporary)
        truth = {} if options.root else stand_ins(root, options.people)
        data = BU3DFE(root, image_size=options.size, preparation=Preparation(detector=options.detector))
        records = list(data.records())[: 35 * options.people]
        data.reader(records[-1:])  # compiles the kernels
        reading, drawing, found = [], [], []
        for start in range(0, len(records), 35):
            scan = records[start : start + 35]
            path = root / scan[0].file
            clock = time.process_time()
            read_vrml(path, root)
            reading.append(time.process_time() - clock)
            clock = time.process_time()
            pictures = data.reader(scan)
            drawing.append(time.process_time() - clock)
            if not all(isinstance(picture, Picture) for picture in pictures):
                print(f"{path}: {pictures[0]}")
                continue
            if truth:
                views = np.array([(view.yaw, view.pitch) for view in scan], np.float32)
                found.append(errors(pictures, views, path, truth[path.relative_to(root).as_posix()]))
            if options.sheet and start == 0:
                sheet(pictures).save(options.sheet, quality=88)
    each, read = np.median(drawing), np.median(reading)
    print(f"{len(drawing)} scans at {options.size} px: {each:.2f} s each, of which {read:.2f} s to read")
    if found:
        spread = np.mean(found, axis=0)
        front = spread[np.abs(views).sum(1).argmin()]
        print(f"{options.detector}'s landmarks: {front:.1f} % off from the front, up to {spread.max():.1f} % elsewhere")


if __name__ == "__main__":
    main()
