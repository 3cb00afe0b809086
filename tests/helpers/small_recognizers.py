"""Recognizers of both kinds, tiny and not trained at all."""

import torch

from geofer.app.models.model_file import ModelDescription
from geofer.app.models.reliability import Reliability

EXPRESSIONS = ("anger", "happiness", "neutral")
WIDTHS = (8, 8)


def picture_recognizer(geometry=None, **entries):
    """With ``geometry``, one that has a geometry branch."""
    torch.manual_seed(0)
    architecture = {"backbone": "small_resnet", "hidden": 16, "backbone_arguments": {"widths": list(WIDTHS)}}
    architecture |= {"geometry": geometry} if geometry else {}
    description = ModelDescription("picture", EXPRESSIONS, architecture, "tight", 64, **entries)
    network = description.network()
    with torch.no_grad():  # batch statistics of its own, so that an export that forgot them would differ
        for name, buffer in network.named_buffers():
            if "running" in name:
                buffer.uniform_(0.5, 1.5)
    if geometry:
        network.standardize_by(torch.rand(50, 68, 2) if geometry == "landmarks" else torch.rand(50, 52))
    return network.eval(), description


def geometry_recognizer(inputs):
    torch.manual_seed(0)
    description = ModelDescription("geometry", EXPRESSIONS, {"inputs": inputs, "hidden": 8})
    return description.network().eval(), description


def reliability():
    return Reliability((-45.0, 0.0, 45.0), (-15.0, 15.0), ((0.25, None),), ((8, 0),))
