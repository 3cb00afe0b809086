import pickle

import numpy as np
import pytest

from geofer.datamodules.datasets.fer2013 import FER2013, VOTED, majority, vote_fractions
from geofer.datamodules.preparation.config import Preparation
from geofer.datamodules.preparation.records import FaceRecord
from geofer.errors import DataError
from geofer.faces import EXPRESSIONS

pytestmark = pytest.mark.filterwarnings("ignore:FER2013 has")

HEADER = "emotion,pixels,Usage"
VOTES = "Usage,Image name," + ",".join(VOTED)


def face(number):
    return (np.arange(48 * 48).reshape(48, 48) * (number + 1) % 256).astype(np.uint8)


def row(emotion, number=0, usage="Training"):
    return f"{emotion},{' '.join(map(str, face(number).ravel()))},{usage}"


@pytest.fixture
def plant(tmp_path):
    def plant(rows, votes=None, encoding="utf-8", newline="\n", header=HEADER):
        for name, lines in (("fer2013.csv", [header, *rows]), ("fer2013new.csv", votes and [VOTES, *votes])):
            if lines:
                tmp_path.joinpath(name).write_text("\n".join(lines) + "\n", encoding, newline=newline)
        return FER2013(tmp_path, labels="fer2013" if votes is None else "ferplus")

    return plant


@pytest.mark.parametrize(("encoding", "newline"), [("utf-8", "\n"), ("utf-8-sig", "\r\n")])
def test_labels_splits_and_pixels(encoding, newline, plant):
    data = plant([row(0), row(4, 1, "PublicTest"), row(6, 2, "PrivateTest")], encoding=encoding, newline=newline)
    records = list(data.records())
    assert records == [
        FaceRecord("fer2013.csv#0", "anger", split="train"),
        FaceRecord("fer2013.csv#1", "sadness", split="val"),
        FaceRecord("fer2013.csv#2", "neutral", split="test"),
    ]
    reader = pickle.loads(pickle.dumps(data.reader))
    for order in ([0, 1, 2], [2, 0]):
        for number, picture in zip(order, reader([records[number] for number in order]), strict=True):
            np.testing.assert_array_equal(picture.pixels, np.repeat(face(number)[..., None], 3, axis=2))


def test_every_label_in_the_order_of_the_set(plant):
    shown = "anger disgust fear happiness sadness surprise neutral"
    assert [record.expression for record in plant([row(label) for label in range(7)]).records()] == shown.split()


def test_columns_are_found_by_name(plant, tmp_path):
    pixels = " ".join(map(str, face(3).ravel()))
    data = plant([f'Training,"{pixels}",5'], header="Usage,pixels,emotion")
    (record,) = data.records()
    assert record.expression == "surprise"
    (picture,) = data.reader([record])
    np.testing.assert_array_equal(picture.pixels[..., 0], face(3))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (row(7), r"'7' is no label.*0 \(anger\)"),
        (row(1, usage="Test"), "'Test' is no usage of FER2013. There are Training, PublicTest, PrivateTest"),
        ("1,2 3", "2 cells for 3 columns"),
    ],
)
def test_rows_that_cannot_be(line, message, plant):
    with pytest.raises(DataError, match=rf"fer2013\.csv, line 3: {message}"):
        list(plant([row(1), line]).records())


@pytest.mark.parametrize("pixels", ["1 2 3", "", "256 " + "0 " * 2303, "-1 " + "0 " * 2303, "x " + "0 " * 2303])
def test_damaged_pixels_spoil_one_face_only(pixels, plant):
    data = plant([row(0), f"1,{pixels},Training", row(2, 2)])
    first, damaged, last = data.reader(list(data.records()))
    assert isinstance(damaged, DataError)
    assert "fer2013.csv#1 is no picture of 48 × 48 gray pixels" in str(damaged)
    np.testing.assert_array_equal(first.pixels[..., 0], face(0))
    np.testing.assert_array_equal(last.pixels[..., 0], face(2))


def test_what_is_missing_is_named(plant, tmp_path):
    with pytest.raises(DataError, match=r"The list of labels .*fer2013\.csv is missing"):
        list(FER2013(tmp_path).records())
    with pytest.raises(DataError, match="names no column 'emotion'"):
        list(plant([], header="label,pixels,Usage").records())
    with pytest.raises(DataError, match=r"fer2013new\.csv is missing"):
        list(FER2013(tmp_path, labels="ferplus").records())


def votes(**counts):
    return {name: counts.get(name, 0) for name in VOTED}


