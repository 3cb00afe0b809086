"""The data module that a study's settings ask for, outside of ``geofer fit``, and what a seed decides of it."""

from inspect import signature

from jsonargparse import ArgumentParser

from geofer.configurations import restrict_configurations
from geofer.datamodules import FaceDataModule, MultiPIE
from geofer.study.settings import Settings, setting

CROSS_DATA_SET = "CrossDataSet"
RENDERED_FACES = "RenderedFaces"

BATCH_SIZE = 36
"""Of every data module unless its settings say otherwise."""

OTHER_PEOPLE = 1000
"""Rendered people who are tested on in place of another data set have the seed plus this: nobody else has them."""


def datamodule_of(data: Settings) -> FaceDataModule:
    """What ``geofer fit`` would make of the part ``data`` of its configuration."""
    restrict_configurations()
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(FaceDataModule, "data")
    made: FaceDataModule = parser.instantiate(parser.parse_object({"data": data})).data
    return made


def is_of(data: Settings, name: str) -> bool:
    """Whether the part ``data`` of a configuration asks for a data module, by the last part of its path."""
    return str(data.get("class_path", "")).rpartition(".")[2] == name


def folds_of(data: Settings) -> int | None:
    """How many folds of a cross validation the part ``data`` of a configuration asks for; None if it tests once."""
    usual = signature(MultiPIE).parameters["folds"].default if is_of(data, MultiPIE.__name__) else None
    given: int | None = data.get("init_args", {}).get("folds", usual)
    return given


def sized_like(data: Settings, other: Settings) -> Settings:
    """The part ``data`` of a configuration with the picture size and the batch size of another, unless it has its own.

    A study's networks are made for a picture size, whichever data set they learn from.

    Args:
        data: A data module's class and arguments.
        other: Those of the budget.
    """
    given, theirs = data.get("init_args", {}), other.get("init_args", {})
    size = {name: theirs[name] for name in ("image_size",) if name in theirs}
    batch = {name: theirs[name] for name in ("batch_size",) if name in theirs}
    if is_of(data, CROSS_DATA_SET):
        size = {} if "image_size" in given["source"].get("init_args", {}) else size
        source = sized_like(given["source"], {"init_args": batch})
        return {**data, "init_args": {**size, **given, "source": source}}
    if is_of(data, "MixedFaces"):
        sources = {name: sized_like(source, {"init_args": size}) for name, source in given["sources"].items()}
        return {**data, "init_args": {**batch, **given, "sources": sources}}
    settled = is_of(data, "PreparedFaces")  # it has no such option
    return {**data, "init_args": {**({} if settled else size), **batch, **given}}


def batched(data: Settings, factor: float) -> Settings:
    """The part ``data`` of a configuration with batches of ``factor`` times as many faces.

    Args:
        data: The data module's class and arguments.
        factor: Of the batch size; where the settings name none, of that of every data module.
    """
    given = data.get("init_args", {})
    if is_of(data, CROSS_DATA_SET):
        return setting("init_args.source", batched(given["source"], factor))(data)
    return setting("init_args.batch_size", round(factor * given.get("batch_size", BATCH_SIZE)))(data)


def seeded(data: Settings, seed: int) -> Settings:
    """The part ``data`` of a configuration with a seed; of two data sets, the one to train on has it.

    Args:
        data: The data module's class and arguments.
        seed: Decides on people or splits, and on the order of the batches.
    """
    if not is_of(data, CROSS_DATA_SET):
        return setting("init_args.seed", seed)(data)
    changed = setting("init_args.source.init_args.seed", seed)(data)
    if is_of(data["init_args"]["target"], RENDERED_FACES):
        return setting("init_args.target.init_args.seed", seed + OTHER_PEOPLE)(changed)
    return changed
