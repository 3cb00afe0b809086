"""Serves the page: on one address, from a folder of its own that is gone afterwards, and nothing else."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from errno import EACCES, EADDRINUSE, EADDRNOTAVAIL
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from geofer.app.demo.guard import LOOPBACK, Guard
from geofer.app.demo.look import STYLE, theme
from geofer.errors import ConfigError, printable

PREFIX = "GRADIO_"
"""Begins the names of Gradio's settings in the environment."""


def check_installed() -> None:
    """Raises ConfigError unless the extra ``demo`` is installed."""
    if find_spec("gradio") is None:
        raise ConfigError("The page needs Gradio, not installed here: pip install 'geofer[demo]'.")


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens, before anything slow is loaded.

    Args:
        host: A name or address of this machine.
        port: 0 takes any that is free.

    Raises:
        ConfigError: The port is in use or not for everybody, or the host is not this machine.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family)
    except (OSError, OverflowError) as error:
        raise ConfigError(_why(error, host, port)) from error
    with closing(listener):
        yield listener


def _why(error: Exception, host: str, port: int) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == EADDRINUSE:
        return f"Port {port} is in use; choose another with --port, or end what uses it."
    if number == EACCES:
        return f"Port {port} is not for everybody; choose one above 1023 with --port."
    if isinstance(error, socket.gaierror) or number == EADDRNOTAVAIL:
        return f"--host {printable(host)} is no name or address of this machine."
    return f"Nothing can listen on {printable(host)}, port {port}: {error}."


def is_loopback(listener: socket.socket) -> bool:
    """Whether only programs on this machine reach it."""
    return ip_address(listener.getsockname()[0]).is_loopback


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for everything that Gradio writes, uploads too, which is removed afterwards.

    Gradio is told so by the environment, whose other settings for it (to share the page, to hand out more files) are
    removed; so it must not have been imported before.
    """
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    with TemporaryDirectory(prefix="geofer-demo-") as folder:
        os.environ |= {
            "GRADIO_TEMP_DIR": folder,
            "GRADIO_EXAMPLES_CACHE": str(Path(folder, "examples")),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }
        yield Path(folder)


def address(listener: socket.socket) -> str:
    """Where a browser on this machine finds the page."""
    host, port = listener.getsockname()[:2]
    name = "localhost" if ip_address(host).is_unspecified else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}"


def serve(page: Any, listener: socket.socket, folder: Path, largest_upload: int) -> None:  # noqa: ANN401
    """Answer until the process is interrupted or ended.

    Args:
        page: Gradio's blocks.
        listener: From `listening`.
        folder: From `private_folder`.
        largest_upload: Bytes of the largest file that is taken.
    """
    import uvicorn
    from fastapi import FastAPI
    from gradio import mount_gradio_app
    from starlette.middleware import Middleware

    host, port = listener.getsockname()[:2]
    hosts = (*LOOPBACK, host) if is_loopback(listener) else None
    guard = Middleware(Guard, folder=folder, largest_upload=largest_upload, hosts=hosts)
    app = mount_gradio_app(
        FastAPI(middleware=[guard], docs_url=None, redoc_url=None, openapi_url=None),
        page,
        path="/",
        server_name=host,
        server_port=port,
        allowed_paths=[],
        blocked_paths=[],
        max_file_size=largest_upload,
        show_error=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        enable_monitoring=False,
        run_history=False,
        footer_links=[],
        theme=theme(),
        css_paths=STYLE,
    )
    signal.signal(signal.SIGTERM, _leave)  # so that the folder is removed
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


def _leave(*_: object) -> NoReturn:
    sys.exit(0)
