import pytest
from data_set_trees import touch

from geofer.datamodules.datasets.rafd import RaFD
from geofer.datamodules.preparation.records import FaceRecord
from geofer.errors import DataError
from geofer.faces import EXPRESSIONS

pytestmark = pytest.mark.filterwarnings("ignore:RaFD has 8,040 pictures")


@pytest.fixture
def plant(tmp_path):
    def plant(*files, **arguments):
        touch(tmp_path, *files)
        return list(RaFD(tmp_path, **arguments).records())

    return plant


def test_names(plant):
    assert plant(
        "a/Rafd000_01_Caucasian_female_angry_frontal.jpg",
        "a/Rafd045_73_Moroccan_male_contemptuous_left.JPG",
        "b/Rafd180_11_Kid_male_sad_right.jpg",
    ) == [
        FaceRecord("a/Rafd000_01_Caucasian_female_angry_frontal.jpg", "anger", "01", yaw=-90, pitch=0),
        FaceRecord("a/Rafd045_73_Moroccan_male_contemptuous_left.JPG", "contempt", "73", yaw=-45, pitch=0),
        FaceRecord("b/Rafd180_11_Kid_male_sad_right.jpg", "sadness", "11", yaw=90, pitch=0),
    ]


@pytest.mark.parametrize(("side", "yaws"), [(-90, [-90, -45, 0, 45, 90]), (90, [90, 45, 0, -45, -90])])
def test_the_user_says_on_which_side_camera_000_stands(side, yaws, plant):
    files = [f"Rafd{camera}_07_Caucasian_male_happy_frontal.jpg" for camera in ("000", "045", "090", "135", "180")]
    assert [record.yaw for record in plant(*files, yaw_of_camera_000=side)] == yaws


def test_contempt_is_there_for_those_who_ask(tmp_path):
    assert RaFD(tmp_path).expressions == EXPRESSIONS
    assert RaFD(tmp_path, expressions=("contempt", "anger")).expressions == ("contempt", "anger")


def test_names_that_are_not_the_sets(plant):
    with pytest.warns(UserWarning, match=r"left out \(1\): 'Rafd030_01_Caucasian_male_sad_left\.jpg'"):
        plant("Rafd030_01_Caucasian_male_sad_left.jpg", "Rafd090_01_Caucasian_male_sad_left.jpg")


def test_an_expression_that_the_set_does_not_have(plant):
    with pytest.raises(DataError, match=r"Rafd090_02_Kid_male_bored_left\.jpg: 'bored' is no label"):
        plant("Rafd090_02_Kid_male_bored_left.jpg")


def test_an_empty_folder(plant):
    with pytest.raises(DataError, match=r"RaFD: no file named like Rafd090_01_Caucasian_female_angry_frontal\.jpg"):
        plant()
