"""The data module that a study's settings ask for, outside of ``geofer fit``."""

from jsonargparse import ArgumentParser

from geofer.datamodules import FaceDataModule
from geofer.study.design import Settings


def datamodule_of(data: Settings) -> FaceDataModule:
    """What ``geofer fit`` would make of the part ``data`` of its configuration."""
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(FaceDataModule, "data")
    made: FaceDataModule = parser.instantiate(parser.parse_object({"data": data})).data
    return made
