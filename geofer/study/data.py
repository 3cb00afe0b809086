"""The data module that a study's settings ask for, outside of ``geofer fit``, and what a seed decides of it."""

from jsonargparse import ArgumentParser

from geofer.configurations import restrict_configurations
from geofer.datamodules import FaceDataModule
from geofer.study.design import Settings, setting

CROSS_DATA_SET = "CrossDataSet"
RENDERED_FACES = "RenderedFaces"

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
