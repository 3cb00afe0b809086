import numpy as np
import pytest
from data_set_trees import touch
from PIL import Image

from geofer.datamodules.datasets.jaffe import JAFFE
from geofer.errors import DataError

pytestmark = pytest.mark.filterwarnings("ignore:JAFFE has 213 pictures")


@pytest.fixture
def plant(tmp_path):
    def plant(*files):
        touch(tmp_path, *files)
        return list(JAFFE(tmp_path).records())

    return plant


def test_names(plant):
    records = plant("KA.AN1.39.tiff", "YM.SU3.60.TIFF", "UY.NE2.138.tiff", "README_FIRST.txt")
    assert [(record.file, record.expression, record.subject) for record in records] == [
        ("KA.AN1.39.tiff", "anger", "KA"),
        ("UY.NE2.138.tiff", "neutral", "UY"),
        ("YM.SU3.60.TIFF", "surprise", "YM"),
    ]
    assert all(record.yaw != record.yaw for record in records)  # NaN: to be estimated


def test_names_that_are_not_the_sets(plant):
    with pytest.warns(UserWarning, match=r"left out \(2\): 'KA\.AN\.39\.tiff', 'ZZ\.AN1\.39\.tiff'"):
        plant("KA.AN1.39.tiff", "ZZ.AN1.39.tiff", "KA.AN.39.tiff")


def test_an_expression_that_the_set_does_not_have(plant):
    with pytest.raises(DataError, match=r"KA\.CO1\.1\.tiff: 'CO' is no label"):
        plant("KA.CO1.1.tiff")


def test_an_empty_folder(plant):
    with pytest.raises(DataError, match=r"JAFFE: no file named like KA\.AN1\.39\.tiff"):
        plant()


@pytest.mark.parametrize("mode", ["P", "L"])
def test_palette_pictures_are_read_like_gray_ones(mode, tmp_path, rendered_pictures):
    gray = Image.fromarray(rendered_pictures[0].pixels).convert("L")
    gray.convert(mode).save(tmp_path / "KA.AN1.39.tiff")
    data = JAFFE(tmp_path)
    (picture,) = data.reader(list(data.records()))
    assert (picture.pixels == picture.pixels[..., :1]).all()
    np.testing.assert_array_equal(picture.pixels[..., 0], gray)
