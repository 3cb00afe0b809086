"""What the server of the page answers at all: a few of Gradio's many routes, small requests, files of its own folder.

The body of a request is taken in as a whole before Gradio sees any of it, and its bytes are counted as they arrive,
whatever the headers say. So Gradio never has a part of an upload, and one that is broken off leaves nothing behind.

Gradio brings routes that fetch other addresses, edit code, save recordings and tell statistics. The page needs none of
them, so they are answered as if they were not there. The policy that goes with every answer forbids the browser to
load anything from elsewhere.
"""

import asyncio
import json
import time
from collections.abc import Collection
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

READ = ("/", "/config", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt")
READ_UNDER = ("/assets/", "/static/")
READ_API = ("info", "app_id", "theme.css", "queue/data", "upload_progress", "startup-events")
CALL_API = ("queue/join", "run/predict")
"""Calls to functions of the page; only what loads an example goes without the queue."""

WRITE_API = ("upload", "cancel", "reset", *CALL_API)
API, FILE, HEARTBEAT = "/gradio_api/", "/gradio_api/file=", "/gradio_api/heartbeat/"

LARGEST_CALL = 64 * 1024
"""Bytes of a call to a function of the page; pictures are uploaded before, and named in it."""

FORM_OVERHEAD = 4 * 1024
"""Bytes of an upload around the file itself."""

RATE = 4 << 20
"""Bytes a second that are taken of one request, so that a flood leaves the server time for others."""

SILENCE, LONGEST = 15, 120
"""Seconds without a byte, and of a whole body, after which the server gives up."""

HANDED_OUT = 1 << 20
"""Bytes that Gradio gets at a time."""

DRAINED = 2
"""How often the largest size is read of a body that is too large, so that its sender reads the answer."""

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

HEADERS = {
    "content-security-policy": "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; frame-ancestors 'self'; "
    "form-action 'self'; object-src 'none'; base-uri 'self'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Refusal(Exception):  # noqa: N818
    """A request that is not for this page."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        """``reason`` is told to who asked."""
        super().__init__(reason)
        self.status = status


class Guard:
    """Middleware between the network and Gradio."""

    def __init__(self, app: "ASGIApp", folder: Path, largest_upload: int, hosts: Collection[str] | None) -> None:
        """Stand before an application.

        Args:
            app: What answers the requests that are let through.
            folder: The only one whose files are handed out.
            largest_upload: Bytes of the largest file to take.
            hosts: Names that requests may know this server by, without the port, so that no other site can have its
                own name lead here; None takes any.
        """
        self._app, self._folder, self._largest_upload = app, folder.resolve(), largest_upload
        self._hosts = hosts

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request, or let it through."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # a web socket; the page has none
            return
        try:
            self._check(scope)
            if scope["method"] != "POST":
                await self._app(scope, receive, _with_headers(send))
                return
            with TemporaryFile(dir=self._folder) as body:  # it has no name, and is gone when it is closed
                if not await _take_in(receive, body, self._largest(scope["path"])):
                    return
                if scope["path"].removeprefix(API) in CALL_API:
                    _check_call(body, self._folder)
                await self._app(scope, _handed_out(body, receive), _with_headers(send))
        except Refusal as refusal:
            await _refuse(send, refusal)

    def _check(self, scope: "Scope") -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        if self._hosts is not None and _without_port(host) not in self._hosts:
            raise Refusal(HTTPStatus.MISDIRECTED_REQUEST, "This server has another name.")
        if scope["method"] in ("GET", "HEAD"):
            self._check_reading(scope["path"])
        elif scope["method"] == "POST":
            self._check_writing(scope["path"], headers)
            self._check_length(scope["path"], headers)
        else:
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Only GET, HEAD and POST are answered.")

    def _check_reading(self, path: str) -> None:
        if path.startswith(FILE):
            if not _lies_in(path.removeprefix(FILE), self._folder):
                raise Refusal(HTTPStatus.FORBIDDEN, "Only pictures of this page are handed out.")
        elif not (
            path in READ
            or path.startswith((*READ_UNDER, HEARTBEAT))
            or (path.startswith(API) and path.removeprefix(API) in READ_API)
        ):
            raise Refusal(HTTPStatus.NOT_FOUND, "There is nothing here.")

    def _check_writing(self, path: str, headers: dict[str, str]) -> None:
        if not path.startswith(API) or path.removeprefix(API) not in WRITE_API:
            raise Refusal(HTTPStatus.NOT_FOUND, "There is nothing here.")
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != headers.get("host"):
            raise Refusal(HTTPStatus.FORBIDDEN, "Another site's page cannot use this one.")

    def _check_length(self, path: str, headers: dict[str, str]) -> None:
        """Refuses what says itself that it is too large. What it says is not relied on."""
        length, chunked = headers.get("content-length"), "transfer-encoding" in headers
        if length is not None and chunked:
            raise Refusal(HTTPStatus.BAD_REQUEST, "The request tells its length in two ways.")
        if length is None and chunked:
            return
        if length is None or not length.isdecimal():
            raise Refusal(HTTPStatus.LENGTH_REQUIRED, "The length of the request is missing.")
        if int(length) > DRAINED * self._largest(path):
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {self._largest(path)} bytes are taken.")

    def _largest(self, path: str) -> int:
        """Bytes of the largest body."""
        return self._largest_upload + FORM_OVERHEAD if path == f"{API}upload" else LARGEST_CALL


def _without_port(host: str) -> str:
    name, separator, port = host.rpartition(":")
    return name if separator and port.isdecimal() else host


async def _take_in(receive: "Receive", body: IO[bytes], largest: int) -> bool:
    """Writes the body of a request into a file; False if its sender went away before its end.

    Raises:
        Refusal: It is too large, or too slow.
    """
    size, began = 0, time.monotonic()
    try:
        async with asyncio.timeout(LONGEST):
            while True:
                message = await asyncio.wait_for(receive(), SILENCE)
                if message["type"] != "http.request":
                    return False
                part = message.get("body", b"")
                size += len(part)
                if size <= largest:
                    body.write(part)
                elif size > DRAINED * largest:
                    break
                if not message.get("more_body", False):
                    break
                await asyncio.sleep(size / RATE - (time.monotonic() - began))
    except TimeoutError as error:
        raise Refusal(HTTPStatus.REQUEST_TIMEOUT, "The request was too slow.") from error
    if size > largest:
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {largest} bytes are taken.")
    return True


def _handed_out(body: IO[bytes], receive: "Receive") -> "Receive":
    """What hands out a body from a file, and then what comes after it."""
    body.seek(0)
    more = True

    async def again() -> "Message":
        nonlocal more
        if not more:
            return await receive()
        part = body.read(HANDED_OUT)
        more = len(part) == HANDED_OUT
        return {"type": "http.request", "body": part, "more_body": more}

    return again


def _check_call(body: IO[bytes], folder: Path) -> None:
    """Looks through a call to a function of the page. The files that it names must be uploads.

    Gradio would fetch those that lie elsewhere in the world, and of an application that is mounted, as here, it takes
    those of the server, too. What it gets is what was looked through: of a key that is there twice, the last.

    Raises:
        Refusal: It names another file or an address, or is no call.
    """
    body.seek(0)
    try:
        data = json.loads(body.read())
    except (ValueError, RecursionError) as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, "The call is no JSON.") from error
    if not all(_lies_in(path, folder) for path in _paths(data)):
        raise Refusal(HTTPStatus.FORBIDDEN, "Only pictures that were uploaded are looked at.")
    body.seek(0)
    body.truncate()
    body.write(json.dumps(data).encode())


def _lies_in(path: object, folder: Path) -> bool:
    """Whether a file is one of the folder, once all links are followed."""
    try:
        return isinstance(path, str) and Path(path).is_absolute() and Path(path).resolve().is_relative_to(folder)
    except (OSError, ValueError):  # names that are too long, or hold a zero
        return False


def _paths(data: Any) -> list[object]:  # noqa: ANN401
    """Every ``path`` in the call, however deep."""
    found: list[object] = []
    waiting = [data]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += part.values()
            if "path" in part:
                found.append(part["path"])
        elif isinstance(part, list):
            waiting += part
    return found


async def _refuse(send: "Send", refusal: Refusal) -> None:
    text = str(refusal).encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(text)).encode()),
        (b"connection", b"close"),  # without reading what may still come
    ]
    await send({"type": "http.response.start", "status": int(refusal.status), "headers": headers})
    await send({"type": "http.response.body", "body": text})


def _with_headers(send: "Send") -> "Send":
    async def send_with_headers(message: "Message") -> None:
        if message["type"] == "http.response.start":
            added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message["headers"] = [*message.get("headers", []), *added]
        await send(message)

    return send_with_headers
