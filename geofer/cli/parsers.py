"""The command lines of commands, apart from their work, whose imports take seconds: help texts do not wait for it."""

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from geofer.cli.command_parser import CommandParser
from geofer.cli.engine_options import add_engine_options
from geofer.errors import printable
from geofer.faces import EXPRESSIONS, CropRule

if TYPE_CHECKING:
    from geofer.app.models.hub import HubName

FORMATS = (".safetensors", ".onnx", ".pt2")
"""What `geofer export` writes."""

BUDGETS = {"smoke": [0], "cpu": [11, 12, 13], "paper": [0, 1, 2]}
"""Budget → its seeds; the settings lie in ``geofer/study/budgets``. On the people of the seeds 0 to 10 some of the
settings of ``cpu`` were chosen, so that budget leaves them out."""


def evaluate_parser() -> CommandParser:
    """``geofer evaluate``."""
    parser = CommandParser(
        "evaluate",
        "Test a trained model on the test faces of any data module, without its own configuration. Other options, such "
        "as --data.root, are those of `geofer test`.",
    )
    parser.add_argument(
        "checkpoint",
        metavar="MODEL",
        help="a checkpoint, a run's folder for its best one, a model file, the name of a bundled model (see geofer "
        "models), user/name on the Hugging Face Hub, or a classifier of pictures as an .onnx file",
    )
    parser.add_argument("--config", type=Path, required=True, help="a configuration whose data are tested on")
    parser.add_argument("--output", type=Path, required=True, help="a new folder for tables and pictures")
    onnx = parser.add_argument_group("for .onnx files")
    onnx.add_argument("--classes", metavar="NAMES", help="what it tells apart, in its order, such as angry,happy,calm")
    onnx.add_argument("--size", type=int, help="side of its pictures in pixels, if the file does not say it")
    onnx.add_argument("--mean", type=float, nargs="+", default=[0.5], help="subtracted from pixels in [0, 1]; one or 3")
    onnx.add_argument("--std", type=float, nargs="+", default=[0.5], help="what they are divided by then; one or 3")
    return parser


def compare_parser() -> CommandParser:
    """``geofer compare``."""
    parser = CommandParser(
        "compare",
        "Compare two runs that `geofer test` has finished on the same faces, person by person: accuracy by "
        "expression and pose, the 95 % interval of the difference, and a permutation test. With --config, any two "
        "models are tested first; other options are then those of `geofer test`.",
    )
    parser.add_argument(
        "first",
        type=Path,
        metavar="A",
        help="the folder of a tested run; with --config, whatever geofer evaluate takes",
    )
    parser.add_argument("second", type=Path, metavar="B", help="the one to compare it with")
    parser.add_argument("--config", type=Path, help="a configuration, on whose data both are tested now")
    return parser


def report_parser() -> CommandParser:
    """``geofer report``."""
    parser = CommandParser("report", "Print the results of runs that `geofer test` has finished, side by side.")
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="the folder of a run")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="PAGE.html",
        help="also write tables, curves and pictures as a page for a browser",
    )
    return parser


def synthesize_parser() -> CommandParser:
    """``geofer synthesize``."""
    parser = CommandParser(
        "synthesize",
        "Give a face another expression and pose, with the bundled generator or one that `geofer fit` trained. The "
        "target is another picture's face, a file of landmarks, or the face's own shape with the expression, "
        "blendshapes and pose that you name.",
    )
    parser.add_argument(
        "face",
        type=Path,
        nargs="?",
        metavar="FACE",
        help="a picture, whose largest face is taken; for --export-dataset see there",
    )
    parser.add_argument(
        "--checkpoint",
        help="a checkpoint of the full method, its run's folder, or a generator's file; else the bundled generator, "
        "people, which has learned from rendered people and from photographs",
    )
    parser.add_argument(
        "--crop", choices=get_args(CropRule), help="how its faces were cropped, if the checkpoint does not say so"
    )
    parser.add_argument("--detector", default="retinaface", help="what finds the faces (%(default)s)")
    parser.add_argument("--precomputed", type=Path, help="landmarks found before, instead of a detector")
    target = parser.add_argument_group("target")
    target.add_argument("--like", type=Path, metavar="PICTURE", help="the geometry of this picture's largest face")
    target.add_argument("--landmarks", type=Path, metavar="FILE", help="68 points from a .csv, .npy or .pts file")
    target.add_argument("--expression", choices=EXPRESSIONS, help="neutral, if only other settings are named")
    target.add_argument("--level", type=int, default=4, help="from 1 (slight) to 4 (strong, the default)")
    target.add_argument(
        "--blendshape",
        action="append",
        default=[],
        metavar="NAME=STRENGTH",
        help="one of 52 blendshapes, such as jawOpen=0.6, on top of the expression; may be repeated",
    )
    target.add_argument("--yaw", type=float, help="degrees, > 0 turns the nose to the image's right; as the face's own")
    target.add_argument("--pitch", type=float, help="degrees, > 0 looks up; as the face's own, if not named")
    output = parser.add_argument_group("output; FACE-synthetic.png in this folder, if none is named")
    output.add_argument("--output", type=Path, metavar="PICTURE", help="the synthetic face")
    output.add_argument(
        "--strip", type=Path, metavar="FILE", help="the way to the target: .png, or moving as .gif or .mp4"
    )
    output.add_argument("--grid", type=Path, metavar="FILE.png", help="every expression in seven yaws; needs no target")
    output.add_argument(
        "--export-dataset",
        type=Path,
        metavar="FOLDER",
        help="a labeled set for the data module FaceTable; FACE is then a folder with a folder for each person, or a "
        "table of pictures with the column subject; without FACE, the people that the run was trained on are taken",
    )
    output.add_argument(
        "--config",
        type=Path,
        help="whose training people are taken without FACE, if not those of the run's config.yaml",
    )
    output.add_argument("--per-face", type=int, default=7, help="synthetic faces of each picture of it (%(default)s)")
    output.add_argument("--seed", type=int, default=0, help="of its performances and poses")
    return parser


