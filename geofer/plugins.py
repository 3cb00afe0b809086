"""Plugins: backbones and landmark detectors that any installed package may add through an entry point.

A package offers a plugin in its ``pyproject.toml``::

    [project.entry-points."geofer.backbones"]
    my_net = "my_package:my_net"

Reading the names imports nothing; asking for one imports that one. geofer's own are entry points too, and no other
package can replace them.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points

from geofer.errors import GeoferError, PluginError

BACKBONES = "geofer.backbones"
LANDMARK_DETECTORS = "geofer.landmark_detectors"
KINDS = {BACKBONES: "backbone", LANDMARK_DETECTORS: "landmark detector"}
"""Entry-point group → what a plugin of that group is called."""

BUILT_IN = "geofer"


@dataclass(frozen=True)
class PluginInfo:
    """One line of ``geofer plugins``.

    Attributes:
        kind: ``backbone`` or ``landmark detector``.
        name: The name by which configurations ask for it.
        distribution: The installed package that offers it.
        version: Version of that package.
        state: ``ok``, or why the plugin cannot be used.
    """

    kind: str
    name: str
    distribution: str
    version: str
    state: str


def plugin_names(group: str) -> list[str]:
    """Sorted names that installed packages offer in one entry-point group; imports none of them."""
    return sorted(_offers(group))


def load_plugin(group: str, name: str) -> object:
    """Import one plugin.

    Args:
        group: Entry-point group, a key of `KINDS`.
        name: Name of the plugin.

    Returns:
        What the entry point refers to.

    Raises:
        PluginError: No package offers the name, two packages offer it, or its import fails.
    """
    offers = _offers(group).get(name)
    if offers is None:
        raise unknown_plugin(group, name, plugin_names(group))
    return _load(_choose(group, offers))


def list_plugins() -> list[PluginInfo]:
    """Every installed plugin of every kind, imported to see whether it works; one that fails disturbs no other."""
    return [
        PluginInfo(kind, name, *_origin(offer), _state(group, offer, offers))
        for group, kind in KINDS.items()
        for name, offers in sorted(_offers(group).items())
        for offer in offers
    ]


def unknown_plugin(group: str, name: str, known: Iterable[str]) -> PluginError:
    """The error for a name that nobody offers, with the closest of the known names as a suggestion."""
    close = get_close_matches(name, sorted(set(known)), n=3)
    hint = f" Did you mean {' or '.join(close)}?" if close else " `geofer plugins` lists those that are installed."
    return PluginError(f"There is no {KINDS[group]} called {name!r}.{hint}")


def _offers(group: str) -> dict[str, list[EntryPoint]]:
    """Name → the entry points that offer it, one a distribution."""
    offers = defaultdict(list)
    for entry_point in entry_points(group=group):
        offers[entry_point.name].append(entry_point)
    return dict(offers)


def _origin(entry_point: EntryPoint) -> tuple[str, str]:
    """Name and version of the distribution behind an entry point."""
    distribution = entry_point.dist
    return (distribution.name, distribution.version) if distribution else ("unknown", "unknown")


def _choose(group: str, offers: list[EntryPoint]) -> EntryPoint:
    """The one offer that counts: geofer's own if there is one, else the only one."""
    for offer in offers:
        if _origin(offer)[0] == BUILT_IN:
            return offer
    if len(offers) > 1:
        owners = " and ".join(" ".join(_origin(offer)) for offer in offers)
        raise PluginError(
            f"Two packages offer the {KINDS[group]} {offers[0].name!r}: {owners}. Uninstall one of them, or ask its "
            "authors for another name."
        )
    return offers[0]


def _load(entry_point: EntryPoint) -> object:
    try:
        return entry_point.load()
    except GeoferError:
        raise
    except Exception as error:
        distribution, version = _origin(entry_point)
        raise PluginError(
            f"The {KINDS[entry_point.group]} {entry_point.name!r} of {distribution} {version} cannot be imported from "
            f"{entry_point.value!r}: {type(error).__name__}: {error}. Repair or uninstall {distribution}."
        ) from error


def _state(group: str, offer: EntryPoint, offers: list[EntryPoint]) -> str:
    try:
        chosen = _choose(group, offers)
        if offer is not chosen:
            return f"ignored: {BUILT_IN} has its own {offer.name}"
        _load(offer)
    except GeoferError as error:
        return str(error)
    return "ok"
