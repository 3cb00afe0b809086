"""``geofer recognize PATH…``: the expressions of the faces in pictures, in videos, and before a camera."""

from collections.abc import Sequence
from pathlib import Path

from geofer.cli.command_parser import CommandParser
from geofer.cli.engine_options import add_engine_options
from geofer.errors import ConfigError


def recognize(arguments: Sequence[str]) -> None:
    """Recognize the faces of all that is named; see `geofer.cli.recognize_files.recognize_files`.

    Raises:
        ConfigError: The command line is wrong.
    """
    options = _parser().parse_args(arguments)
    if bool(options.paths or options.sample) == (options.camera is not None):
        raise ConfigError(
            "Name pictures, videos or folders as PATH, or a --camera, and not both; --sample is a picture to try."
        )
    # torch takes seconds: --help and mistakes do not wait for it
    from geofer.cli.recognize_files import recognize_files

    recognize_files(options)


def _device(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _parser() -> CommandParser:
    parser = CommandParser("recognize", "Recognize the expressions of the faces in pictures and videos.")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="pictures, videos, folders of them, or patterns")
    parser.add_argument("--sample", action="store_true", help="look at the photograph that comes with geofer")
    parser.add_argument(
        "--camera", type=_device, metavar="NUMBER", help="look through this camera, 0 for the first, until Ctrl-C"
    )
    parser.add_argument(
        "--model",
        help="the name of a bundled model (see geofer models), a model file, a checkpoint, a run's folder, or "
        "user/name on the Hugging Face Hub",
    )
    parser.add_argument(
        "--output", type=Path, help="a table: .csv or .jsonl, which the next call continues, or .parquet"
    )
    parser.add_argument(
        "--annotate", type=Path, metavar="FOLDER", help="put copies there, with faces drawn: .png, or .mp4 of videos"
    )
    parser.add_argument(
        "--every",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="look at one frame of a video or camera in so many seconds; by default at every frame",
    )
    parser.add_argument(
        "--smooth",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="smooth the probabilities of each face of a video or camera over about this time; 0 leaves them",
    )
    parser.add_argument(
        "--batch-size", type=int, default=32, metavar="FACES", help="most faces that a network of pixels sees at once"
    )
    parser.add_argument("--detector", default="retinaface", help="landmark detector; see geofer plugins")
    parser.add_argument("--device", default="cpu", help="where the network runs, such as cuda")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16")
    add_engine_options(parser)
    parser.add_argument("--recursive", action="store_true", help="look into folders of folders, too")
    return parser
