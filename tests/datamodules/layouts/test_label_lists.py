import numpy as np
import pytest

from geofer.datamodules.layouts.label_lists import expression_of, landmarks_of, read_rows
from geofer.errors import DataError


@pytest.mark.parametrize("text", ["a,1\nb,2\n", "\ufeffa,1\r\nb,2\r\n", "a , 1\n\nb, 2", "a,1\rb,2\r"])
def test_marks_line_ends_and_blanks_make_no_difference(text, tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode())
    assert [cells for _, cells in read_rows(path)] == [["a", "1"], ["b", "2"]]


def test_rows_know_their_lines(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("a 1\n\nb 2\n")
    assert list(read_rows(path, " ")) == [(1, ["a", "1"]), (3, ["b", "2"])]


def test_a_list_that_is_missing_or_no_text(tmp_path):
    with pytest.raises(DataError, match=r"The list of labels .*list\.csv is missing"):
        next(read_rows(tmp_path / "list.csv"))
    tmp_path.joinpath("list.csv").write_bytes("a,1\n".encode("utf-16"))
    assert next(read_rows(tmp_path / "list.csv")) == (1, ["a", "1"])
    tmp_path.joinpath("list.csv").write_bytes("a,é\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"list\.csv is no text in UTF-8: byte 2 is 0xe9\. Save it as CSV in UTF-8"):
        next(read_rows(tmp_path / "list.csv"))
    with pytest.raises(DataError, match="cannot be read"):
        next(read_rows(tmp_path))


def test_a_code_that_is_not_there_is_named_with_those_that_are():
    assert expression_of({"AN": "anger"}, "AN", "here") == "anger"
    with pytest.raises(
        DataError, match=r"here: 'XX' is no label of this data set\. There are AN \(anger\), DI \(disgust\)"
    ):
        expression_of({"AN": "anger", "DI": "disgust"}, "XX", "here")


def test_landmarks_are_read_x_before_y():
    values = [str(number / 2) for number in range(136)]
    points = landmarks_of(values, "here")
    assert points.dtype == np.float32
    np.testing.assert_array_equal(points[:2], [[0, 0.5], [1, 1.5]])
    np.testing.assert_array_equal(points, np.arange(136).reshape(68, 2) / 2)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["1"] * 134, "there are 134, 134 of them finite"),
        (["1"] * 135 + ["nan"], "there are 136, 135 of them finite"),
        (["1"] * 135 + ["inf"], "135 of them finite"),
        (["1"] * 135 + ["one"], "not numbers"),
        ([], "there are 0"),
    ],
)
def test_landmarks_that_are_too_few_or_no_numbers(values, message):
    with pytest.raises(DataError, match=f"here: .*{message}"):
        landmarks_of(values, "here")
