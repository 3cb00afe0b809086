"""``geofer demo``: a web page that recognizes and synthesizes faces, on this machine."""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import NoReturn

from geofer.app.demo.aside import Aside
from geofer.app.demo.decoding import PictureDecoder
from geofer.app.demo.head_tab import HeadTab
from geofer.app.demo.page import build_page
from geofer.app.demo.recognize_tab import RecognizeTab, look_with
from geofer.app.demo.server import address, check_installed, is_loopback, listening, private_folder, serve
from geofer.app.demo.synthesize_tab import SynthesizeTab
from geofer.app.demo.time_limit import TimeLimit
from geofer.app.recognition.recognizer import load
from geofer.app.synthesis.generation import load_generator
from geofer.cli.parsers import demo_parser
from geofer.errors import ConfigError

MEGABYTE = 1 << 20


def demo(arguments: Sequence[str]) -> None:
    """Serve the page until Ctrl+C.

    Raises:
        ConfigError: The command line is wrong, the port is in use, or the extra ``demo`` is not installed.
        CheckpointError: A model cannot be used.
    """
    options = demo_parser().parse_args(arguments)
    if not options.max_upload > 0 or not options.time_limit > 0:
        raise ConfigError("--max-upload and --time-limit must be above 0.")
    check_installed()
    try:
        with (
            listening(options.host, options.port) as listener,
            private_folder() as folder,
            PictureDecoder(options.time_limit) as decoder,
            ExitStack() as asides,
        ):
            recognizer = load(options.model, detector=options.detector, device=options.device)
            aside = partial(look_with, options.model, options.detector, options.device)
            looking = asides.enter_context(Aside(aside, options.time_limit))
            second = _second_tab(options.generator, options.detector, decoder, options.time_limit, options.head)
            if isinstance(second, SynthesizeTab):
                asides.enter_context(second.aside)
            page = build_page(RecognizeTab(recognizer, decoder, TimeLimit(options.time_limit), looking), second)
            print(f"geofer demo: {address(listener)} (Ctrl+C ends it)", flush=True)
            if not is_loopback(listener):
                print("Everybody who reaches this machine can use it, without a password and unencrypted.", flush=True)
            code = serve(page, listener, folder, int(options.max_upload * MEGABYTE))
    except SystemExit as ended:  # by a signal; at a usual end, multiprocessing would look for what went with the folder
        code = int(ended.code or 0)
    except KeyboardInterrupt:
        code = 130
    _end(code)


def _end(code: int) -> NoReturn:
    """Ends the process without waiting for a computation that goes on in a thread."""
    if code:
        print("geofer: interrupted", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _second_tab(
    generator: str | None, detector: str, decoder: PictureDecoder, seconds: float, head: bool
) -> HeadTab | SynthesizeTab:
    limit = TimeLimit(seconds)  # of its own: who renders keeps nobody waiting who recognizes
    if head:
        return HeadTab(limit)
    return SynthesizeTab(load_generator(generator), detector, decoder, limit, seconds)
