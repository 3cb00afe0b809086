import hashlib

import pytest

from geofer.errors import DataError
from geofer.landmarks.face_landmarker import PACKAGED, SHA256, VARIABLE, find_model
from geofer.model_files import sha256_of

CONTENT = bytes(range(256)) * 1000


@pytest.fixture(autouse=True)
def no_variable(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


def written(path):
    path.write_bytes(CONTENT)
    return path, hashlib.sha256(CONTENT).hexdigest()


def test_the_package_carries_the_official_model():
    assert find_model() == PACKAGED
    assert PACKAGED.stat().st_size == 3_758_596
    assert sha256_of(PACKAGED) == SHA256


def test_places_are_asked_in_order(tmp_path, monkeypatch):
    named, digest = written(tmp_path / "by variable.task")
    monkeypatch.setenv(VARIABLE, str(named))
    assert find_model(sha256=digest) == named
    given, _ = written(tmp_path / "given.task")
    assert find_model(given, digest) == given


@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_named_file_that_does_not_exist_is_refused_though_another_is_there(tmp_path, monkeypatch, by):
    path = tmp_path / "nowhere.task"
    if by == "variable":
        monkeypatch.setenv(VARIABLE, str(path))
    with pytest.raises(DataError, match=rf"nowhere\.task.*option `model` or \${VARIABLE}"):
        find_model(path if by == "option" else None)


def test_a_wrong_checksum_is_refused_by_name(tmp_path):
    path, digest = written(tmp_path / "other.task")
    with pytest.raises(DataError, match=rf"other\.task has the SHA-256 {digest}.*option `sha256`"):
        find_model(path)
