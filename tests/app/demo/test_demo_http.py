"""A running page, asked over HTTP as a browser would, and as a browser would not."""

import http.client
import io
import json
import signal
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

import numpy as np
import pytest
from demo_server import running_demo
from loaded_script import load_script
from PIL import Image

import geofer
from geofer.app.models.model_source import BUNDLED
from geofer.cli import main

pytest.importorskip("gradio")
httpx = pytest.importorskip("httpx")

picture_bombs = load_script("benchmarks/picture_bombs")
REPOSITORY = Path(geofer.__file__).parents[1]


@pytest.fixture(scope="module")
def address():
    with running_demo("--max-upload", "0.5", GRADIO_ALLOWED_PATHS="/", GRADIO_SHARE="true") as (address, _):
        yield address


def upload(address, content, name="face.png"):
    return httpx.post(f"{address}/gradio_api/upload", files={"files": (name, content)})


def function(address, element, event):
    """The number of the function that an event of a component calls."""
    config = httpx.get(f"{address}/config").json()
    component = next(part["id"] for part in config["components"] if part["props"].get("elem_id") == element)
    return next(fn["id"] for fn in config["dependencies"] if [component, event] in map(list, fn["targets"]))


def call(address, target, data):
    """What the function behind a component's event answers: its data, or its error."""
    call = {"data": data, "fn_index": function(address, *target), "session_hash": "test"}
    joined = httpx.post(f"{address}/gradio_api/queue/join", json=call)
    if joined.status_code != 200:
        return joined
    with httpx.stream("GET", f"{address}/gradio_api/queue/data?session_hash=test", timeout=60) as events:
        for line in events.iter_lines():
            if line.startswith("data:") and (event := json.loads(line[5:]))["msg"] == "process_completed":
                return event
    raise AssertionError("no answer")


def picture_in(path):
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def recognize(address, content, name="face.png"):
    """The notice or the cards for a file, and the marked picture if there is one."""
    path = upload(address, content, name).json()[0]
    drawn, answer = call(address, ("picture", "change"), [picture_in(path)])["output"]["data"]
    return answer, drawn


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()


def test_a_face_is_recognized(address):
    photo = pytest.importorskip("skimage.data").astronaut()
    answer, drawn = recognize(address, png(photo))
    assert 'class="expression">happiness<' in answer
    assert "of tests at this pose" in answer
    marked = httpx.get(drawn["value"]["url"])
    assert Image.open(io.BytesIO(marked.content)).size == (512, 512)


def test_a_large_picture_is_recognized_as_well(address):
    photo = pytest.importorskip("skimage.data").astronaut()
    file = io.BytesIO()
    Image.fromarray(photo).resize((1200, 1200)).save(file, "JPEG")
    answer, drawn = recognize(address, file.getvalue(), "face.jpg")
    assert 'class="expression">happiness<' in answer
    assert Image.open(io.BytesIO(httpx.get(drawn["value"]["url"]).content)).size == (1200, 1200)


def at_once(address, target, data):
    """The answer of a function that is called past the queue."""
    call = {"data": data, "fn_index": function(address, *target), "session_hash": "test"}
    return httpx.post(f"{address}/gradio_api/run/predict", json=call)


def test_examples_are_loaded(address):
    loaded = at_once(address, ("examples", "click"), [3]).json()["data"][0]
    example = httpx.get(loaded["value"]["url"] if "value" in loaded else loaded["url"])
    assert Image.open(io.BytesIO(example.content)).size == (384, 384)


