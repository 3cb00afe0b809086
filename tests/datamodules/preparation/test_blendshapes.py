"""Blendshapes on their way from rendered truth or a detector to a batch."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from faces_in_memory import FacesInMemory
from picture_trees import write_picture

from geofer.datamodules import CrossDataSet, FaceTable, PreparedFaces, RenderedFaces
from geofer.datamodules.preparation.config import Preparation
from geofer.datamodules.preparation.index import IndexInfo
from geofer.datamodules.preparation.run import prepare_faces
from geofer.landmarks import Faces, build_detector
from geofer.landmarks.face_mesh import BLENDSHAPES
from geofer.rendering import HEAD_BLENDSHAPES


def rendered(root, **settings):
    data = RenderedFaces(
        root=root,
        expressions=("happiness", "surprise"),
        poses="multipie",
        views=1,
        train_subjects=2,
        val_subjects=1,
        test_subjects=1,
        batch_size=2,
        render_workers=1,
        **settings,
    )
    data.prepare_data()
    data.setup()
    return data


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("rendered")


def test_rendered_faces_have_their_true_blendshapes_in_mediapipes_order(root):
    data = rendered(root)
    truth, _ = data.cache.load(0)
    batch = next(iter(data.test_dataloader()))
    assert batch["blendshapes"].shape == (2, 52)
    for column, name in enumerate(BLENDSHAPES):
        expected = truth["blendshapes"][:, HEAD_BLENDSHAPES.index(name)] if name != "_neutral" else np.zeros(2)
        np.testing.assert_array_equal(batch["blendshapes"][:, column], expected)
    smile = BLENDSHAPES.index("mouthSmileLeft")
    assert batch["blendshapes"][batch["expression"] == 0, smile].min() > 0.3
    bank = data.landmark_bank()
    assert bank.blendshapes.shape == (4, 52)
    np.testing.assert_array_equal(bank.blendshapes, data.faces("train").table.blendshapes)


def test_what_mediapipe_would_score_is_estimated_if_wanted(root):
    truth, estimated = (
        rendered(root, blendshapes=kind).faces("test").table.blendshapes for kind in ("truth", "mediapipe")
    )
    smile, squint = BLENDSHAPES.index("mouthSmileLeft"), BLENDSHAPES.index("eyeSquintLeft")
    assert estimated.shape == truth.shape
    assert 0 <= estimated.min() < estimated.max() <= 1
    assert estimated[0, smile] > 0.15  # happiness comes first
    assert estimated[1, squint] > 0.1 > truth[1, squint]  # neutral photographs squint
    np.testing.assert_array_equal(rendered(root, blendshapes="mediapipe").faces("test").table.blendshapes, estimated)


def acting(people, split, **settings):
    """Faces in memory whose first action is their row."""
    data = FacesInMemory(np.repeat(np.arange(people), 3), split, **settings)
    blendshapes = np.zeros((3 * people, 52), np.float32)
    blendshapes[:, 0] = np.arange(3 * people)
    store = data._faces
    data._faces = replace(store, table=replace(store.table, blendshapes=blendshapes))
    return data


def test_pairs_have_the_blendshapes_of_both_faces():
    data = acting(4, ["train"] * 6 + ["val"] * 3 + ["test"] * 3)
    data.setup()
    batch = next(iter(data.train_dataloader()))
    for prefix in ("", "target_"):
        rows = batch[f"{prefix}blendshapes"][:, 0].long()
        np.testing.assert_array_equal(batch[f"{prefix}landmarks"], data.store.table.landmarks[rows.numpy()])
    assert "blendshapes" not in next(iter(_set_up(FacesInMemory(np.arange(6), ["train"] * 4 + ["val", "test"]))))


def _set_up(data):
    data.setup()
    return data.train_dataloader()


def test_across_data_sets_blendshapes_stay_if_both_have_them():
    split = ["train"] * 3 + ["val"] * 3 + ["test"] * 3
    both = CrossDataSet(acting(3, split), acting(3, split))
    both.setup()
    np.testing.assert_array_equal(both.faces("test").table.blendshapes[:, 0], np.arange(9))
    one = CrossDataSet(acting(3, split), FacesInMemory(np.repeat(np.arange(3), 3), split))
    one.setup()
    assert one.faces("test").table.blendshapes is None


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, rendered_pictures) -> Path:
    """Ten pictures and a table that names them."""
    root = tmp_path_factory.mktemp("pictures")
    lines = ["path,expression,subject"]
    for number, face in enumerate(rendered_pictures[:10]):
        write_picture(root / f"{number}.png", face.pixels)
        lines.append(f"{number}.png,{face.expression},{number}")
    root.joinpath("faces.csv").write_text("\n".join(lines))
    return root


def prepared(pictures: Path, folder: Path, detector: str, **options) -> FaceTable:
    how = Preparation(detector=detector, folder=folder, workers=1, **options)
    data = FaceTable(pictures, table="faces.csv", preparation=how, batch_size=2)
    data.prepare_data()
    return data


def test_prepared_pictures_have_the_scores_that_mediapipe_gave(pictures, rendered_pictures, tmp_path):
    pytest.importorskip("mediapipe")
    data = prepared(pictures, tmp_path, "mediapipe")
    store = data.open_store()
    found = build_detector("mediapipe").detect([face.pixels for face in rendered_pictures[:10]])
    expected = np.concatenate([faces.blendshapes for faces in found if len(faces)])
    assert len(expected) > 7
    np.testing.assert_allclose(store.table.blendshapes[np.arange(len(store.table))], expected, atol=1e-6)
    elsewhere = PreparedFaces(str(data.folder))
    np.testing.assert_array_equal(elsewhere.open_store().table.blendshapes[[3]], store.table.blendshapes[[3]])
    data.folder.joinpath("blendshapes.npy").unlink()  # as an earlier version left it
    assert PreparedFaces(str(data.folder)).open_store().table.blendshapes is None


def test_shards_have_them_too(pictures, tmp_path):
    pytest.importorskip("mediapipe")
    pytest.importorskip("litdata")
    data = prepared(pictures, tmp_path, "mediapipe", cache="litdata")
    table = PreparedFaces(f"file://{data.folder}").open_store().table
    assert table.blendshapes[[0]].max() > 0.1


class SometimesTells:
    """Finds a face that fills each picture, and tells the blendshapes of every other one."""

    def detect(self, images, names=()):
        grid = np.random.default_rng(0).uniform(10, 150, (1, 68, 2))
        scores = np.full((1, 52), 0.25, np.float32)
        return [Faces.from_landmarks(grid, blendshapes=scores if int(Path(name).stem) % 2 else None) for name in names]


def test_a_face_without_scores_has_nan(pictures, tmp_path, install_plugin):
    source = f"from {__name__} import SometimesTells"
    install_plugin("sometimes-tells", "sometimes = sometimes_tells:SometimesTells", source, "geofer.landmark_detectors")
    table = prepared(pictures, tmp_path / "cache", "sometimes").open_store().table
    blendshapes = table.blendshapes[np.arange(10)]
    assert np.isnan(blendshapes[::2]).all()
    np.testing.assert_array_equal(blendshapes[1::2], np.full((5, 52), 0.25))


def test_a_detector_that_tells_nothing_leaves_no_file(pictures, rendered_pictures, tmp_path):
    for number, face in enumerate(rendered_pictures[:10]):
        points = "\n".join(f"{x} {y}" for x, y in face.landmarks + 1)
        pictures.joinpath(f"{number}.pts").write_text(f"version: 1\nn_points: 68\n{{\n{points}\n}}\n")
    data = prepared(pictures, tmp_path, "precomputed", detector_options={"path": str(pictures)})
    assert data.folder.joinpath("landmarks.npy").exists()
    assert not data.folder.joinpath("blendshapes.npy").exists()
    assert data.open_store().table.blendshapes is None


def test_a_cache_that_an_earlier_version_began_goes_on_without(pictures, tmp_path):
    pytest.importorskip("mediapipe")
    whole = prepared(pictures, tmp_path / "whole", "mediapipe")
    begun = tmp_path / "begun" / whole.folder.name
    shutil.copytree(whole.folder, begun)
    begun.joinpath("parts").mkdir()
    for name in ("index.parquet", "blendshapes.npy"):
        begun.joinpath(name).unlink()
    info = IndexInfo("FaceTable", whole.vocabulary, 64, "tight", "memory_map", 10)
    prepare_faces(begun, whole.records(), whole.reader, whole.preparation, info)
    assert not begun.joinpath("blendshapes.npy").exists()
    assert PreparedFaces(str(begun)).open_store().table.blendshapes is None
    assert begun.joinpath("index.parquet").read_bytes() == whole.folder.joinpath("index.parquet").read_bytes()
