"""The options that put a command's work onto a cluster."""

from argparse import ArgumentParser, Namespace
from typing import get_args

from geofer.ray_cluster import Engine, RayCluster, cluster_of


def add_engine_options(parser: ArgumentParser) -> None:
    """Adds ``--engine`` and ``--address``."""
    parser.add_argument(
        "--engine",
        choices=get_args(Engine),
        default="processes",
        help="where the work is done: here, or by the machines of a Ray cluster (docs/clusters.md)",
    )
    parser.add_argument(
        "--address", metavar="HOST:PORT", help="the Ray cluster to join; without one, ray works on this machine alone"
    )


def chosen_cluster(options: Namespace) -> RayCluster | None:
    """The cluster that the options name; None if the work stays here.

    Raises:
        ConfigError: An address is given without ``--engine ray``.
    """
    return cluster_of(options.engine, options.address)
