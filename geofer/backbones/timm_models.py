"""Every model of timm by its own name; timm is imported only when one is asked for."""

from typing import Annotated, Any, Literal

from torch import Tensor, nn

from geofer.schema import Between, Fraction, from_files

Side = Annotated[int, Between(1, 2048)]


class TimmBackbone(nn.Module):
    """A timm model without its head.

    Some timm models widen their features after pooling (MobileNetV3: 576 to 1024), which timm's own ``num_features``
    does not count; here it is the width that comes out.
    """

    def __init__(self, model: nn.Module) -> None:
        """Wrap a model that was created with ``num_classes=0``."""
        super().__init__()
        self.model = model
        width: Any = getattr(model, "head_hidden_size", None) or model.num_features
        self.num_features = int(width)

    def forward(self, image: Tensor) -> Tensor:
        """``(B, 3, H, W)`` to ``(B, num_features)``."""
        features: Tensor = self.model(image)
        return features


@from_files(
    img_size=Side | tuple[Side, Side],
    patch_size=Annotated[int, Between(1, 256)],
    window_size=Annotated[int, Between(1, 256)],
    dynamic_img_size=bool,
    output_stride=Literal[8, 16, 32],
    drop_rate=Fraction,
    drop_path_rate=Fraction,
    global_pool=Literal["avg", "max", "avgmax", "catavgmax", "token", "map"],
)
def timm_backbone(name: str, pretrained: bool = False, **kwargs: Any) -> TimmBackbone:  # noqa: ANN401
    """Any timm model, for example ``vit_small_patch16_224`` with ``img_size=64``.

    Args:
        name: Architecture, with or without the tag of its weights (``resnet50.tv_in1k``).
        pretrained: Load the published weights, from the local cache or from Hugging Face.
        **kwargs: Keyword arguments of ``timm.create_model``.
    """
    import timm

    return TimmBackbone(timm.create_model(name, pretrained=pretrained, num_classes=0, **kwargs))


def is_timm_model(name: str) -> bool:
    """Whether timm knows the name."""
    import timm

    return bool(timm.is_model(name))


def timm_names() -> list[str]:
    """Names of all timm architectures."""
    import timm

    return list(timm.list_models())
