"""The commands of Lightning's trainer, and ``prepare``, on LightningCLI."""

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from jsonargparse import ArgumentError, ArgumentParser, Namespace
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, ProgressBar
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.utilities import rank_zero_only

import geofer.cli.path_options  # noqa: F401 - it tells jsonargparse of a type
from geofer.callbacks import RunCheckpoint, default_callbacks
from geofer.callbacks.predictions import PredictionTable
from geofer.callbacks.progress import Progress
from geofer.callbacks.reports import Reports
from geofer.callbacks.summary import Summary
from geofer.callbacks.synthesis import SyntheticFaces
from geofer.checkpoints import AtomicCheckpointIO
from geofer.cli.command_parser import CommandParser
from geofer.cli.engine_options import add_engine_options, chosen_cluster
from geofer.cli.mistakes import check_files, describe_mistake
from geofer.cli.runs import CONFIG, checkpoint_file, folder_for_fit, folder_of_run
from geofer.configurations import restrict_configurations
from geofer.datamodules.base import FaceDataModule
from geofer.errors import ConfigError, GeoferError
from geofer.modules.recognition import RecognitionModule
from geofer.paths import written_whole

HARDWARE_AND_LOGGERS = ("trainer", "logger")  # folders of configurations that do not name a run
RUN_OF_RANK_ZERO = "GEOFER_RUN"  # tells the processes that Lightning starts which folder the first one chose
CSV_LOGGER = {"class_path": "lightning.pytorch.loggers.CSVLogger", "init_args": {"save_dir": ".", "name": "logs"}}


def report_callbacks() -> list[Callback]:
    """What a run shows and leaves behind."""
    return [Progress(), Reports(), SyntheticFaces(), PredictionTable(), Summary()]


class SaveConfig(Callback):
    """Writes the configuration of a ``fit`` into the run's folder, before the first step."""

    def __init__(self, text: str) -> None:
        """``text`` is the whole configuration in YAML."""
        self.text = text

    @rank_zero_only
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write ``config.yaml``."""
        with written_whole(Path(trainer.default_root_dir, CONFIG)) as file:
            file.write(self.text.encode())


class GeoferCLI(LightningCLI):
    """LightningCLI for any of geofer's models on any of its data sets."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """What the model must know of the data comes from the data."""
        for name in ("expressions", "image_size"):
            parser.link_arguments(f"data.{name}", f"model.init_args.{name}", apply_on="instantiate")

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """Lightning's commands, less the arguments that are settled here."""
        settled = {"weights_only", "verbose", "return_predictions"}
        return {command: skipped | settled for command, skipped in LightningCLI.subcommands().items()}

    def validate(self, **kwargs: Any) -> None:  # noqa: ANN401 - what Lightning collected
        """``geofer validate``; `Summary` prints the results."""
        self.trainer.validate(verbose=False, **kwargs)

    def test(self, **kwargs: Any) -> None:  # noqa: ANN401
        """``geofer test``; `Summary` prints the results."""
        self.trainer.test(verbose=False, **kwargs)

    def predict(self, **kwargs: Any) -> None:  # noqa: ANN401
        """``geofer predict``; `PredictionTable` writes the results."""
        self.trainer.predict(return_predictions=False, **kwargs)

    def _parse_ckpt_path(self) -> None:
        """Nothing: a checkpoint's hyperparameters must not replace what the configuration says."""

    def before_instantiate_classes(self) -> None:
        """Choose the run's folder and the checkpoint, and keep the configuration as it was given."""
        config = self.config[self.subcommand]
        chosen = config.pop("ckpt_path")
        run = _run_folder(config, chosen, fit=self.subcommand == "fit")
        config.trainer.default_root_dir = str(run)
        self.as_given = config.clone()
        resumes = chosen is not None or self.subcommand != "fit"
        config.ckpt_path = str(checkpoint_file(run, chosen or "best")) if resumes else None
        for logger in _loggers(config.trainer):
            logger.init_args.save_dir = str(run / logger.init_args.save_dir)

    def instantiate_classes(self) -> None:
        """Build data, model and trainer; if that fails, leave no empty run behind."""
        try:
            with building():
                super().instantiate_classes()
        except Exception:
            with contextlib.suppress(OSError):
                Path(self.as_given.trainer.default_root_dir).rmdir()
            raise

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:  # noqa: ANN401 - Lightning declares it so
        """The trainer, with checkpoints that are written whole, and the configuration beside them.

        A callback of the configuration takes the place of the default one of its class; checkpoints are added to them.
        """
        trainer = self._get(self.config_init, "trainer")
        callbacks = [*default_callbacks(), *report_callbacks()]
        if self.subcommand == "fit" and not trainer.fast_dev_run:
            callbacks.append(SaveConfig(self._configuration()))
        unwanted = [
            kind
            for kind, enabled in (
                (ProgressBar, trainer.enable_progress_bar),
                (Checkpoint, trainer.enable_checkpointing),
            )
            if enabled is False
        ]
        chosen = trainer.callbacks or []
        replaced = {type(callback) for callback in (chosen if isinstance(chosen, list) else [chosen])}
        self.trainer_defaults["callbacks"] = [
            c for c in callbacks if not isinstance(c, tuple(unwanted)) and type(c) not in replaced - {RunCheckpoint}
        ]
        plugins = trainer.plugins or []
        plugins = [*(plugins if isinstance(plugins, list) else [plugins]), AtomicCheckpointIO()]
        return super().instantiate_trainer(plugins=plugins, **kwargs)

    def _configuration(self) -> str:
        """The whole configuration in YAML."""
        text: str = self._parser(self.subcommand).dump(self.as_given, skip_unset=False, skip_validation=True)
        return text


