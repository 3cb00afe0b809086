import torch

from geofer import faces


def test_mirroring_swaps_sides_and_is_its_own_inverse():
    mirrored = torch.tensor(faces.MIRRORED_LANDMARKS)
    assert sorted(mirrored.tolist()) == list(range(68))
    assert mirrored[mirrored].tolist() == list(range(68))
    points = torch.arange(68)
    assert points[mirrored][faces.RIGHT_EYE].sort().values.tolist() == points[faces.LEFT_EYE].tolist()
    assert points[mirrored][faces.RIGHT_BROW].sort().values.tolist() == points[faces.LEFT_BROW].tolist()
    for part in (faces.JAW, faces.NOSE_BRIDGE, faces.NOSE_BASE, faces.OUTER_LIP, faces.INNER_LIP):
        assert points[mirrored][part].sort().values.tolist() == points[part].tolist()
    midline = {8, *range(27, 31), 33, 51, 57, 62, 66}
    assert {i for i in range(68) if mirrored[i] == i} == midline


def test_image_scale_is_the_papers_and_can_be_undone():
    pixels = torch.arange(256, dtype=torch.uint8)
    scaled = faces.normalize_image(pixels)
    assert scaled[0] == -1
    assert scaled[255] == 1
    assert torch.equal(faces.denormalize_image(scaled), pixels)
    assert faces.denormalize_image(torch.tensor([-1.5, 1.5])).tolist() == [0, 255]


def test_landmarks_span_the_crop_from_edge_to_edge():
    corners = torch.tensor([[-0.5, -0.5], [63.5, 63.5], [0.0, 31.5]])
    scaled = faces.normalize_landmarks(corners, 64)
    assert torch.allclose(scaled, torch.tensor([[-1.0, -1.0], [1.0, 1.0], [-1 + 1 / 64, 0.0]]))
    assert torch.allclose(faces.denormalize_landmarks(scaled, 64), corners)
