"""How the faces of a data set of pictures are found, cropped and kept."""

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from geofer.errors import ConfigError
from geofer.faces import CropRule
from geofer.paths import AnyPath, as_path
from geofer.ranges import check_choice, take_plain_numbers
from geofer.ray_cluster import Engine, RayCluster, cluster_of

VERSION = 2
"""Raised whenever the same pictures would give other faces; it is part of every cache's name."""


OnError = Literal["skip", "raise"]
Cache = Literal["memory_map", "litdata"]

UNSHAPING = frozenset({"folder", "workers", "engine", "address"})
"""Where faces are found and kept: the same faces, wherever that is."""


@dataclass(frozen=True)
class Preparation:
    """From pictures to cropped faces with landmarks; all of it shapes the cache's name but what stands in `UNSHAPING`.

    Attributes:
        detector: Name of a landmark detector; ``none`` for data that carry landmarks, and, with ``crop: none``, for
            pictures that are crops of faces already, whose landmarks and poses stay unknown (NaN).
        detector_options: Arguments of the detector.
        crop: How the face is cropped, see `geofer.landmarks.alignment`.
        on_error: ``skip`` lists pictures that are unreadable or faceless in the report and goes on; ``raise`` stops.
        cache: ``memory_map`` for local disks; ``litdata`` writes shards that several machines read from a shared disk
            or object store.
        folder: Where the caches lie; None takes `geofer.paths.cache_folder`.
        workers: Processes that find faces; None takes one a core.
        engine: ``processes`` of this machine find the faces, or ``ray``: those of a cluster.
        address: Of a Ray cluster that runs, see `geofer.ray_cluster.RayCluster`.
    """

    detector: str = "retinaface"
    detector_options: dict[str, Any] = field(default_factory=dict)
    crop: CropRule = "tight"
    on_error: OnError = "skip"
    cache: Cache = "memory_map"
    folder: AnyPath | None = None
    workers: int | None = None
    engine: Engine = "processes"
    address: str | None = None

    def __post_init__(self) -> None:
        """Checks the choices and numbers.

        Raises:
            ConfigError: One is unknown or out of its range.
        """
        take_plain_numbers(self)
        if self.folder is not None:
            object.__setattr__(self, "folder", as_path(self.folder, "folder"))
        for name, choices in (("crop", CropRule), ("on_error", OnError), ("cache", Cache), ("engine", Engine)):
            check_choice(name, getattr(self, name), get_args(choices))
        cluster_of(self.engine, self.address)
        if self.workers is not None and self.workers < 1:
            raise ConfigError(f"workers is {self.workers}; it is a number of processes, or none for one a core.")

    @property
    def cluster(self) -> RayCluster | None:
        """The machines that find the faces; None for this one's processes."""
        return cluster_of(self.engine, self.address)
