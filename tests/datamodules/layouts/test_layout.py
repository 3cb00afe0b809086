import re
import warnings

import pytest
from data_set_trees import touch

from geofer.datamodules.layouts.layout import Naming, check_count, list_files, report
from geofer.errors import DataError

NAMING = Naming("Set", re.compile(r"face(\d)\.png"), "face1.png")


def test_lists_pictures_at_any_depth_in_a_fixed_order(tmp_path):
    touch(tmp_path, "b/c/2.PNG", "a.jpg", "b/1.tiff", "notes.txt", "._a.jpg", ".hidden/3.png", "__MACOSX/a.jpg")
    assert list_files(tmp_path) == ["a.jpg", "b/1.tiff", "b/c/2.PNG"]
    assert list_files(tmp_path, (".txt",)) == ["notes.txt"]


def test_a_folder_that_is_not_there(tmp_path):
    touch(tmp_path, "file")
    for wrong in (tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(DataError, match=f"{re.escape(str(wrong))} is no folder"):
            list_files(wrong)


def test_a_link_to_another_folder_is_not_followed(tmp_path):
    touch(tmp_path, "set/face1.png", "elsewhere/face2.png")
    (tmp_path / "set" / "link").symlink_to(tmp_path / "elsewhere")
    assert list_files(tmp_path / "set") == ["face1.png"]


def test_finds_by_name_and_reports_the_others(tmp_path):
    touch(tmp_path, "x/face2.png", "face1.png", "face3.jpg", "x/face44.png", "read me.txt")
    with pytest.warns(
        UserWarning, match=r"not named like face1\.png are left out \(2\): 'face3\.jpg', 'x/face44\.png'"
    ):
        found = NAMING.find(tmp_path)
    assert [(file, match[1]) for file, match in found] == [("face1.png", "1"), ("x/face2.png", "2")]


def test_odd_bytes_and_line_breaks_in_names(tmp_path):
    touch(tmp_path, "face1.png", b"fa\xffce.png".decode(errors="surrogateescape"), "two\nlines.png")
    with pytest.warns(UserWarning, match=r"^.*'fa\\udcffce\.png', 'two\\nlines\.png'$"):
        assert len(NAMING.find(tmp_path)) == 1


@pytest.mark.parametrize(
    ("files", "there"), [((), "there are none at all"), (("a.png", "b.jpg"), r"there are 2 others, such as 'a\.png'")]
)
def test_nothing_named_so_says_what_was_looked_for_and_found(files, there, tmp_path):
    touch(tmp_path, *files)
    with pytest.raises(
        DataError, match=rf"Set: no file named like face1\.png under {re.escape(str(tmp_path))}.*{there}"
    ):
        NAMING.find(tmp_path)


def test_two_copies_are_refused_by_name(tmp_path):
    touch(tmp_path, "a/face1.png", "copy/face1.png")
    with pytest.raises(DataError, match=r"face1\.png is twice.*'a/face1\.png' and 'copy/face1\.png'"):
        NAMING.find(tmp_path)


def test_counts_warn_only_when_they_differ(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_count("Set", "pictures", 3, 3, tmp_path)
        report("nothing", [])
    with pytest.warns(UserWarning, match=r"Set has 4,900 pictures; under .* there are 1,200"):
        check_count("Set", "pictures", 4900, 1200, tmp_path)
    with pytest.warns(UserWarning, match=r"odd \(7\): '0', '1', '2', '3', '4', …$"):
        report("odd", list("0123456"))
