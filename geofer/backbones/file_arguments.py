"""Which arguments of a backbone a checkpoint or model file may set: those that shape the network, and no others.

An argument that names a file, an address or weights to fetch must never come from a file that somebody else wrote.
"""

import re
from collections.abc import Mapping
from typing import Any

from geofer.backbones.timm_models import is_timm_model, timm_backbone
from geofer.errors import PluginError
from geofer.plugins import BACKBONES, load_plugin, plugin_names
from geofer.schema import SchemaError, read_entries, shown

TIMM_NAME = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)?")
"""Names of timm's own architectures; others would make timm look on the Hub or in a folder."""


def read_backbone_arguments(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that a file asks a backbone for.

    Args:
        name: Of a backbone plugin that is installed, or of a timm model.
        data: By name.

    Raises:
        SchemaError: There is no such backbone here, or it takes no such argument from files.
    """
    build: object
    if name in plugin_names(BACKBONES):
        try:
            build = load_plugin(BACKBONES, name)
        except PluginError as error:
            raise SchemaError(f"backbone {shown(name)}: {error}") from error
    elif TIMM_NAME.fullmatch(name) and is_timm_model(name):
        build = timm_backbone
    else:
        raise SchemaError(f"backbone is {shown(name)}, which is none that is installed here")
    return read_entries(getattr(build, "from_files", {}), data, "backbone_arguments")