def _repository(text: str) -> "HubName":
    from geofer.app.models.hub import hub_name

    name = hub_name(text)
    if name is None:
        raise ArgumentTypeError(f"{printable(text)} must be user/name, or user/name@branch")
    return name


def export_parser() -> CommandParser:
    """``geofer export``."""
    parser = CommandParser("export", "Write a trained recognizer in a form for elsewhere.")
    parser.add_argument(
        "checkpoint",
        metavar="MODEL",
        help="a checkpoint of a run, a run's folder, a model file, the name of a bundled model (see geofer models), or "
        "user/name on the Hugging Face Hub",
    )
    parser.add_argument("--output", type=Path, help=f"the file; it ends in {', '.join(FORMATS)}")
    parser.add_argument(
        "--crop", choices=get_args(CropRule), help="how a run's faces were cropped, if its checkpoint does not say so"
    )
    parser.add_argument(
        "--int8",
        type=Path,
        metavar="FOLDER_OF_FACES",
        help="quantize to 8 bits; every other of these cropped faces chooses the scales, the rest measure the loss",
    )
    parser.add_argument("--card", action="store_true", help="write a model card beside the file, ending in .md")
    parser.add_argument(
        "--push",
        type=_repository,
        metavar="USER/NAME",
        help="upload the model and its card to the Hugging Face Hub; USER/NAME@BRANCH names a branch",
    )
    parser.add_argument(
        "--public", action="store_true", help="let a repository that --push makes be for everybody, not for you alone"
    )
    parser.add_argument("--license", metavar="ID", help="the license that the card names, such as apache-2.0")
    return parser


def demo_parser() -> CommandParser:
    """``geofer demo``."""
    parser = CommandParser("demo", "Serve a web page that recognizes the faces of pictures, on this machine.")
    parser.add_argument(
        "--model", help="the name of a bundled model, a model file, or a checkpoint; see geofer recognize"
    )
    parser.add_argument(
        "--generator",
        metavar="RUN_OR_CHECKPOINT",
        help="a checkpoint of the full method, its run's folder, or a generator's file to synthesize with; else the "
        "bundled generator, people",
    )
    parser.add_argument(
        "--head", action="store_true", help="show a rendered head to move, instead of synthesizing pictures' faces"
    )
    parser.add_argument("--detector", default="retinaface", help="landmark detector; see geofer plugins (%(default)s)")
    parser.add_argument("--device", default="cpu", help="where the recognizer runs, such as cuda (%(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="whom to listen to; only this machine (%(default)s)")
    parser.add_argument("--port", type=int, default=7860, help="0 takes any that is free (%(default)s)")
    parser.add_argument("--max-upload", type=float, default=10, metavar="MB", help="largest picture (%(default)s)")
    parser.add_argument(
        "--time-limit", type=float, default=30, metavar="SECONDS", help="longest a request is worked on (%(default)s)"
    )
    return parser


def study_parser() -> ArgumentParser:
    """``geofer study``."""
    parser = ArgumentParser(
        prog="geofer study",
        description="Repeat a table or figure of the paper: run what is missing, then report.",
        epilog="Further arguments are passed to every `geofer fit`, such as --trainer.devices 2.",
        allow_abbrev=False,
    )
    parser.add_argument("name", nargs="?", help="which study, or all of them; without one they are listed")
    parser.add_argument("--list", action="store_true", help="list the studies and their rows")
    parser.add_argument("--budget", choices=list(BUDGETS), default="cpu", help="how large: minutes, hours, or on a GPU")
    parser.add_argument("--config", type=Path, action="append", default=[], help="laid over the budget's settings")
    parser.add_argument("--seeds", type=int, nargs="+", help="other seeds than the budget's")
    parser.add_argument("--rows", nargs="+", help="only these rows")
    parser.add_argument("--jobs", type=int, default=1, help="so many rows at a time, which share the cores")
    add_engine_options(parser)
    parser.add_argument("--cpus", type=int, default=1, help="with --engine ray: cores and threads of a row")
    parser.add_argument("--gpus", type=float, default=0, help="with --engine ray: GPUs of a row, or a share of one")
    parser.add_argument(
        "--output", type=Path, help="folder of the study, studies/<name>-<budget> by default; of all, what these lie in"
    )
    return parser


def cross_validation_parser() -> CommandParser:
    """``geofer cross-validate``."""
    parser = CommandParser(
        "cross-validate",
        "Train and test every fold of a subject-independent cross validation, and pool them into one report. The data "
        "set must have the options `folds` and `fold`; other options, such as --config, are those of `geofer fit`. "
        "Interrupted? Run the same command again.",
    )
    parser.add_argument("--folds", type=int, help="the data set's own number, or 5, if it is not named")
    return parser
