"""Connections that never get to the point are closed; those that wait for an answer are not."""

import asyncio
import socket
import threading
import time

import pytest

uvicorn = pytest.importorskip("uvicorn")

from geofer.app.demo import connections  # noqa: E402


async def slow(scope, receive, send):
    """An application that answers after a while."""
    await asyncio.sleep(0.8)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"late"})


@pytest.fixture
def address(monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(connections, "MOST_EACH", 3)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(slow, http=connections.Connection, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()
    server.should_exit = True
    thread.join()


def received(connection):
    """All that comes until the other end closes."""
    connection.settimeout(20)
    data = b""
    try:
        while part := connection.recv(1000):
            data += part
    except ConnectionError:
        pass
    return data


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"POST / HTTP/1.1\r\n"])
def test_heads_that_do_not_come(address, sent):
    with socket.create_connection(address) as connection:
        connection.sendall(sent)
        assert received(connection) == b""


def test_letter_by_letter(address):
    with socket.create_connection(address) as connection:
        closed = False
        for letter in b"GET / HTTP/1.1\r\nX: " + b"a" * 200:
            try:
                connection.sendall(bytes((letter,)))
            except ConnectionError:
                closed = True
                break
            time.sleep(0.02)
        assert closed


def test_a_request_may_wait_for_its_answer_and_the_second_head_has_an_end(address):
    with socket.create_connection(address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HT")
        assert received(connection).endswith(b"late")


def test_one_address_has_so_many(address):
    opened = [socket.create_connection(address) for _ in range(5)]
    try:
        assert received(opened[-1]) == b""
        for connection in opened[:4]:
            connection.close()
        time.sleep(0.5)
        with socket.create_connection(address) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert received(connection).endswith(b"late")
    finally:
        for connection in opened:
            connection.close()
