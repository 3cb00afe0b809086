"""A checkpoint of the full method, as `geofer fit` writes it: tiny, and not trained at all."""

import torch
from adversarial_game import trainer_in
from narrow_method import EVERYTHING

from geofer.modules import ExpressionClassifier, GeneratorConfig, GeometryGuidedFER

EXPRESSIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")


def write_checkpoint(path, module):
    """Saves a module through Lightning, with the plugin that `geofer fit` uses."""
    trainer = trainer_in(path.parent)
    trainer.strategy.connect(module)
    trainer.save_checkpoint(path)
    return path


def full_method(path, size=64, expressions=EXPRESSIONS, crop="tight"):
    torch.manual_seed(0)
    settings = {**EVERYTHING, "generator": GeneratorConfig(width=4, initial_std=None, contours=True, warp=True)}
    module = GeometryGuidedFER(expressions, size, **settings)
    module.provenance = {"crop": crop}
    return write_checkpoint(path, module)


def classifier_alone(path):
    return write_checkpoint(path, ExpressionClassifier(EXPRESSIONS, 64, classifier=EVERYTHING["classifier"]))
