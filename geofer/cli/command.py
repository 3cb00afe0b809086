"""The command line: ``geofer COMMAND …``.

Commands that train and test go to Lightning (`geofer.cli.trainer`); what they need is imported only when one is used.
A problem that the user can solve ends with one message and a nonzero exit code; ``--debug`` shows the traceback too.
"""

import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version

from geofer.cli.assumptions import assumptions_told
from geofer.cli.interrupts import interrupts_kept
from geofer.configurations import with_files
from geofer.errors import ConfigError, GeoferError, escaped, printable


def lightning_command(command: str) -> Callable[[Sequence[str]], None]:
    """A command of Lightning's trainer."""

    def run(arguments: Sequence[str]) -> None:
        from geofer.cli.trainer import run_trainer

        run_trainer([command, *arguments])

    return run


def own_command(module: str, function: str, parser: str | None = None) -> Callable[[Sequence[str]], None]:
    """A command that a function in a module of `geofer.cli` runs; ``parser`` of `geofer.cli.parsers` tells its help."""

    def run(arguments: Sequence[str]) -> None:
        if parser and {"-h", "--help"} & set(arguments):
            getattr(import_module("geofer.cli.parsers"), parser)().print_help()
            return
        getattr(import_module(f"geofer.cli.{module}"), function)(arguments)

    return run


def prepare(arguments: Sequence[str]) -> None:
    """``geofer prepare --config …`` or ``geofer prepare FOLDER``: make the data that training needs."""
    if arguments and any(argument.startswith(("--config", "--data")) for argument in arguments):
        from geofer.cli.trainer import prepare_data

        prepare_data(arguments)
    else:
        from geofer.cli.prepare import prepare_pictures

        prepare_pictures(arguments)


def plugins(arguments: Sequence[str]) -> None:
    """``geofer plugins``: every installed backbone and landmark detector, and whether it works."""
    if {"-h", "--help"} & set(arguments):
        print("usage: geofer plugins")
        return
    from rich.console import Console
    from rich.table import Table

    from geofer.plugins import list_plugins

    if arguments:
        raise ConfigError(f"geofer plugins takes no arguments; it was given {' '.join(arguments)}.")
    table = Table("kind", "name", "distribution", "version", "state", box=None)
    for plugin in list_plugins():
        table.add_row(plugin.kind, plugin.name, plugin.distribution, plugin.version, plugin.state)
    Console().print(table)


def models(arguments: Sequence[str]) -> None:
    """``geofer models``: the bundled recognizers by name, one line each."""
    if {"-h", "--help"} & set(arguments):
        print("usage: geofer models\n\nWherever a command takes a model, it also takes one of these names.")
        return
    from geofer.app.models.bundled import DEFAULT, bundled_description, model_line
    from geofer.weight_files import bundled_models

    if arguments:
        raise ConfigError(f"geofer models takes no arguments; it was given {' '.join(arguments)}.")
    for name in bundled_models():
        default = " (the default)" if name == DEFAULT else ""
        print(f"{name:<12} {model_line(bundled_description(name))}{default}")


COMMANDS: dict[str, tuple[Callable[[Sequence[str]], None], str]] = {
    "recognize": (own_command("recognize", "recognize"), "recognize the expressions of the faces in your pictures"),
    "prepare": (prepare, "make the data that a configuration needs, or find the faces of your own pictures"),
    "fit": (lightning_command("fit"), "train a model"),
    "validate": (lightning_command("validate"), "measure a trained model on the validation subjects"),
    "test": (lightning_command("test"), "measure a trained model on the test subjects, by pose and expression"),
    "predict": (lightning_command("predict"), "recognize the expressions of the test subjects"),
    "cross-validate": (
        own_command("cross_validation", "cross_validate", "cross_validation_parser"),
        "train and test every fold of a cross validation, and pool them",
    ),
    "report": (
        own_command("results", "report", "report_parser"),
        "print the results of finished runs side by side, or write them as a page",
    ),
    "evaluate": (
        own_command("evaluate", "evaluate", "evaluate_parser"),
        "measure a checkpoint on the test subjects of any data",
    ),
    "compare": (
        own_command("compare", "compare", "compare_parser"),
        "compare two tested runs face by face: is one better?",
    ),
    "synthesize": (
        own_command("synthesize", "run_synthesize", "synthesize_parser"),
        "give a face another expression and pose",
    ),
    "demo": (
        own_command("demo", "demo", "demo_parser"),
        "serve a web page that recognizes and synthesizes faces on this machine",
    ),
    "export": (
        own_command("export", "export", "export_parser"),
        "write a trained recognizer as one file: safetensors, ONNX or torch.export",
    ),
    "study": (
        own_command("study", "run_study", "study_parser"),
        "repeat a table or figure of the paper: run what is missing, and report",
    ),
    "configs": (own_command("configs", "list_configurations"), "list the configurations that come with the package"),
    "models": (models, "list the recognizers bundled with geofer"),
    "plugins": (plugins, "list the installed backbones and landmark detectors"),
}

HELP = f"""usage: geofer COMMAND [options]

Geometry-guided pose-invariant facial expression recognition.

commands:
{"".join(f"  {command:<14} {text}{chr(10)}" for command, (_, text) in COMMANDS.items())}
options:
  -h, --help  this text; `geofer COMMAND --help` tells more
  --version   the installed version
  --debug     show the traceback of an error

For example: geofer fit --config quickstart"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Command line arguments without the program's name; None takes those of this process.

    Returns:
        Exit code: 0, 1 for an error, 2 for a command line or configuration that is wrong, 130 for an interrupt,
        141 where nobody reads the output any more, as of ``geofer configs | head -1``.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    _never_fail_to_print()
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    try:
        try:
            _run(arguments)
        finally:
            sys.stdout.flush()
    except (GeoferError, OSError) as error:
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            return 128 + signal.SIGPIPE
        if debug:
            raise
        print(f"geofer: {escaped(explain(error))}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    except KeyboardInterrupt:
        print("geofer: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        if debug:
            raise
        told = escaped(f"{type(error).__name__}: {error}")
        print(f"geofer: {told} (--debug shows where it happened)", file=sys.stderr)
        return 1
    return 0


def _run(arguments: Sequence[str]) -> None:
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(HELP)
        return
    if arguments[0] == "--version":
        print(f"geofer {version('geofer')}")
        return
    command, *rest = arguments
    if command not in COMMANDS:
        close = get_close_matches(command, COMMANDS, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"There are {', '.join(COMMANDS)}."
        raise ConfigError(f"There is no command {command!r}. {hint}")
    with interrupts_kept(), assumptions_told():
        COMMANDS[command][0](with_files(rest))


def _never_fail_to_print() -> None:
    """Lets the output show ``?`` for what its encoding does not have, in the place of an error in mid-command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _nobody_reads() -> bool:
    """Whether the output goes to a pipe that was closed. What is still to be written is then thrown away."""
    try:
        print(flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


def explain(error: GeoferError | OSError) -> str:
    """The one message that a user gets for an error: what, where, and what to do."""
    if not isinstance(error, OSError):
        return str(error)
    where = f" ({printable(error.filename)})" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"The disk is full{where}. Nothing that was finished is lost: free some space and run the command again."
    if isinstance(error, FileNotFoundError):
        return f"There is no such file or folder{where}. Check the path in the configuration or on the command line."
    if isinstance(error, PermissionError):
        return f"Permission denied{where}. Choose a folder that you may write to, or change its permissions."
    return f"{error.strerror or error}{where}."
