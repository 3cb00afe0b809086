import numpy as np
import pytest
from data_set_trees import touch, write_text
from protocol_trees import multi_pie, multi_pie_file

from geofer.datamodules import MultiPIE
from geofer.datamodules.datasets.multi_pie import PAPER_CAMERAS, YAWS
from geofer.datamodules.preparation.config import Preparation
from geofer.datamodules.preparation.records import FaceRecord
from geofer.datamodules.splits import Identities
from geofer.errors import ConfigError, DataError


@pytest.fixture
def planted(tmp_path):
    """What Multi-PIE has of two people in the cameras 05_1 and 24_0, with and without flash."""
    recordings = {
        1: ["01_01", "01_02", "02_01", "02_02", "02_03", "03_02"],
        2: ["03_01", "03_02", "03_03", "04_01", "04_02", "04_03"],
    }
    for subject, names in recordings.items():
        for name in names:
            for camera in ("05_1", "24_0", "08_1"):
                touch(tmp_path, *(multi_pie_file(subject, *name.split("_"), camera, light) for light in ("00", "07")))
    return tmp_path


def test_expressions_follow_from_session_and_recording(planted):
    records = list(MultiPIE(planted, recordings="all").records())
    assert [(record.subject, record.expression) for record in records] == [
        *(("001", name) for name in ("neutral", "smile", "neutral", "surprise", "squint", "smile")),
        *(("002", name) for name in ("neutral", "smile", "disgust", "neutral", "neutral", "scream")),
    ]
    assert records[0] == FaceRecord(multi_pie_file(1, "01", "01", "05_1"), "neutral", "001", yaw=0.0, pitch=0.0)


def test_the_first_recording_of_each_expression_and_person(planted):
    files = [record.file for record in MultiPIE(planted).records() if record.expression in {"neutral", "smile"}]
    assert files == [
        multi_pie_file(subject, session, recording, "05_1")
        for subject, session in ((1, "01"), (2, "03"))
        for recording in ("01", "02")
    ]


def test_cameras_and_lights(planted):
    records = list(MultiPIE(planted, cameras=("05_1", "24_0"), illuminations=("00", "07")).records())
    assert len(records) == 2 * 2 * (4 + 4)
    assert {record.yaw for record in records} == {0.0, 90.0}
    files = [record.file for record in records]
    assert len(set(files)) == len(files)


def test_yaws_are_15_degrees_apart_and_the_papers_cameras_in_the_middle():
    assert sorted(YAWS.values()) == list(np.arange(-90.0, 91, 15))
    assert [YAWS[camera] for camera in PAPER_CAMERAS] == [-30, -15, 0, 15, 30]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cameras": ("05_1", "19_1")}, "19_1 hang above"),
        ({"cameras": ("051",)}, "no camera '051'; it has 11_0, 12_0"),
        ({"illuminations": ("20",)}, "no illumination '20'; it has 00, 01"),
        ({"cameras": ()}, "at least one camera"),
        ({"expressions": ("neutral", "happiness")}, "no expression 'happiness'; it has neutral, disgust"),
    ],
)
def test_options_that_there_are_not(settings, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        MultiPIE(tmp_path, **settings)


def test_a_copy_without_pictures_of_the_camera(planted):
    with pytest.raises(DataError, match=r"no file data/session01/multiview/001/01/13_0/001_01_01_130_00\.png"):
        list(MultiPIE(planted, cameras=("13_0",)).records())


def test_a_name_that_does_not_fit_its_folders(planted):
    touch(planted, multi_pie_file(1, "01", "01", "05_1").replace("/001_01", "/002_01"))
    with pytest.raises(DataError, match=r"002_01_01_051_00\.png: the file's name does not fit the folders"):
        list(MultiPIE(planted).records())


def test_a_recording_that_the_session_does_not_have(planted):
    touch(planted, multi_pie_file(1, "01", "03", "05_1"))
    with pytest.raises(DataError, match=r"'01_03' is no label.*03_03 \(disgust\)"):
        list(MultiPIE(planted).records())


def test_the_list_of_subjects_tells_what_is_missing(planted):
    write_text(planted / "meta" / "subject_list.txt", "001 1980 Male 1 1 1 0\r\n002 1975 Female 0 0 1 1\r\n")
    list(MultiPIE(planted).records())
    write_text(planted / "meta" / "subject_list.txt", "001 1980 Male 1 1 1 1\n002 1975 Female 0 0 1 1\n")
    with pytest.warns(UserWarning, match=r"no picture .* \(1\): '001 in session 04'"):
        list(MultiPIE(planted).records())
    write_text(planted / "meta" / "subject_list.txt", "id year\n")
    with pytest.raises(DataError, match=r"line 1: 'id year' is not like '001 1980 Male 1 0 0 1'"):
        list(MultiPIE(planted).records())


def test_counts_are_told_beside_the_papers(rendered_pictures, tmp_path, caplog):
    found = multi_pie(tmp_path / "set", rendered_pictures)
    data = MultiPIE(tmp_path / "set", folds=2, preparation=Preparation(folder=tmp_path / "cache", workers=1))
    with caplog.at_level("INFO"):
        data.prepare_data()
    assert f"{found} pictures, {found / 5:.0f} a camera. (The paper: 7,655 of 270 people, 1,531 a camera" in caplog.text
    data.setup()
    assert sorted(set(data.store.table.yaw.tolist())) == [-30, -15, 0, 15, 30]
    assert len(data.store.split) == found


def test_five_folds_by_default_and_nobody_in_two(tmp_path):
    names = np.array([f"{number:03d}" for number in range(1, 24) for _ in range(3)], dtype=object)
    faces = Identities(names, np.full(len(names), ""), np.full(len(names), ""))
    splits = np.stack([MultiPIE(tmp_path, fold=fold)._splits(faces) for fold in range(5)])
    assert np.all((splits == "test").sum(axis=0) == 1)
    for side in splits:
        parts = [set(names[side == name]) for name in ("train", "val", "test")]
        assert sum(map(len, parts)) == 23
        assert [len(part) for part in parts[1:]] in ([2, 4], [2, 5])
