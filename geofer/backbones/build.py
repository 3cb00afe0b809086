"""From a backbone's name to the network: plugins first, then any timm model."""

from typing import Any, Protocol, runtime_checkable

from torch import nn

from geofer.backbones.timm_models import is_timm_model, timm_backbone, timm_names
from geofer.errors import GeoferError, PluginError
from geofer.plugins import BACKBONES, load_plugin, plugin_names, unknown_plugin


@runtime_checkable
class Backbone(Protocol):
    """What a backbone plugin builds: a module that maps ``(B, 3, H, W)`` in [-1, 1] to ``(B, num_features)``."""

    num_features: int

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - nn.Module declares it so
        """``(B, 3, H, W)`` to ``(B, num_features)``."""
        ...


def build_backbone(name: str, pretrained: bool = False, **kwargs: Any) -> nn.Module:  # noqa: ANN401
    """Build a classifier trunk by name.

    Args:
        name: A plugin of the group ``geofer.backbones``, else any model of timm, such as ``convnext_tiny``.
        pretrained: Start from the weights that the backbone's authors published, downloading them where necessary.
        **kwargs: Passed on to the plugin, or to ``timm.create_model``.

    Returns:
        A module with ``num_features`` that maps ``(B, 3, H, W)`` to ``(B, num_features)``.

    Raises:
        PluginError: No such backbone, a plugin that is broken or ambiguous, keyword arguments that it refuses, weights
            that cannot be had, or a product that is no backbone.

    Examples:
        >>> trunk = build_backbone('small_resnet')
        >>> trunk.num_features
        256
    """
    if name in (names := plugin_names(BACKBONES)):
        build = load_plugin(BACKBONES, name)
        if not callable(build):
            raise PluginError(f"The backbone {name!r} is a {type(build).__name__}; a plugin must be callable.")
        arguments = {"pretrained": pretrained, **kwargs}
    elif is_timm_model(name):
        build, arguments = timm_backbone, {"name": name, "pretrained": pretrained, **kwargs}
    else:
        raise unknown_plugin(BACKBONES, name, [*names, *timm_names()])
    try:
        backbone = build(**arguments)
    except GeoferError:
        raise
    except Exception as error:
        raise PluginError(_explain(name, pretrained, kwargs, error)) from error
    if not (isinstance(backbone, nn.Module) and isinstance(backbone, Backbone) and type(backbone.num_features) is int):
        raise PluginError(
            f"The backbone {name!r} built a {type(backbone).__name__}; it must be a torch module with an integer "
            "`num_features` (docs/plugins.md shows one)."
        )
    return backbone


def _explain(name: str, pretrained: bool, kwargs: dict[str, Any], error: Exception) -> str:
    options = "".join(f", {key}={value!r}" for key, value in kwargs.items())
    message = (
        f"The backbone {name!r} could not be built with pretrained={pretrained}{options}: "
        f"{type(error).__name__}: {error}"
    )
    if pretrained:
        message += (
            " If this machine has no internet, fetch the weights into the cache on one that has (torch.hub's for "
            "torchvision models, $TORCH_HOME; Hugging Face's for timm models, $HF_HOME) and copy it, or set "
            "pretrained: false to start from random weights."
        )
    return message
