"""Generators whose quality is known: perfect, lazy, forgetful, blind; and the pairs they are measured on."""

import numpy as np
import pytest
import torch
from lightning import seed_everything

from geofer.datamodules import FaceDataModule, FaceLabels, FaceStore, ShardedPictures
from geofer.errors import ConfigError, DataError
from geofer.faces import EXPRESSIONS, normalize_image, normalize_landmarks
from geofer.landmarks import build_detector
from geofer.modules import ClassifierConfig, ExpressionClassifier
from geofer.study.measures.synthesis import (
    FeatureExtractor,
    Pictured,
    draw_pairs,
    draw_shared_geometries,
    measure_synthesis,
)


class Pictures(FaceDataModule):
    """The rendered pictures of the tests, all of them for testing."""

    expressions = EXPRESSIONS
    image_size = 160

    def __init__(self, pictures):
        super().__init__(batch_size=4, num_workers=0, self_pairs=0.0, seed=0)
        self.pictures = pictures

    def open_store(self):
        landmarks = torch.from_numpy(np.stack([picture.landmarks for picture in self.pictures]))
        table = FaceLabels(
            expression=np.array([EXPRESSIONS.index(picture.expression) for picture in self.pictures]),
            subject=np.array([picture.subject for picture in self.pictures]),
            yaw=np.array([picture.yaw for picture in self.pictures], np.float32),
            pitch=np.array([picture.pitch for picture in self.pictures], np.float32),
            landmarks=normalize_landmarks(landmarks, 160).numpy(),
        )
        images = np.stack([picture.pixels for picture in self.pictures])
        return FaceStore(table, ShardedPictures([images]), np.full(len(images), "test"))


class Perfect:
    """Gives everybody their own picture that is nearest to the geometry."""

    def __init__(self, data):
        data.setup("test")
        self.faces = data.faces("test")
        self.images = normalize_image(self.faces.images(np.arange(len(self.faces))))
        self.landmarks = torch.from_numpy(self.faces.table.landmarks)
        self.subject = torch.from_numpy(self.faces.table.subject)

    def synthesize(self, image, landmarks, source=None):
        who = [self.subject[(self.landmarks == points).all(2).all(1)][0] for points in source]
        away = (landmarks[:, None] - self.landmarks).square().sum((2, 3))
        away[torch.stack(who)[:, None] != self.subject] = torch.inf
        return self.images[away.argmin(1)]


class Lazy:
    """Leaves the face as it is."""

    def synthesize(self, image, landmarks, source=None):
        return image


class Forgetful:
    """Knows the geometry, but makes one and the same person of all."""

    def __init__(self, perfect):
        self.perfect = perfect

    def synthesize(self, image, landmarks, source=None):
        someone = self.perfect.landmarks[:1].expand(len(image), -1, -1)
        return self.perfect.synthesize(image, landmarks, source=someone)


class Blind:
    """Makes gray pictures."""

    def synthesize(self, image, landmarks, source=None):
        return torch.zeros_like(image)


class Colors:
    """Tells people apart by the colors of their pictures."""

    size = 3

    def __call__(self, image, landmarks):
        return image.float().mean((2, 3))


@pytest.fixture(scope="module")
def data(rendered_pictures):
    return Pictures(rendered_pictures)


@pytest.fixture(scope="module")
def classifier():
    seed_everything(0, verbose=False)
    small = ClassifierConfig("small_resnet", pretrained=False, hidden=16, backbone_arguments={"widths": [4, 8]})
    return ExpressionClassifier(EXPRESSIONS, 160, classifier=small).eval()


@pytest.fixture(scope="module")
def reports(data, classifier):
    perfect, detector = Perfect(data), build_detector("mediapipe")
    generators = {"perfect": perfect, "lazy": Lazy(), "forgetful": Forgetful(perfect), "blind": Blind()}
    return {
        name: measure_synthesis(
            generator, data, classifier, detector=detector, embedding=Colors(), pairs=16, batch_size=10
        )
        for name, generator in generators.items()
    }


def test_a_perfect_generator(reports):
    report = reports["perfect"]
    assert (report.pairs, report.subjects) == (16, 4)
    assert (report["ssim"], report["psnr"], report["l1"]) == (pytest.approx(1, abs=1e-5), np.inf, 0)
    for name in ("landmark_error", "landmark_error_inner", "landmark_failures", "expression_accuracy"):
        assert report.values[name] == report.values[f"real_{name}"]
    assert report.values["identity_distance"] == report.values["real_identity_distance"]
    assert report["landmark_error_inner"] < 0.08
    assert report["kid"] == report["kid_identity"] == pytest.approx(0, abs=1e-9)
    assert report["diversity"] == pytest.approx(1, abs=0.1)
    assert report["diversity_identity"] == pytest.approx(1, abs=0.1)


def test_a_lazy_generator_keeps_the_person_and_misses_the_geometry(reports):
    lazy, perfect = reports["lazy"], reports["perfect"]
    assert lazy["identity_distance"] == 0
    assert lazy.identity_similarity == 1 > perfect.identity_similarity > 0
    assert lazy["landmark_error_inner"] > 1.5 * perfect["landmark_error_inner"]
    assert lazy["ssim"] < 0.95
    assert 10 < lazy["psnr"] < 40
    assert lazy["l1"] > 0.01


