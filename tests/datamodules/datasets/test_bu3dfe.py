import numpy as np
import pytest
from data_set_trees import touch

from geofer.datamodules.datasets.bu3dfe import BU3DFE
from geofer.datamodules.preparation.config import Preparation
from geofer.datamodules.preparation.records import FaceRecord
from geofer.datamodules.splits import Identities
from geofer.errors import ConfigError, DataError

PEOPLE = [f"F{number:04d}" for number in range(1, 57)] + [f"M{number:04d}" for number in range(1, 45)]
MODELS = ["NE00", *(f"{code}0{level}" for code in ("AN", "DI", "FE", "HA", "SA", "SU") for level in range(1, 5))]
INCOMPLETE = pytest.mark.filterwarnings("ignore:BU-3DFE has 100 people", "ignore:BU-3DFE. people under")


def scan(person, model, race="WH"):
    return f"{person}/{person}_{model}{race}_F3D.wrl"


@pytest.fixture
def plant(tmp_path):
    def plant(*files, **options):
        touch(tmp_path, *files)
        return list(BU3DFE(tmp_path, **options).records())

    return plant


@pytest.mark.filterwarnings("error")
def test_the_papers_protocol_on_the_whole_set(plant, tmp_path):
    records = plant(*(scan(person, model) for person in PEOPLE for model in MODELS))
    assert len(records) == len({record.name for record in records}) == 21_000
    assert len({(record.yaw, record.pitch) for record in records}) == 35
    assert {record.expression for record in records} == {
        "anger",
        "disgust",
        "fear",
        "happiness",
        "sadness",
        "surprise",
    }
    subject = np.array([record.subject for record in records], object)
    nothing = np.full(len(subject), "", object)
    splits = BU3DFE(tmp_path).assign_splits(Identities(subject, nothing, nothing))
    assert {side: len(set(subject[splits == side])) for side in ("train", "val", "test")} == {
        "train": 72,
        "val": 8,
        "test": 20,
    }
    assert (splits == "test").sum() == 4_200
    other = BU3DFE(tmp_path, seed=1).assign_splits(Identities(subject, nothing, nothing))
    assert set(subject[other == "test"]) != set(subject[splits == "test"])


@INCOMPLETE
def test_what_a_name_says(plant):
    records = plant(scan("M0044", "DI04", "AM"), yaws=(-30, 15.5), pitches=(0,))
    assert records == [
        FaceRecord(
            "M0044/M0044_DI04AM_F3D.wrl",
            "disgust",
            "M0044",
            yaw=yaw,
            pitch=0,
            tags=("level=4", "sex=M", "race=AM"),
            part=f"yaw={yaw:g},pitch=0",
        )
        for yaw in (-30, 15.5)
    ]


@INCOMPLETE
def test_levels_and_the_neutral_face(plant, tmp_path):
    plant(*(scan("F0001", model) for model in MODELS), "F0001/F0001_AN04WH_RAW.wrl")

    def found(**options):
        return [record.file[6:16] for record in BU3DFE(tmp_path, yaws=(0,), pitches=(0,), **options).records()]

    assert found() == [f"F0001_{code}04" for code in ("AN", "DI", "FE", "HA", "SA", "SU")]
    assert found(expressions=("sadness",), levels=(1, 3)) == ["F0001_SA01", "F0001_SA03"]
    assert found(expressions=("neutral", "fear"), levels=(2,)) == ["F0001_FE02", "F0001_NE00"]


def test_a_part_of_the_set_is_noticed(plant):
    with (
        pytest.warns(UserWarning, match="BU-3DFE has 100 people; under .* there are 2"),
        pytest.warns(UserWarning, match=r"without their 25 scans \(2\): 'F0001 has 2', 'M0003 has 1'"),
    ):
        plant(scan("F0001", "AN04"), scan("F0001", "AN03"), scan("M0003", "SU04"))


@INCOMPLETE
@pytest.mark.parametrize("slip", ["NE01WH", "AN00WH", "AN05WH", "AN04XX", "an04WH"])
def test_names_with_a_slip_are_reported(plant, slip):
    with pytest.warns(UserWarning, match=rf"left out \(1\): 'F0001/F0001_{slip}_F3D\.wrl'"):
        assert len(plant(f"F0001/F0001_{slip}_F3D.wrl", scan("F0001", "AN04"))) == 35


@INCOMPLETE
def test_folders_that_cannot_be_used(plant):
    with pytest.raises(DataError, match=r"no file named like F0001_AN04WH_F3D\.wrl under .* none at all"):
        plant()
    with pytest.raises(DataError, match=r"F0001_XX04WH.*'XX' is no label.*AN \(anger\)"):
        plant(scan("F0001", "XX04"))


@INCOMPLETE
def test_one_scan_with_two_race_codes(plant):
    with pytest.raises(DataError, match=r"F0001_AN04 is there under .* with several race codes"):
        plant(scan("F0001", "AN04", "WH"), scan("F0001", "AN04", "LA"))


@INCOMPLETE
def test_levels_that_are_not_there(plant):
    with pytest.raises(DataError, match=r"of 1 scans under .* none shows fear, anger at level 1, 2"):
        plant(scan("F0001", "AN04"), expressions=("fear", "anger"), levels=(1, 2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": (0,)}, r"levels are \(0,\); choose from 1"),
        ({"levels": ()}, r"levels are \(\)"),
        ({"yaws": (0, 91)}, "within ±90 and ±60"),
        ({"pitches": ()}, "within ±90 and ±60"),
        ({"preparation": Preparation(detector="none")}, "choose a detector"),
        ({"expressions": ("contempt",)}, "no expression 'contempt'"),
    ],
)
def test_settings_that_cannot_work(tmp_path, options, message):
    with pytest.raises(ConfigError, match=message):
        BU3DFE(tmp_path, **options)
