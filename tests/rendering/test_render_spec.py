import pytest

from geofer.errors import ConfigError
from geofer.rendering import RenderSpec


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ({"poses": "continuous"}, "views"),
        ({"expressions": ("anger", "boredom")}, "boredom"),
        ({"expressions": ()}, "expressions"),
        ({"expressions": ("anger", "anger")}, "twice"),
        ({"levels": (5,)}, "levels"),
        ({"image_size": 47}, "image_size"),
        ({"image_size": 513}, "image_size"),
        ({"views": 36}, "views"),
        ({"poses": "multipie", "views": 6}, "views"),
        ({"poses": "circle"}, "poses"),
        ({"subjects": 0}, "subjects"),
        ({"yaw_limit": 91.0}, "yaw_limit"),
        ({"pitch_limit": 61.0}, "pitch_limit"),
        ({"crop": "wide"}, "crop"),
        ({"variation": float("nan")}, "variation"),
        ({"lips": "pursed"}, "lips"),
    ],
)
def test_what_cannot_be_rendered_is_refused_by_name(setting, named):
    with pytest.raises(ConfigError, match=named):
        RenderSpec(**setting)


def test_limits_are_allowed():
    RenderSpec(poses="continuous", views=100, yaw_limit=90, pitch_limit=60, image_size=512)
    RenderSpec(poses="multipie", views=5, image_size=64)
