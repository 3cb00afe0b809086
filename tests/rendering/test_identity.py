import numpy as np
import pytest

from geofer.rendering.head import load_head
from geofer.rendering.identity import sample_identity
from geofer.rendering.landmarks import LANDMARK_VERTICES


@pytest.fixture(scope="module")
def people():
    return [sample_identity(np.random.default_rng(seed)) for seed in range(200)]


def test_names_are_annys(people):
    head = load_head()
    for person in people[:5]:
        assert set(person.phenotypes) <= set(head.phenotype_labels)
        assert set(person.local_changes) <= set(head.local_labels)


def test_values_are_in_annys_ranges(people):
    for person in people:
        assert all(0 <= value <= 1 for value in person.phenotypes.values())
        assert all(-1 <= value <= 1 for value in person.local_changes.values())
        assert person.phenotypes["age"] >= 0.6, "2/3 is a young adult"
        assert sum(person.phenotypes[share] for share in ("african", "asian", "caucasian")) == pytest.approx(1)


def test_genders_and_ancestries_are_balanced(people):
    assert 0.35 < np.mean([person.phenotypes["gender"] > 0.5 for person in people]) < 0.65
    for share in ("african", "asian", "caucasian"):
        assert 0.25 < np.mean([person.phenotypes[share] for person in people]) < 0.42


def test_sides_follow_each_other_but_not_exactly(people):
    left = np.array([[v for k, v in p.local_changes.items() if k.startswith("l-")] for p in people])
    right = np.array([[v for k, v in p.local_changes.items() if k.startswith("r-")] for p in people])
    assert np.corrcoef(left.reshape(-1), right.reshape(-1))[0, 1] > 0.9
    assert 0 < np.abs(left - right).mean() < 0.1


def test_same_chance_same_person():
    first, second, other = (sample_identity(np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first == second
    assert first != other


def test_proportions_stay_human(people):
    head = load_head()
    points = np.stack([head.neutral(person)[head.index_of(np.array(LANDMARK_VERTICES))] for person in people])

    def length(i, j):
        return np.linalg.norm(points[:, i] - points[:, j], axis=-1)

    eyes = length(36, 45)  # outer eye corners; the ratios bracket those of adults' photographs
    for ratio, low, high in (
        (length(48, 54) / eyes, 0.38, 0.85),
        (length(31, 35) / eyes, 0.20, 0.60),
        (length(27, 33) / eyes, 0.35, 0.75),
        (length(33, 8) / eyes, 0.50, 1.10),
        (length(0, 16) / eyes, 1.2, 2.0),
    ):
        assert low < ratio.min(), ratio.min()
        assert ratio.max() < high, ratio.max()
        assert ratio.std() > 0.02, "people differ"
