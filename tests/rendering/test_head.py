import numpy as np
import pytest

from geofer.errors import DataError
from geofer.rendering.expressions import HEAD_BLENDSHAPES
from geofer.rendering.head import load_head
from geofer.rendering.identity import Identity, sample_identity
from geofer.rendering.openness import directions
from geofer.rendering.parts import EYE, LASH, SKIN, TEETH, TONGUE

PLAIN = Identity(phenotypes={}, local_changes={})


def acting(**strengths: float) -> np.ndarray:
    blendshapes = np.zeros((1, len(HEAD_BLENDSHAPES)), np.float32)
    for name, strength in strengths.items():
        blendshapes[0, HEAD_BLENDSHAPES.index(name)] = strength
    return blendshapes


def moved(**strengths: float) -> np.ndarray:
    head = load_head()
    return head.vertices(PLAIN, acting(**strengths))[0] - head.neutral(PLAIN)


def test_the_reduced_head_is_the_full_one():
    anny = pytest.importorskip("anny")
    identity = sample_identity(np.random.default_rng(3))
    blendshapes = np.random.default_rng(4).uniform(0, 0.5, (2, len(HEAD_BLENDSHAPES))).astype(np.float32)
    full = anny.Anny(
        topology="makehuman",
        local_changes="all",
        facial_actions="all",
        phenotypes="all",
        phenotype_blendshapes="original",
    )
    import torch

    def batched(values):
        return {name: torch.full((2,), float(value), dtype=torch.float64) for name, value in values.items()}

    rest = full(
        phenotype_kwargs=batched(identity.phenotypes),
        local_changes_kwargs=batched(identity.local_changes),
        facial_actions=torch.from_numpy(blendshapes).double(),
    )["rest_vertices"].numpy()
    head = load_head()
    expected = np.stack((rest[..., 0], rest[..., 2], -rest[..., 1]), axis=-1)[:, head.source]
    further = blendshapes @ (head.moves - head.blendshape_offsets)  # some move skin further than Anny's do
    expected += further.reshape(expected.shape)
    vertices = head.vertices(identity, blendshapes)
    skin, teeth = (np.unique(head.triangles[head.part == part]) for part in (SKIN, TEETH))
    difference = expected - vertices
    difference -= difference[:, skin].mean((0, 1))
    np.testing.assert_allclose(difference[:, np.setdiff1d(np.arange(len(head.source)), teeth)], 0, atol=2e-5)
    assert np.abs(difference[:, teeth]).max() == pytest.approx(0.002, abs=2e-5)  # teeth are moved towards the lips


def test_nose_and_brow_shade_the_face_from_lamps_above():
    head, lamps = load_head(), directions()
    x, y, z = head.canonical.T
    under_nose = (np.abs(x) < 0.005) & (np.abs(y + 0.0535) < 0.0025) & (z > 0.03)
    cheek = (np.abs(np.abs(x) - 0.035) < 0.006) & (np.abs(y + 0.035) < 0.006) & (z > 0)
    above, front = (int((lamps @ np.array(where)).argmax()) for where in ((0, 0.87, 0.5), (0, 0, 1.0)))
    assert head.lit[under_nose, above].mean() < 0.4 < 0.9 < head.lit[under_nose, front].mean()
    assert head.lit[cheek, above].mean() > 0.7


def test_every_part_is_there_and_in_its_place():
    head = load_head()
    center = {part: head.canonical[head.triangles[head.part == part]].mean((0, 1)) for part in range(5)}
    assert abs(center[EYE][1]) < 0.003
    assert -0.09 < center[TEETH][1] < -0.05
    assert center[TONGUE][2] < head.canonical[:, 2].max() - 0.02
    assert np.all(np.abs([center[part][0] for part in (SKIN, EYE, TEETH, TONGUE, LASH)]) < 0.002)


def test_the_eyes_are_the_origin_for_everybody():
    head = load_head()
    right, left = head.eyeballs
    vertices = head.neutral(sample_identity(np.random.default_rng(0)))
    middle = (vertices[right].mean(0) + vertices[left].mean(0)) / 2
    np.testing.assert_allclose(middle, 0, atol=1e-6)
    assert vertices[left, 0].mean() > 0.02 > -0.02 > vertices[right, 0].mean()


def test_blendshapes_add_up():
    both = moved(jawOpen=0.6, browInnerUp=0.4)
    np.testing.assert_allclose(both, moved(jawOpen=0.6) + moved(browInnerUp=0.4), atol=1e-6)


def test_the_brow_ridge_follows_the_brow():
    head = load_head()
    x, y, z = head.canonical.T
    ridge = (np.abs(np.abs(x) - 0.033) < 0.012) & (np.abs(y - 0.023) < 0.004) & (z > 0)
    assert moved(browDownLeft=1, browDownRight=1)[ridge, 1].mean() < -0.003
    assert moved(browOuterUpLeft=1, browOuterUpRight=1)[ridge, 1].mean() > 0.001


def test_vertices_of_the_body_are_not_in_the_head():
    with pytest.raises(DataError, match="not part of the head"):
        load_head().index_of(np.array([136, 13_000]))
    assert load_head().source[load_head().index_of(np.array([136, 21]))].tolist() == [136, 21]


def test_a_second_process_reads_the_reduction_from_the_cache(tmp_path, monkeypatch):
    arrays = {name: getattr(load_head(), name) for name in load_head().__dataclass_fields__}
    monkeypatch.setenv("GEOFER_CACHE", str(tmp_path))
    monkeypatch.setattr("geofer.rendering.reduction.reduce_head", lambda: arrays)
    load_head.__wrapped__()
    monkeypatch.setattr("geofer.rendering.reduction.reduce_head", lambda: pytest.fail("built again"))
    again = load_head.__wrapped__()
    for name, values in arrays.items():
        np.testing.assert_array_equal(getattr(again, name), values)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "damage", [lambda data: data[:5000], lambda data: b"", lambda data: data[:-3000] + b"x" * 3000]
)
def test_a_damaged_cache_is_built_again(damage, tmp_path, monkeypatch):
    arrays = {name: getattr(load_head(), name) for name in load_head().__dataclass_fields__}
    monkeypatch.setenv("GEOFER_CACHE", str(tmp_path))
    monkeypatch.setattr("geofer.rendering.reduction.reduce_head", lambda: arrays)
    load_head.__wrapped__()
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    np.testing.assert_array_equal(load_head.__wrapped__().triangles, arrays["triangles"])
    assert file.read_bytes() == whole


def test_a_flipped_bit_in_the_cache_is_built_again_or_changes_nothing(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=(3, 4)).astype(np.float32) for name in load_head().__dataclass_fields__}
    monkeypatch.setenv("GEOFER_CACHE", str(tmp_path))
    monkeypatch.setattr("geofer.rendering.reduction.reduce_head", lambda: arrays)
    load_head.__wrapped__()
    (file,) = tmp_path.iterdir()
    whole = np.frombuffer(file.read_bytes(), np.uint8)
    for bit in rng.choice(8 * len(whole), 500, replace=False):
        damaged = whole.copy()
        damaged[bit // 8] ^= 1 << bit % 8
        file.write_bytes(damaged.tobytes())
        head = load_head.__wrapped__()
        for name, values in arrays.items():
            np.testing.assert_array_equal(getattr(head, name), values, err_msg=f"bit {bit}")