class PrepareCLI(GeoferCLI):
    """Reads the same configuration as ``fit``, and builds the data module alone."""

    def before_instantiate_classes(self) -> None:
        """Nothing to choose: there is no run."""

    def instantiate_classes(self) -> None:
        """Build the data module."""
        parser = ArgumentParser(exit_on_error=False)
        parser.add_subclass_arguments(FaceDataModule, "data")
        with building():
            self.datamodule = parser.instantiate(parser.parse_object({"data": self.config.data})).data

    def configuration(self) -> str:
        """The configuration in YAML, the same in every process."""
        text: str = self.parser.dump(self.config, skip_validation=True)
        return text


def run_trainer(arguments: Sequence[str]) -> None:
    """Run ``fit``, ``validate``, ``test`` or ``predict``.

    Raises:
        ConfigError: The command line or a configuration file is wrong.
    """
    command = arguments[0]

    class OneVerbCLI(GeoferCLI):
        """Without the parsers of the other commands, since each takes its time to build."""

        @staticmethod
        def subcommands() -> dict[str, set[str]]:
            return {command: GeoferCLI.subcommands()[command]}

    _command(OneVerbCLI, arguments, run=True)


def prepare_data(arguments: Sequence[str]) -> None:
    """Make the data that a configuration needs, without training.

    Raises:
        ConfigError: The command line or a configuration file is wrong.
    """
    parser = CommandParser("prepare", "Make the data of a configuration.", add_help=False)
    add_engine_options(parser)
    options, rest = parser.parse_known_args(arguments)
    data = read_command(rest).datamodule
    if (cluster := chosen_cluster(options)) is not None:
        data.use_cluster(cluster)
    data.prepare_data()


def read_command(arguments: Sequence[str]) -> PrepareCLI:
    """The configuration that a command line gives, with its data module.

    Raises:
        ConfigError: The command line or a configuration file is wrong.
    """
    return _command(PrepareCLI, arguments, run=False)


Command = TypeVar("Command", bound=GeoferCLI)


def _command(cli: type[Command], arguments: Sequence[str], *, run: bool) -> Command:
    warnings.filterwarnings("ignore", "LightningCLI's args parameter")  # they are the command line's, less --debug
    warnings.filterwarnings("ignore", "`isinstance.treespec, LeafSpec.` is deprecated")  # Lightning's own affair
    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(_is_no_advertisement)
    strict = {"exit_on_error": False, "allow_abbrev": False}
    check_files(arguments)
    restrict_configurations()
    try:
        return cli(
            RecognitionModule,
            FaceDataModule,
            subclass_mode_model=True,
            subclass_mode_data=True,
            save_config_callback=None,
            seed_everything_default=0,
            trainer_defaults={"logger": CSV_LOGGER},
            parser_kwargs={**strict, **{command: strict for command in cli.subcommands()}},
            args=list(arguments),
            run=run,
            auto_configure_optimizers=False,
            load_from_checkpoint_support=False,  # the modules keep their own hyperparameters, as plain data
        )
    except ArgumentError as error:
        raise ConfigError(describe_mistake(str(error))) from error
    except MisconfigurationException as error:
        raise ConfigError(str(error)) from error


def _is_no_advertisement(record: logging.LogRecord) -> bool:
    """Whether a message of Lightning is about the run; its tips are about services to subscribe to."""
    return "💡 Tip" not in record.getMessage()


@contextlib.contextmanager
def building() -> Iterator[None]:
    """Tells what is wrong with the settings that an object could not be built with.

    jsonargparse packs the error of a class into one of its own, with a print of all settings.

    Raises:
        GeoferError: What the class itself said, if it was ours.
        ConfigError: Else what kept it from being built.
    """
    try:
        yield
    except (GeoferError, OSError, ArgumentError, MisconfigurationException):
        raise
    except Exception as error:
        behind: BaseException | None = error
        while behind is not None and not isinstance(behind, GeoferError):
            behind = behind.__cause__ or behind.__context__
        raise (behind or ConfigError(describe_mistake(str(error)))) from error


def _run_folder(config: Namespace, checkpoint: str | None, *, fit: bool) -> Path:
    """The folder of a new run, or of the one that the checkpoint belongs to."""
    rank = getattr(rank_zero_only, "rank", 0)
    named = Path(folder) if (folder := config.trainer.default_root_dir) else None
    if rank > 0 and named is None and RUN_OF_RANK_ZERO in os.environ:
        return Path(os.environ[RUN_OF_RANK_ZERO])
    name = run_name(config)
    new = fit and not checkpoint and not config.trainer.fast_dev_run and rank == 0
    run = folder_for_fit(named, name) if new else folder_of_run(named, name, checkpoint)
    os.environ[RUN_OF_RANK_ZERO] = str(run)
    return run


def run_name(config: Namespace) -> str:
    """What a run is called: as its configuration files but those of hardware and loggers, such as ``tuned-64-kdef``."""
    files = [Path(str(file)) for file in config.get("config") or ()]
    return "-".join(file.stem for file in files if file.parent.name not in HARDWARE_AND_LOGGERS) or "run"


def _loggers(trainer: Namespace) -> Iterator[Namespace]:
    """Configured loggers, whose ``save_dir`` counts from the run's folder."""
    chosen = trainer.logger if isinstance(trainer.logger, list) else [trainer.logger]
    return (logger for logger in chosen if isinstance(logger, Namespace))