@pytest.mark.parametrize(
    ("counts", "label"),
    [
        (votes(happiness=10), "happiness"),
        (votes(sadness=4, fear=3), "sadness"),
        (votes(sadness=5, fear=5), "no majority"),
        (votes(sadness=4, fear=3, anger=3), "no majority"),
        (votes(neutral=4, sadness=1, anger=3, disgust=2), "no majority"),  # 4 of 9
        (votes(neutral=5, sadness=1, anger=1, disgust=1, fear=2), "neutral"),  # 5 of 7: single votes are struck out
        (votes(neutral=1, sadness=1, anger=1), "no majority"),
        (votes(unknown=6, contempt=4), "unknown"),
        (votes(NF=10), "NF"),
        (votes(), "no majority"),
    ],
)
def test_the_majority_of_fer_plus(counts, label):
    assert majority(counts) == label


@pytest.mark.parametrize(
    ("counts", "shares"),
    [
        (votes(happiness=10), {"happiness": 1}),
        (votes(happiness=8, surprise=2), {"happiness": 1}),  # 8 of 10 are three quarters
        (votes(happiness=6, surprise=3, fear=1), {"happiness": 6 / 9, "surprise": 3 / 9}),  # 6 of 9 are not
        (votes(sadness=4, fear=2, anger=2, neutral=2), {"sadness": 0.4, "fear": 0.2, "anger": 0.2, "neutral": 0.2}),
        (votes(anger=6, contempt=4), {"anger": 1}),  # contempt is none of the seven
        (votes(anger=5, unknown=3, disgust=2), {"anger": 1}),  # anger and unknown are three quarters
        (votes(anger=1, fear=1), {}),
    ],
)
def test_votes_to_learn_from(counts, shares):
    assert vote_fractions(counts, EXPRESSIONS) == pytest.approx([shares.get(name, 0) for name in EXPRESSIONS])


def test_whole_pictures_with_their_votes_need_no_detector(plant, tmp_path):
    planted = plant(
        [row(0), row(1, 1), row(2, 2, "PublicTest")],
        [
            line("Training", "fer0000000.png", happiness=6, neutral=4),
            line("Training", "", NF=10),
            line("PublicTest", "fer0000001.png", sadness=10),
        ],
    )
    whole = Preparation(detector="none", crop="none", image_size=48, folder=tmp_path / "cache", workers=1)
    data = FER2013(planted.root, labels="ferplus", preparation=whole)
    data.prepare_data()
    data.setup("fit")
    assert data.crop == "fer2013"
    table = data.store.table
    np.testing.assert_allclose(table.votes[:, [3, 4, 5]], [(0.6, 0.4, 0), (0, 0, 1)])
    assert np.isnan(table.landmarks[np.arange(2)]).all()
    assert np.isnan(table.yaw).all()
    np.testing.assert_array_equal(data.store.pictures.gather(np.array([1]))[0, ..., 0], face(2))


def line(usage, name="", **counts):
    return ",".join([usage, name, *map(str, votes(**counts).values())])


def test_fer_plus_relabels_and_counts_what_it_leaves_out(plant):
    data = plant(
        [row(0), row(1, 1), row(2, 2, "PrivateTest"), row(3, 3, "PublicTest")],
        [
            line("Training", "fer0000000.png", contempt=9),
            line("Training", "", NF=10),
            line("PrivateTest", "fer0000001.png", sadness=5, fear=5),
            line("PublicTest", "fer0000002.png", surprise=7, fear=2),
        ],
    )
    with pytest.warns(UserWarning, match=r"give no expression are left out \(2\): 'NF: 1', 'no majority: 1'"):
        records = list(data.records())
    assert records == [
        FaceRecord("fer2013.csv#0/fer0000000", "contempt", split="train"),
        FaceRecord("fer2013.csv#3/fer0000002", "surprise", split="val"),  # its name counts the named faces alone
    ]
    np.testing.assert_array_equal(data.reader(records)[1].pixels[..., 0], face(3))


def test_tables_that_do_not_belong_together(plant):
    with pytest.raises(
        DataError, match=r"fer2013\.csv, line 3: .*fer2013new\.csv has no face for Training in the same"
    ):
        list(plant([row(0), row(1)], [line("Training", happiness=9)]).records())
    with pytest.raises(DataError, match="no face for Training"):
        list(plant([row(0)], [line("PublicTest", happiness=9)]).records())
    with pytest.raises(DataError, match=r"fer2013new\.csv, line 2: a number of votes"):
        list(plant([row(0)], [line("Training", happiness="many")]).records())


def test_contempt_is_there_for_those_who_ask(tmp_path):
    assert FER2013(tmp_path).expressions == EXPRESSIONS
    assert "contempt" in FER2013(tmp_path, labels="ferplus", expressions=FER2013.VOCABULARY).expressions


def test_a_part_of_the_set_is_noticed(plant):
    with pytest.warns(UserWarning, match="FER2013 has 28,709 faces for Training; under .* there are 1"):
        list(plant([row(0)]).records())