def test_nothing_else_is_done_past_the_queue(address):
    path = upload(address, b"x").json()[0]
    assert at_once(address, ("picture", "change"), [picture_in(path)]).status_code == 404
    assert at_once(address, ("yaw", "input"), [1, "fear", 4, 0, 0]).status_code == 404


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (png(np.full((100, 100, 3), 90, np.uint8)), "wall.png", "No face was found"),
        (b"not a picture", "face.jpg", "no picture in JPEG"),
        (png(np.zeros((64, 64, 3), np.uint8))[:60], "face.png", "The picture"),
        (b"<svg/>", "face.svg", "no picture in JPEG"),
        (png(np.zeros((6000, 6000, 3), np.uint8)), "bomb.png", "6000 × 6000 pixels"),
    ],
    ids=["wall", "text", "truncated", "svg", "bomb"],
)
def test_bad_pictures_have_a_clear_answer(address, content, name, said):
    answer, drawn = recognize(address, content, name)
    assert said in answer
    assert "/tmp" not in answer
    assert drawn["value"] is None


def test_large_uploads_are_refused(address):
    assert upload(address, bytes(600_000)).status_code == 413
    assert upload(address, bytes(400_000)).status_code == 200


def raw(address, path):
    """Status and body for a path that is sent as it is."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=20)
    connection.putrequest("GET", path, skip_accept_encoding=True)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.read()


def ways_to(file, uploaded):
    folder = Path(uploaded).parent
    up = "../" * 12
    for path in (file, f"{folder}/{up}{file}", f"{up}{file}", Path(file).name):
        for prefix in ("/gradio_api/file=", "/file=", "/gradio_api/file/", "/static/", "/assets/", "/"):
            yield prefix + str(path)
            yield prefix + quote(str(path), safe="")


@pytest.mark.parametrize(
    "file",
    ["/etc/passwd", str(REPOSITORY / "pyproject.toml"), str(REPOSITORY / ".git" / "HEAD"), str(BUNDLED), __file__],
    ids=["passwd", "repository", "hidden", "checkpoint", "source"],
)
def test_no_file_of_the_server_can_be_read(address, file):
    content = Path(file).read_bytes()
    uploaded = upload(address, b"mine").json()[0]
    assert raw(address, f"/gradio_api/file={uploaded}") == (200, b"mine")
    for path in ways_to(file, uploaded):
        status, body = raw(address, path)
        assert status >= 400, path
        assert content[:40] not in body, path
    assert call(address, ("picture", "change"), [picture_in(file)]).status_code == 403


def test_nothing_is_fetched_for_a_visitor(address):
    for path in (f"/gradio_api/file={address}/config", f"/gradio_api/proxy={address}/config"):
        assert raw(address, path)[0] in (403, 404)
    assert call(address, ("picture", "change"), [picture_in(f"{address}/config")]).status_code == 403


def test_the_page_may_load_nothing_from_elsewhere(address):
    answer = httpx.get(address)
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def conversation(address, *parts, leave=False):
    """What comes back for bytes that are sent as they are; not all of them, if the other end has enough."""
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), timeout=60) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            if leave:
                connection.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass
        answer = b""
        try:
            while part := connection.recv(4096):
                answer += part
        except ConnectionError:
            pass
    return answer


def upload_head(*headers):
    lines = ["POST /gradio_api/upload HTTP/1.1", "Host: 127.0.0.1", "Content-Type: multipart/form-data; boundary=b"]
    return "\r\n".join([*lines, *headers, "", ""]).encode()


def chunks(size):
    yield from (b"%x\r\n" % 50_000 + bytes(50_000) + b"\r\n" for _ in range(size // 50_000))


def test_a_length_beside_chunks_is_refused(address):
    answer = conversation(address, upload_head("Content-Length: 10", "Transfer-Encoding: chunked"), *chunks(10_000_000))
    assert answer.split(b"\r\n")[0] == b"HTTP/1.1 400 Bad Request"


def test_chunks_are_counted(address):
    answer = conversation(address, upload_head("Transfer-Encoding: chunked"), *chunks(100_000_000))
    assert not answer or answer.split(b" ")[1] == b"413"  # or the connection was closed before it was read


def test_a_chunked_upload_is_an_upload(address):
    form = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\nmine\r\n--b--\r\n'
    body = b"%x\r\n" % len(form) + form + b"\r\n0\r\n\r\n"
    answer = conversation(address, upload_head("Transfer-Encoding: chunked", "Connection: close"), body)
    assert answer.split(b" ")[1] == b"200"
    assert Path(json.loads(answer.rpartition(b"\r\n\r\n")[2])[0]).read_bytes() == b"mine"


def test_uploads_that_are_broken_off_leave_nothing(address):
    folder = Path(upload(address, b"mine").json()[0]).parents[1]
    before = set(folder.rglob("*"))
    start = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n' + bytes(200_000)
    for _ in range(5):
        conversation(address, upload_head("Content-Length: 400000"), start, leave=True)
    assert set(folder.rglob("*")) == before


@pytest.mark.parametrize("name", ["jpeg-short.tif", "frames.gif", "lines.bmp", "exif-headers.jpg", "short.jpg"])
def test_bombs_have_a_clear_answer_at_once(address, name):
    said = {"exif-headers.jpg": "No face", "short.jpg": "rows are missing"}.get(name, "no picture in JPEG, PNG, WEBP")
    bomb = {**picture_bombs.bombs(), "exif-headers.jpg": small_bomb()}[name]
    answer, drawn = recognize(address, bomb[:500_000], "face.jpg")
    assert said in answer
    assert drawn["value"] is None


def small_bomb():
    """Exif headers for four minutes, as large as this page takes."""
    plain = picture_bombs.encoded(picture_bombs.SCENE, "JPEG")
    return plain[:2] + picture_bombs.segment(0xE1, b"Exif\0\0" * 10_000) * 8 + plain[2:]


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_the_folder_goes_with_the_server(ending):
    """Whatever ends it, also while it decodes a picture, at once and without a word."""
    with running_demo("--max-upload", "1") as (address, process):
        uploaded = Path(upload(address, png(np.zeros((4900, 6000), np.uint8))).json()[0])
        assert uploaded.parents[1].stat().st_mode & 0o077 == 0
        call = {"data": [picture_in(str(uploaded))], "session_hash": "test"}
        call["fn_index"] = function(address, "picture", "change")
        assert httpx.post(f"{address}/gradio_api/queue/join", json=call).status_code == 200
        process.send_signal(ending)
        assert process.wait(30) == (130 if ending == signal.SIGINT else 0)
    assert not uploaded.parents[2].exists()
    assert uploaded.parents[2].name.startswith("geofer-demo-")


@pytest.mark.parametrize(("ending", "told"), [(signal.SIGTERM, ""), (signal.SIGINT, "geofer: interrupted\n")])
def test_it_ends_without_a_traceback_also_before_it_serves(ending, told, tmp_path):
    """At a usual end of the process, multiprocessing looks for a folder of its own, which is gone then."""
    code = (
        "import os, signal, sys; from geofer.cli import demo, main\n"
        f"demo.serve = lambda *_: os.kill(os.getpid(), {int(ending)})\n"
        "sys.exit(main(['demo', '--port', '0']))"
    )
    listening = partial(signal.signal, signal.SIGINT, signal.default_int_handler)  # not so if the tests run behind an &
    with tmp_path.joinpath("said").open("w+") as file:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=file, timeout=120, preexec_fn=listening
        )
        file.seek(0)
        said = file.read()
    assert done.returncode == (130 if ending == signal.SIGINT else 0)
    assert said.endswith(told)
    assert "Traceback" not in said


def said(capsys, *arguments):
    """The one line that the command ends with."""
    assert main(["demo", *arguments]) == 2
    return capsys.readouterr().err


def test_a_port_in_use_is_told(address, capsys):
    port = str(urlsplit(address).port)
    told = said(capsys, "--port", port)
    assert f"Port {port} is in use; choose another with --port" in told
    assert told.count("\n") == 1


def test_what_cannot_be_served_is_told(capsys, monkeypatch, tmp_path):
    assert "no name or address of this machine" in said(capsys, "--host", "192.0.2.7", "--port", "0")
    assert "above 0" in said(capsys, "--max-upload", "0")
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert "pip install 'geofer[demo]'" in said(capsys, "--port", "0")
