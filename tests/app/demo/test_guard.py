import asyncio
import json

import pytest

from geofer.app.demo import guard as guard_module
from geofer.app.demo.guard import LARGEST_CALL, LOOPBACK, Guard

ANSWER = {"type": "http.response.start", "status": 200, "headers": []}


async def application(scope, receive, send):
    """ClassifierOutput with the body that it got."""
    body, more = b"", scope["method"] == "POST"
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    await send(dict(ANSWER))
    await send({"type": "http.response.body", "body": body})


def ask(guard, method, path, body=b"", chunk=1000, broken_off=False, **headers):
    """Status, headers and body of the answer to one request."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    headers = {"host": "127.0.0.1:7860", "content-length": str(len(body)), **given}
    parts = [body[start : start + chunk] for start in range(0, len(body), chunk)] or [b""]
    parts += [None] if broken_off else []
    sent = []

    async def receive():
        if not parts or parts[0] is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path}
    scope["headers"] = [(name.encode(), value.encode()) for name, value in headers.items() if value]
    asyncio.run(guard(scope, receive, send))
    return (sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]) if sent else None


@pytest.fixture
def guard(tmp_path):
    return Guard(application, tmp_path, largest_upload=10_000, hosts=LOOPBACK)


@pytest.mark.parametrize("path", ["/", "/config", "/theme.css", "/assets/index.js", "/gradio_api/queue/data"])
def test_what_the_page_needs_passes_with_a_policy(guard, path):
    status, headers, _ = ask(guard, "GET", path)
    assert status == 200
    assert b"default-src 'self'" in headers[b"content-security-policy"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/gradio_api/proxy=http://example.org"),
        ("GET", "/gradio_api/file=http://example.org/x.png"),
        ("GET", "/gradio_api/file=../../etc/passwd"),
        ("GET", "/gradio_api/file=/etc/passwd"),
        ("GET", "/gradio_api/file/etc/passwd"),
        ("GET", "/gradio_api/runs"),
        ("GET", "/monitoring"),
        ("GET", "/gradio_api/custom_component/x/client/component/index.js"),
        ("POST", "/gradio_api/vibe-edit"),
        ("POST", "/gradio_api/process_recording"),
        ("POST", "/gradio_api/run/answer"),
        ("POST", "/gradio_api/call/answer"),
        ("DELETE", "/"),
    ],
)
def test_everything_else_is_refused(guard, method, path):
    assert ask(guard, method, path)[0] in (403, 404, 405)


def test_files_only_of_the_folder(guard, tmp_path):
    (tmp_path / "link").symlink_to("/etc")
    assert ask(guard, "GET", f"/gradio_api/file={tmp_path}/face.png")[0] == 200
    for path in (f"{tmp_path}/../other/face.png", f"{tmp_path}/link/passwd", f"{tmp_path}-other/face.png", "face.png"):
        assert ask(guard, "GET", f"/gradio_api/file={path}")[0] == 403, path


def test_large_requests_are_not_read(guard):
    assert ask(guard, "POST", "/gradio_api/upload", bytes(10_100))[0] == 200  # a form is longer than its file
    status, _, text = ask(guard, "POST", "/gradio_api/upload", bytes(20_000))
    assert (status, b"bytes are taken" in text) == (413, True)
    assert ask(guard, "POST", "/gradio_api/queue/join", bytes(LARGEST_CALL + 1))[0] == 413
    assert ask(guard, "POST", "/gradio_api/upload", b"x", content_length="")[0] == 411


def test_calls_arrive_whole(guard, tmp_path):
    call = {"data": [{"path": f"{tmp_path}/a.png"}] * 100, "fn_index": 0}
    status, _, body = ask(guard, "POST", "/gradio_api/queue/join", json.dumps(call).encode())
    assert (status, json.loads(body)) == (200, call)
    assert ask(guard, "POST", "/gradio_api/queue/join", b"no json")[0] == 400
    assert ask(guard, "POST", "/gradio_api/queue/join", b"[" * 50_000)[0] == 400


@pytest.mark.parametrize(
    "path",
    [
        *("http://127.0.0.1:22/", "https://example.org/a.png", "file:///etc/passwd", "data:,x"),
        *(
            "/etc/passwd",
            "{folder}/../a.png",
            "{folder}/link/passwd",
            "a.png",
            "/" + "a" * 5000,
            "{folder}/\0",
            "",
            None,
            [1],
        ),
    ],
)
def test_calls_name_uploads_only(guard, tmp_path, path):
    (tmp_path / "link").symlink_to("/etc")
    path = path.replace("{folder}", str(tmp_path)) if isinstance(path, str) else path
    call = json.dumps({"data": [[{"deep": {"path": path}}]], "fn_index": 0}).encode()
    assert ask(guard, "POST", "/gradio_api/queue/join", call)[0] == 403
    assert ask(guard, "POST", "/gradio_api/run/predict", call)[0] == 403


def test_other_sites_cannot_use_it(guard):
    foreign = {"origin": "https://example.org"}
    assert ask(guard, "POST", "/gradio_api/upload", b"x", **foreign)[0] == 403
    assert ask(guard, "POST", "/gradio_api/upload", b"x", origin="http://127.0.0.1:7860")[0] == 200
    assert ask(guard, "GET", "/", host="example.org:7860")[0] == 421  # its name may lead here
    assert ask(guard, "GET", "/", host="localhost:7860")[0] == 200
    assert ask(Guard(application, guard._folder, 10, None), "GET", "/", host="example.org")[0] == 200


CHUNKED = {"content_length": "", "transfer_encoding": "chunked"}


@pytest.mark.parametrize(
    ("size", "headers", "status"),
    [
        (100, {"transfer_encoding": "chunked"}, 400),
        (100, {"content_length": "5", "transfer_encoding": "chunked"}, 400),
        (100, {"transfer_encoding": "gzip, chunked"}, 400),
        (100, {"content_length": "-1"}, 411),
        (100, CHUNKED, 200),
        (20_000, CHUNKED, 413),
        (1_000_000, CHUNKED, 413),
        (20_000, {**CHUNKED, "transfer_encoding": "identity"}, 413),
        (20_000, {"content_length": "5"}, 413),
        (14_000, {"content_length": "14000"}, 200),
    ],
)
def test_bytes_are_counted_as_they_arrive(guard, size, headers, status):
    """Whatever the headers say; of a flood no more than a few times the limit is read."""
    answer, told, _ = ask(guard, "POST", "/gradio_api/upload", bytes(size), **headers)
    assert answer == status
    assert (told.get(b"connection") == b"close") == (status != 200)


def test_calls_are_counted_as_well(guard):
    for path in ("queue/join", "run/predict", "cancel", "reset"):
        assert ask(guard, "POST", f"/gradio_api/{path}", bytes(2 * LARGEST_CALL), chunk=9000, **CHUNKED)[0] == 413


def test_what_is_taken_in_arrives_unchanged(guard):
    body = bytes(range(256)) * 50
    assert ask(guard, "POST", "/gradio_api/upload", body, chunk=777)[2] == body
    assert ask(guard, "POST", "/gradio_api/upload", b"")[2] == b""


@pytest.mark.parametrize("arrived", [0, 1, 1000, 5000])
def test_a_request_that_is_broken_off_leaves_nothing(guard, tmp_path, arrived):
    reached = []

    async def never(scope, receive, send):
        reached.append(scope)

    guard._app = never
    headers = {"content_length": "9000"}
    for path in ("upload", "queue/join"):
        body = bytes(max(arrived, 1))
        assert ask(guard, "POST", f"/gradio_api/{path}", body, chunk=500, broken_off=True, **headers) is None
    assert not reached
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("limit", ["SILENCE", "LONGEST"])
def test_a_request_that_does_not_come_is_given_up(guard, monkeypatch, limit):
    monkeypatch.setattr(guard_module, limit, 0.05)
    sent = []

    async def receive():
        await asyncio.sleep(0 if limit == "LONGEST" else 5)
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"content-length", b"9000")]
    scope = {"type": "http", "method": "POST", "path": "/gradio_api/upload", "headers": headers}
    asyncio.run(guard(scope, receive, send))
    assert sent[0]["status"] == 408


def test_of_two_keys_of_a_call_the_page_gets_the_one_that_was_looked_at(guard, tmp_path):
    call = f'{{"data": [{{"path": "/etc/passwd", "path": "{tmp_path}/a.png"}}], "fn_index": 0}}'.encode()
    status, _, body = ask(guard, "POST", "/gradio_api/queue/join", call)
    assert status == 200
    assert b"passwd" not in body
