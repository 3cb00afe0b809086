import asyncio
import json

import pytest

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


def ask(guard, method, path, body=b"", chunk=1000, **headers):
    """Status, headers and body of the answer to one request."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    headers = {"host": "127.0.0.1:7860", "content-length": str(len(body)), **given}
    parts = [body[start : start + chunk] for start in range(0, len(body), chunk)] or [b""]
    sent = []

    async def receive():
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path}
    scope["headers"] = [(name.encode(), value.encode()) for name, value in headers.items() if value]
    asyncio.run(guard(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


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
