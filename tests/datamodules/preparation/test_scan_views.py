"""Scans become pictures with landmarks, one view a record."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from scan_trees import head_scan, sheet_scan, write_scan

from geofer.datamodules.datasets.bu3dfe import BU3DFE
from geofer.datamodules.preparation.config import Preparation
from geofer.datamodules.preparation.records import Picture
from geofer.errors import DataError, PluginError
from geofer.landmarks.alignment import alignment_for
from geofer.rendering.scans.views import PosedScan
from geofer.rendering.scans.vrml import read_vrml

pytestmark = pytest.mark.filterwarnings("ignore:BU-3DFE has 100 people", "ignore:BU-3DFE. people under")

SIZE = 96


def module(root, **options):
    return BU3DFE(root, image_size=SIZE, preparation=Preparation(**options))


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("BU-3DFE")
    write_scan(root / "F0001" / "F0001_HA04WH_F3D.wrl", head_scan(3))
    write_scan(root / "M0001" / "M0001_SU04BL_F3D.wrl", head_scan(5, "surprise"))
    return root


@pytest.fixture(scope="module")
def drawn(tree):
    """The records of both scans, with their pictures."""
    data = module(tree)
    records = list(data.records())
    return records, data.reader(records)


def test_every_view_is_drawn(drawn):
    records, pictures = drawn
    assert len(records) == len(pictures) == 70
    assert all(picture.pixels.shape == (144, 144, 3) for picture in pictures)
    assert len({picture.pixels.tobytes() for picture in pictures}) == 70


def test_landmarks_are_the_heads_own_from_every_side(drawn, tree):
    records, pictures = drawn
    for start, person in ((0, head_scan(3)), (35, head_scan(5, "surprise"))):
        views = records[start : start + 35]
        scan = PosedScan(read_vrml(tree / views[0].file, tree))
        yaw, pitch = np.array([(view.yaw, view.pitch) for view in views], np.float32).T
        true = scan.pixels(scan.points[person.landmarks], scan.views(yaw, pitch, scan.extent), SIZE)
        found = np.stack([picture.landmarks for picture in pictures[start : start + 35]])
        # The pictures show other parts of the scan at other scales.
        true, found = (points - points.mean(1, keepdims=True) for points in (true, found))
        true *= np.linalg.norm(found, axis=(1, 2), keepdims=True) / np.linalg.norm(true, axis=(1, 2), keepdims=True)
        between_eyes = np.linalg.norm(true[17, 36] - true[17, 45])
        assert (np.linalg.norm(found - true, axis=-1).mean(1) < 0.05 * between_eyes).all()


def test_the_tight_crop_copies_pixels(drawn):
    _, pictures = drawn
    for picture in pictures[::9]:
        crop = alignment_for("tight", None, picture.landmarks, picture.pixels.shape, SIZE).apply(picture.pixels)
        np.testing.assert_array_equal(crop, picture.pixels[24:-24, 24:-24])


def test_a_view_does_not_depend_on_what_it_is_read_with(drawn, tree):
    records, pictures = drawn
    reader = pickle.loads(pickle.dumps(module(tree).reader))
    for place in (36, 4, 40):
        (again,) = reader([records[place]])
        np.testing.assert_array_equal(again.pixels, pictures[place].pixels)
        np.testing.assert_array_equal(again.landmarks, pictures[place].landmarks)


def test_a_scan_that_cannot_be_used_spoils_no_other(tmp_path):
    write_scan(tmp_path / "F0001" / "F0001_AN04WH_F3D.wrl", sheet_scan())
    broken = write_scan(tmp_path / "F0002" / "F0002_AN04WH_F3D.wrl", sheet_scan())
    broken.write_bytes(broken.read_bytes()[:3000])
    strange = write_scan(tmp_path / "F0003" / "F0003_AN04WH_F3D.wrl", sheet_scan())
    strange.with_suffix(".bnd").write_text("1\t\t2 3 4\n")
    write_scan(tmp_path / "F0004" / "F0004_AN04WH_F3D.wrl", head_scan(3)).with_suffix(".bnd").unlink()
    data = module(tmp_path)
    pictures = data.reader(list(data.records())[::35])
    assert [type(picture) for picture in pictures] == [DataError, DataError, DataError, Picture]
    for picture, message in zip(
        pictures, ("In the frontal picture of the scan: No face", "no complete list", "83"), strict=False
    ):
        assert message in str(picture)


def test_the_face_must_be_the_one_that_was_marked(tmp_path):
    head = head_scan(3)
    hair = np.argsort(head.vertices[:, 1])[-68:]
    path = write_scan(tmp_path / "F0001" / "F0001_AN04WH_F3D.wrl", replace(head, landmarks=hair))
    rows = path.with_suffix(".bnd").read_text().splitlines(keepends=True)
    path.with_suffix(".bnd").write_text("".join(rows[:68] + rows[:15]))
    data = module(tmp_path)
    (error,) = data.reader(list(data.records())[:1])
    assert "none where the data set's label says" in str(error)


def test_a_detector_that_does_not_exist_stops_the_run(tree, drawn):
    with pytest.raises(PluginError, match="no landmark detector called 'mediapip'"):
        module(tree, detector="mediapip").reader(drawn[0][:1])


def test_the_version_is_that_of_the_code_that_draws(tree):
    assert len(module(tree).reader.version) == 64
