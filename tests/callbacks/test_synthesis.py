"""The synthetic faces that a run draws: of the right people, with the right geometries, in the right files."""

import numpy as np
import pytest
import torch
from PIL import Image
from random_faces import EXPRESSIONS, SIZE, RandomFaces, classifier_model, full_model, make_trainer

from geofer.callbacks.face_figures import FaceGrid, faces_figure
from geofer.callbacks.report_figures import pixels
from geofer.callbacks.synthesis import STEPS, Gallery, SyntheticFaces
from geofer.faces import denormalize_image, normalize_image


@pytest.fixture(scope="module")
def data():
    faces = RandomFaces()
    faces.setup()
    return faces


@pytest.fixture(scope="module")
def gallery(data):
    return Gallery(full_model().eval(), data.faces("test"), EXPRESSIONS)


def row_of(table, subject, expression, yaw):
    (row,) = np.flatnonzero((table.subject == subject) & (table.expression == expression) & (table.yaw == yaw))
    return row


def picture(faces, row):
    return faces.images(np.array([row]))[0].permute(1, 2, 0).numpy()


def test_people_are_those_of_the_split(gallery):
    assert gallery.people(1) == [4]
    assert gallery.people(9) == [4, 5]


def test_grid_shows_real_faces_and_what_the_generator_makes_of_their_geometry(gallery, data):
    faces, model = data.faces("test"), full_model().eval()
    grid = gallery.grid(5)
    np.testing.assert_array_equal(grid.image, picture(faces, row_of(faces.table, 5, EXPRESSIONS.index("neutral"), 0)))
    assert grid.synthetic.shape == grid.real.shape == (3, 3, SIZE, SIZE, 3)
    for pose, yaw in enumerate((-30, 0, 30)):
        for label in range(3):
            row = row_of(faces.table, 5, label, yaw)
            np.testing.assert_array_equal(grid.real[pose, label], picture(faces, row))
            image = normalize_image(torch.from_numpy(grid.image).permute(2, 0, 1)[None])
            expected = model.synthesize(image, torch.from_numpy(faces.table.landmarks[[row]]))
            expected = denormalize_image(expected)[0].permute(1, 2, 0).numpy()
            np.testing.assert_allclose(grid.synthetic[pose, label].astype(int), expected, atol=1)


def test_strips_go_straight_from_one_geometry_to_another(gallery, data):
    table = data.faces("test").table
    strips = gallery.strips(4)
    assert {strip.names for strip in strips} == {("neutral", "happiness"), ("neutral", "surprise")}
    for strip in strips:
        first, last = (row_of(table, 4, EXPRESSIONS.index(name), 0) for name in strip.names)
        way = np.linspace(table.landmarks[first], table.landmarks[last], STEPS)
        np.testing.assert_allclose(strip.landmarks, way, atol=1e-6)
        assert strip.synthetic.shape == (STEPS, SIZE, SIZE, 3)


def test_an_expression_that_a_person_never_showed_stays_white(data):
    rows = np.flatnonzero(data.store.table.expression != EXPRESSIONS.index("surprise"))
    faces = type(data.faces("test"))(data.store.table, data.store.pictures, rows)
    gallery = Gallery(full_model().eval(), faces, EXPRESSIONS)
    grid = gallery.grid(0)
    for images in (grid.synthetic, grid.real):
        assert (images[:, 2] == 255).all()
        assert (images[:, :2] < 255).any(axis=(2, 3, 4)).all()
    assert [strip.names for strip in gallery.strips(0)] == [("neutral", "happiness")]


def test_without_a_neutral_face_the_input_is_another_one_from_the_front(data):
    rows = np.flatnonzero(data.store.table.expression == EXPRESSIONS.index("surprise"))
    faces = type(data.faces("test"))(data.store.table, data.store.pictures, rows)
    gallery = Gallery(full_model().eval(), faces, EXPRESSIONS)
    expected = picture(faces, row_of(faces.table, 3, EXPRESSIONS.index("surprise"), 0))
    np.testing.assert_array_equal(gallery.grid(3).image, expected)
    assert gallery.strips(3) == []


def test_files_after_fit_and_test(tmp_path):
    trainer = make_trainer(tmp_path, [SyntheticFaces(subjects=2)], epochs=1)
    model = full_model()
    trainer.fit(model, datamodule=RandomFaces())
    trainer.test(model, datamodule=RandomFaces(), verbose=False)
    contents = []
    for split in ("val", "test"):
        for name in ("faces", "interpolation"):
            with Image.open(tmp_path / f"{split}_{name}.png") as image:
                image.load()
                assert min(image.size) > 400
                contents.append(image.convert("RGB").tobytes())
    assert len(set(contents)) == 4
    assert not list(tmp_path.glob("*.part"))


def test_a_classifier_alone_draws_nothing(tmp_path):
    trainer = make_trainer(tmp_path, [SyntheticFaces()], epochs=1)
    trainer.fit(classifier_model(), datamodule=RandomFaces())
    assert not list(tmp_path.glob("*.png"))


def test_figure_places_every_face(gallery):
    """Faces of one plain color each: every color is found, at the share of the picture that it should have."""
    colors = np.arange(1, 20, dtype=np.uint8) * 10
    flat = np.broadcast_to(colors[:, None, None, None], (19, 8, 8, 3))
    grid = FaceGrid(flat[0], flat[1:10].reshape(3, 3, 8, 8, 3), flat[10:].reshape(3, 3, 8, 8, 3))
    image = pixels(faces_figure([grid], gallery.pose_names, EXPRESSIONS))
    counts = np.array([(image == color).all(axis=2).sum() for color in colors])
    assert counts[1:].min() > 0.9 * counts[1:].max()
    assert counts[0] == pytest.approx(1.4**2 / 0.98**2 * counts[1:].mean(), rel=0.05)


def test_strips_prefer_expressions_seen_from_the_same_pose(data):
    """Happiness was never seen from the front, so surprise comes first, whatever the geometries."""
    table = data.store.table
    rows = np.flatnonzero((table.expression != EXPRESSIONS.index("happiness")) | (table.yaw == 30))
    faces = type(data.faces("test"))(table, data.store.pictures, rows)
    names = [strip.names[1] for strip in Gallery(full_model().eval(), faces, EXPRESSIONS).strips(2)]
    assert names == ["surprise", "happiness"]
