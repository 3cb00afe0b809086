"""Serves the page: on one address, from a folder of its own that is gone afterwards, and nothing else."""

import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from errno import EACCES, EADDRINUSE, EADDRNOTAVAIL
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NoReturn

from geofer.app.demo.guard import LOOPBACK, Guard
from geofer.app.demo.look import STYLE, theme
from geofer.app.demo.uploads import Sweeper
from geofer.errors import ConfigError, printable

PREFIX = "GRADIO_"
"""Begins the names of Gradio's settings in the environment."""

ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK") if hasattr(signal, name)]
"""Signals that end the process, apart from Ctrl-C, which Python has a way of its own for."""


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
    removed; so it must not have been imported before. All other temporary files of the process go beside that folder,
    and are removed with it. Every signal that ends the process does so by way of here.
    """
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="geofer-demo-", ignore_cleanup_errors=True) as folder:
        pictures, rest = Path(folder, "pictures"), Path(folder, "rest")
        for path in (pictures, rest):
            path.mkdir(0o700)
        os.environ |= {
            "GRADIO_TEMP_DIR": str(pictures),
            "GRADIO_EXAMPLES_CACHE": str(pictures / "examples"),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }
        before, tempfile.tempdir = tempfile.tempdir, str(rest)
        handlers = {number: signal.signal(number, _leave) for number in ENDINGS}
        try:
            yield pictures
        finally:
            tempfile.tempdir = before
            for number, handler in handlers.items():
                signal.signal(number, signal.SIG_IGN if handler is None else handler)


def address(listener: socket.socket) -> str:
    """Where a browser on this machine finds the page."""
    host, port = listener.getsockname()[:2]
    name = "localhost" if ip_address(host).is_unspecified else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}"


def serve(page: Any, listener: socket.socket, folder: Path, largest_upload: int) -> int:  # noqa: ANN401
    """Answer until the process is interrupted or ended.

    Args:
        page: Gradio's blocks.
        listener: From `listening`.
        folder: From `private_folder`.
        largest_upload: Bytes of the largest file that is taken.

    Returns:
        The exit code of the process: 130 for Ctrl-C, 0 for other signals.
    """
    import uvicorn
    from fastapi import FastAPI
    from gradio import mount_gradio_app
    from starlette.middleware import Middleware

    from geofer.app.demo.connections import Connection

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
    Sweeper(folder).start()
    _allow_connections()
    config = uvicorn.Config(
        app, http=Connection, ws="none", log_level="critical", access_log=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    for number in ENDINGS:
        signal.signal(number, server.handle_exit)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        return 130
    return 0


def _allow_connections() -> None:
    """As many as the system lets this process have; the usual limit of 1024 files is soon reached."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        with suppress(ValueError, OSError):  # macOS tells a number that it does not take
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _leave(*_: object) -> NoReturn:
    sys.exit(0)
