import numpy as np
import pytest

from geofer.rendering.appearance import sample_appearance
from geofer.rendering.identity import sample_identity


@pytest.fixture(scope="module")
def people():
    chances = [np.random.default_rng(seed) for seed in range(400)]
    identities = [sample_identity(rng) for rng in chances]
    looks = [sample_appearance(person.phenotypes, rng) for person, rng in zip(identities, chances, strict=True)]
    return [(person.phenotypes["gender"] < 0.5, look) for person, look in zip(identities, looks, strict=True)]


def share(values):
    return np.mean(list(values))


def test_same_chance_same_look():
    first, second, other = (sample_appearance({}, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first == second
    assert first != other


def test_only_men_have_beards_and_half_of_them(people):
    assert all(look.moustache + look.chin + look.jaw == 0 for male, look in people if not male)
    bearded = [max(look.moustache, look.chin, look.jaw) for male, look in people if male]
    assert 0.4 < share(strength > 0.12 for strength in bearded) < 0.7
    assert 0.1 < share(strength > 0.5 for strength in bearded) < 0.4


def test_hair_is_as_long_as_people_wear_it(people):
    assert 0.5 < share(look.locks is not None for male, look in people if not male) < 0.85
    assert 0.02 < share(look.locks is not None for male, look in people if male) < 0.2
    assert all(look.hair_density == 1 for _, look in people if look.locks)
    assert 0.03 < share(look.hair_density == 0 for _, look in people) < 0.2
    assert all(look.hair_volume == 0 for _, look in people if look.hair_density == 0)


def test_a_quarter_wears_glasses(people):
    assert 0.15 < share(look.glasses is not None for _, look in people) < 0.4


def test_colors_and_strengths_are_in_range(people):
    for _, look in people:
        for color in (look.skin, look.lips, look.brow, look.hair, look.iris, look.cloth, look.frame):
            assert min(color) >= 0
            assert max(color) <= 1
        assert max(look.moustache, look.chin, look.jaw, look.hair_density) <= 1