def test_a_generator_that_forgets_the_person(reports):
    report = reports["forgetful"]
    assert report["diversity"] == report["diversity_identity"] == 0
    assert report["identity_distance"] > 2 * reports["perfect"]["identity_distance"]
    assert report.identity_similarity < 0.5
    assert report["landmark_error_inner"] < reports["lazy"]["landmark_error_inner"] * 2


def test_a_generator_of_gray_pictures(reports):
    report = reports["blind"]
    assert report["landmark_failures"] == 1
    assert np.isnan(report["landmark_error"])
    assert report["real_landmark_failures"] < 0.1
    assert report["kid"] > 1 > abs(reports["lazy"]["kid"])
    assert report["diversity"] == 0


class WhereTheEyesAre:
    """An embedding that shows by which landmarks a face is aligned."""

    size = 2

    def __call__(self, image, landmarks):
        return landmarks[:, 36:48].mean(1)


def test_a_face_is_aligned_by_the_landmarks_that_are_seen_in_it(data, classifier):
    """So a copy is the same person; where nothing is seen, it is aligned by those that it should have."""
    seen, unseen = (
        measure_synthesis(
            Lazy(), data, classifier, detector=build_detector(name), embedding=WhereTheEyesAre(), pairs=8, batch_size=8
        )
        for name in ("mediapipe", "none")
    )
    assert seen["identity_distance"] == 0 < seen["real_identity_distance"]
    assert unseen["identity_distance"] == unseen["real_identity_distance"] > 0


def test_the_same_seed_measures_the_same(data, classifier, reports):
    settings = {"detector": build_detector("none"), "pairs": 16}
    again, other = (measure_synthesis(Lazy(), data, classifier, seed=seed, **settings) for seed in (0, 1))
    assert again["l1"] == pytest.approx(reports["lazy"]["l1"], rel=1e-6)
    assert other["l1"] != pytest.approx(again["l1"], rel=1e-6)
    assert np.isnan(again["identity_distance"])


def test_accuracy_is_that_of_the_reference_classifier(data, classifier, reports):
    faces = data.faces("test")
    inputs, targets = draw_pairs(faces.table.subject, 16, np.random.default_rng(0))
    with torch.no_grad():
        for name, rows in (("perfect", targets), ("lazy", inputs)):
            prediction = classifier(normalize_image(faces.images(rows))).argmax(1).numpy()
            accuracy = np.mean(prediction == faces.table.expression[targets])
            assert reports[name]["expression_accuracy"] == pytest.approx(accuracy)


def test_a_reference_classifier_that_standardizes_its_features_answers_as_it_was_trained():
    seed_everything(0, verbose=False)
    config = ClassifierConfig("small_resnet", False, 8, {"widths": [4, 8]}, normalize=True)
    reference = ExpressionClassifier(EXPRESSIONS, 32, config).eval()
    reference.classifier.norm.running_mean.normal_()
    reference.classifier.norm.running_var.uniform_(0.1, 4)
    faces = Pictured(torch.randint(0, 256, (3, 3, 32, 32), dtype=torch.uint8), torch.zeros(3, 68, 2))

    extractor = FeatureExtractor(reference, None, None)
    extractor.look = lambda given: {}
    with torch.no_grad():
        found = extractor.extract(faces)
        assert torch.allclose(found["logits"], reference(normalize_image(faces.image)), atol=1e-5)


def test_a_reference_classifier_of_other_expressions(data, classifier):
    other = ExpressionClassifier(EXPRESSIONS[:3], 160, ClassifierConfig("small_resnet", False, 16, {"widths": [4, 8]}))
    with pytest.raises(ConfigError, match="classifier tells anger, disgust, fear apart, but the faces show"):
        measure_synthesis(Lazy(), data, other)


def test_pairs_are_of_one_person_and_never_of_a_face_with_itself():
    subject = np.random.default_rng(0).integers(0, 40, 100)
    subject[7] = 99  # has one face only
    drawn = []
    for seed in range(200):
        inputs, targets = draw_pairs(subject, None, np.random.default_rng(seed))
        assert (subject[inputs] == subject[targets]).all()
        assert (inputs != targets).all()
        alone = np.bincount(subject)[subject] == 1
        np.testing.assert_array_equal(inputs, np.flatnonzero(~alone))
        drawn.append(targets)
    person = np.flatnonzero(subject == np.bincount(subject[subject < 40]).argmax())
    place = np.flatnonzero(inputs == person[0])[0]
    assert {targets[place] for targets in drawn} == set(person[1:])
    assert len(draw_pairs(subject, 10, np.random.default_rng(0))[0]) == 10
    with pytest.raises(DataError, match="No test subject has two faces"):
        draw_pairs(np.arange(5), None, np.random.default_rng(0))


def test_shared_geometries_are_of_people_who_show_that_expression(data):
    data.setup("test")
    table = data.faces("test").table
    shared = draw_shared_geometries(table, 3, np.random.default_rng(0))
    assert [table.expression[geometry].tolist() for geometry, _, _ in shared] == [[label] for label in range(7)]
    for geometry, inputs, nearest in shared:
        assert len(set(table.subject[inputs])) == 3
        np.testing.assert_array_equal(table.subject[inputs], table.subject[nearest])
        assert set(table.expression[nearest]) == set(table.expression[geometry])
        for row in nearest:
            others = (table.subject == table.subject[row]) & (table.expression == table.expression[row])
            away = np.square(table.landmarks - table.landmarks[geometry]).sum((1, 2))
            assert away[row] == away[others].min()
