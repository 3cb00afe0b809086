import numpy as np
import pytest
from scan_trees import sheet_scan, write_scan

from geofer.errors import DataError
from geofer.rendering.scans.markers import read_markers
from geofer.rendering.scans.vrml import read_vrml


@pytest.fixture
def marked(tmp_path):
    path = write_scan(tmp_path / "F0001_AN04WH_F3D.wrl", sheet_scan())
    return path.with_suffix(".bnd"), read_vrml(path, tmp_path)


def test_markers_are_vertices_counted_from_zero(marked, tmp_path):
    path, scan = marked
    np.testing.assert_array_equal(read_markers(path, tmp_path, scan), sheet_scan().markers)


def test_blank_lines_and_carriage_returns_do_not_matter(marked, tmp_path):
    path, scan = marked
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n\r\n")
    assert len(read_markers(path, tmp_path, scan)) == 83


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda rows: rows[:-1], "82 rows; it must have 83"),
        (lambda rows: [*rows, rows[0]], "84 rows; it must have 83"),
        (lambda rows: [*rows[:4], "4\t\t1 2", *rows[5:]], "row 5 is '4 1 2'; it must be like `index x y z`"),
        (lambda rows: [*rows[:4], "4\t\t1 2 x", *rows[5:]], "row 5 is '4 1 2 x'"),
        (lambda rows: [*rows[:4], "4.5\t\t1 2 3", *rows[5:]], "row 5 is '4.5 1 2 3'"),
        (lambda rows: [*rows[:4], "144\t\t1 2 3", *rows[5:]], "row 5 marks vertex 144 of 144"),
        (lambda rows: [*rows[:4], "-1\t\t1 2 3", *rows[5:]], "row 5 marks vertex -1 of 144"),
        (
            lambda rows: [*rows[:4], "4\t\t1 2 3", *rows[5:]],
            r"row 5 puts vertex 4 at 1, 2, 3, but the scan has it at -15",
        ),
        (lambda rows: [*rows[:4], "4\t\t1 2 nan", *rows[5:]], "row 5 puts vertex 4 at 1, 2, nan"),
    ],
)
def test_markers_of_another_scan_and_damaged_ones(marked, tmp_path, damage, message):
    path, scan = marked
    path.write_text("\n".join(damage(path.read_text().splitlines())))
    with pytest.raises(DataError, match=rf"F0001_AN04WH_F3D\.bnd.* {message}"):
        read_markers(path, tmp_path, scan)
