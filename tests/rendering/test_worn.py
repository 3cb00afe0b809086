import numpy as np
import pytest

from geofer.rendering.appearance import Glasses, Locks
from geofer.rendering.head import load_head
from geofer.rendering.identity import sample_identity
from geofer.rendering.parts import FRAME, HAIR, SKIN
from geofer.rendering.worn import worn_mesh, worn_vertices

LOCKS = Locks(end=-0.2, front=1.9, tuck=0.0, wave=0.01, phase=0.0)
GLASSES = Glasses(width=0.05, height=0.036, squareness=3.0, thickness=0.002)


@pytest.fixture(scope="module")
def heads():
    head = load_head()
    return [head.neutral(sample_identity(np.random.default_rng(seed))) for seed in range(8)]


def part(vertices, kind):
    mesh = worn_mesh()
    return vertices[np.unique(mesh.triangles[mesh.part == kind])]


def test_every_vertex_belongs_to_one_kind():
    mesh = worn_mesh()
    hair, frame = (np.unique(mesh.triangles[mesh.part == kind]) for kind in (HAIR, FRAME))
    assert sorted([*hair, *frame]) == list(range(len(mesh.canonical)))
    corners = np.sort(mesh.triangles, axis=1)
    assert len(np.unique(corners, axis=0)) == len(corners)
    assert (np.diff(corners, axis=1) > 0).all(), "no triangle without area"


def test_who_wears_nothing_has_no_surface(heads):
    assert not worn_vertices(load_head(), heads[0], None, None).any()
    glasses = worn_vertices(load_head(), heads[0], None, GLASSES)
    assert not part(glasses, HAIR).any()
    assert not part(worn_vertices(load_head(), heads[0], LOCKS, None), FRAME).any()


def test_rims_go_around_the_eyes_and_arms_to_the_ears(heads):
    head = load_head()
    for rest in heads:
        frame = part(worn_vertices(head, rest, None, GLASSES), FRAME)
        for eyeball in head.eyeballs:
            x, y, z = rest[eyeball].mean(0)
            rim = frame[np.linalg.norm(frame[:, :2] - (x, y), axis=1) < 0.04]
            angles = np.sort(np.arctan2(rim[:, 1] - y, rim[:, 0] - x))
            assert np.diff(angles, append=angles[0] + 2 * np.pi).max() < 0.5
            assert rim[:, 2].min() > z
        assert frame[:, 2].min() < -0.08
        assert np.ptp(frame[:, 0]) == pytest.approx(2 * np.abs(frame[:, 0]).max(), rel=0.05)


def test_glasses_clear_the_skin_around_the_eyes(heads):
    head = load_head()
    skin = np.unique(head.triangles[head.part == SKIN])
    for rest in heads:
        frame = part(worn_vertices(head, rest, None, GLASSES), FRAME)
        front = frame[np.abs(frame[:, 0]) < 0.045]
        for x, y, z in front[::5]:
            near = skin[np.linalg.norm(rest[skin, :2] - (x, y), axis=1) < 0.004]
            near = near[rest[near, 2] > 0]
            if abs(y) < 0.014:  # brows may hang over the upper rim
                assert (rest[near, 2] < z + 0.006).all()


def test_locks_leave_the_face_free_and_grow_with_the_skull(heads):
    head = load_head()
    widths = []
    for rest in heads:
        hair = part(worn_vertices(head, rest, LOCKS, None), HAIR)
        assert hair[:, 2].max() < 0
        assert hair[:, 1].min() < -0.15
        skull = np.abs(rest[head.canonical[:, 1] > 0, 0]).max()
        widths.append(np.abs(hair[:, 0]).max() / skull)
    assert np.ptp(widths) < 1e-3
