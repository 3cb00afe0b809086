"""Faces that are prepared already, wherever they lie."""

import os
from functools import cached_property
from typing import Any

from geofer.datamodules.layouts.picture_faces import IndexedFaces
from geofer.datamodules.preparation.index import FaceIndex
from geofer.paths import AnyPath


class PreparedFaces(IndexedFaces):
    """What ``geofer prepare`` made, without the pictures that it was made from: on this disk or in an object store.

    Args:
        root: The folder that ``geofer prepare`` named, or its address (``s3://bucket/folder``, ``gs://…``); from afar
            only faces prepared with ``cache: litdata`` can be read.
        expressions: Which expressions to use, in the order of their labels; None takes those that the faces show.
        **common: See `IndexedFaces`.
    """

    def __init__(
        self,
        root: AnyPath,
        *,
        expressions: tuple[str, ...] | None = None,
        **common: Any,  # noqa: ANN401 - typed where they are declared
    ) -> None:
        super().__init__(**common)
        self.root = os.fspath(root)
        self._expressions = expressions

    @cached_property
    def index(self) -> FaceIndex:
        """The index, opened once.

        Raises:
            DataError: There is none, or it is damaged.
        """
        return FaceIndex(self.root)

    def prepare_data(self) -> None:
        """Tells which of the faces are not used."""
        self.tell_unused()

    @property
    def location(self) -> str:
        """The folder or address."""
        return self.root

    @property
    def expressions(self) -> tuple[str, ...]:
        """Class names, in the order of the labels."""
        return tuple(self._expressions) if self._expressions is not None else self.index.expressions

    @property
    def image_size(self) -> int:
        """Side of the square crops in pixels."""
        return self.index.info.image_size

    @property
    def crop(self) -> str:
        """The rule that the faces are cropped by."""
        return self.index.info.crop
