import pytest
from data_set_trees import touch

from geofer.datamodules.datasets.kdef import KDEF
from geofer.datamodules.preparation.records import FaceRecord
from geofer.errors import DataError

pytestmark = pytest.mark.filterwarnings("ignore:KDEF has 4,900 pictures")


@pytest.fixture
def plant(tmp_path):
    def plant(*files):
        touch(tmp_path, *files)
        return list(KDEF(tmp_path).records())

    return plant


def test_names_are_read_by_position(plant):
    # AF is a series and a sex at the front, an expression in the middle.
    assert plant("AF01/AF01AFFL.JPG", "AF01/AF01ANS.JPG", "deep/er/BM35SUHR.jpg", "BF01NEFR.JPG") == [
        FaceRecord("AF01/AF01AFFL.JPG", "fear", "F01", yaw=-90, pitch=0),
        FaceRecord("AF01/AF01ANS.JPG", "anger", "F01", yaw=0, pitch=0),
        FaceRecord("BF01NEFR.JPG", "neutral", "F01", yaw=90, pitch=0),
        FaceRecord("deep/er/BM35SUHR.jpg", "surprise", "M35", yaw=45, pitch=0),
    ]


def test_both_series_of_a_person_are_one_subject(plant):
    assert {record.subject for record in plant("AF01HAS.JPG", "BF01HAS.JPG", "AM01HAS.JPG")} == {"F01", "M01"}


def test_every_expression_and_view(plant):
    codes = ("AF", "AN", "DI", "HA", "NE", "SA", "SU")
    records = plant(*(f"AF02{code}{view}.JPG" for code in codes for view in ("FL", "HL", "S", "HR", "FR")))
    assert sorted({record.expression for record in records}) == sorted(KDEF.VOCABULARY)
    assert sorted({record.yaw for record in records}) == [-90, -45, 0, 45, 90]
    assert len(records) == 35


def test_a_name_with_a_slip_is_reported(plant):
    with pytest.warns(UserWarning, match=r"left out \(1\): 'AM31H\.JPG'"):
        assert len(plant("AM31H.JPG", "AM31HAS.JPG")) == 1


def test_an_expression_that_the_set_does_not_have(plant):
    with pytest.raises(DataError, match=r"AF01XXS\.JPG: 'XX' is no label.*AF \(fear\)"):
        plant("AF01XXS.JPG", "AF01ANS.JPG")


def test_an_empty_and_a_wrong_folder(plant, tmp_path):
    with pytest.raises(DataError, match=r"KDEF: no file named like AF01ANFL\.JPG .* none at all"):
        plant()
    with pytest.raises(DataError, match=r"1 others, such as 'KA\.AN1\.39\.tiff'"):
        plant("KA.AN1.39.tiff")


@pytest.mark.filterwarnings("default:KDEF has 4,900 pictures")
def test_a_part_of_the_set_is_noticed(plant):
    with pytest.warns(UserWarning, match="KDEF has 4,900 pictures; under .* there are 1"):
        plant("AF01ANS.JPG")
