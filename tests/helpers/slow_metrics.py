"""Slow, obvious versions of the metrics, one face at a time, and answers to try them on."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

EXPRESSIONS = ("anger", "fear", "happiness", "neutral")


@dataclass
class ClassifierOutput:
    probabilities: Tensor
    expression: Tensor
    yaw: Tensor
    pitch: Tensor
    subject: Tensor
    tags: Tensor | None = None

    def rows(self, part):
        return tuple(None if value is None else value[part] for value in vars(self).values())


def random_answers(faces=301, seed=0):
    """ClassifierOutput that are right more often than not, from jittered poses and eleven people of unequal share."""
    generator = torch.Generator().manual_seed(seed)
    expression = torch.randint(4, (faces,), generator=generator)
    logits = torch.randn(faces, 4, generator=generator) * 1.5
    logits[torch.arange(faces), expression] += 1.2
    return ClassifierOutput(
        probabilities=logits.softmax(1),
        expression=expression,
        yaw=torch.randint(-3, 4, (faces,), generator=generator) * 15 + torch.rand(faces, generator=generator) * 10 - 5,
        pitch=torch.randint(-2, 3, (faces,), generator=generator) * 15
        + torch.rand(faces, generator=generator) * 10
        - 5,
        subject=torch.randint(11, (faces,), generator=generator) ** 2 // 3 + 900,
    )


def answers_in_the_wild(faces=900):
    """Poses on no grid, every fifth unknown and some known by half, and two tags."""
    answers = random_answers(faces, seed=3)
    generator = torch.Generator().manual_seed(4)
    answers.yaw = 35 * torch.randn(faces, generator=generator)
    answers.pitch = 20 * torch.randn(faces, generator=generator)
    answers.yaw[::5] = answers.pitch[::5] = answers.pitch[1::50] = torch.nan
    answers.tags = (answers.yaw.abs() > 30).long() + 2 * (answers.yaw.abs() > 45).long()
    return answers


def slow_table(answers):
    """{(yaw, pitch): {expression: [right or wrong of every face]}}."""
    table = {}
    for probability, expression, yaw, pitch, _ in zip(*list(vars(answers).values())[:5], strict=True):
        pose = tuple(
            min(range(-90, 91, 15), key=lambda row, angle=float(angle): abs(row - angle)) for angle in (yaw, pitch)
        )
        row = table.setdefault(pose, {})
        row.setdefault(int(expression), []).append(int(probability.argmax()) == int(expression))
    return table


def slow_calibration_error(probabilities, expression, bins=15):
    error = 0.0
    for b in range(bins):
        inside = [
            (float(row.max()), int(row.argmax()) == int(label))
            for row, label in zip(probabilities.double(), expression, strict=True)
            if b / bins < float(row.max()) <= (b + 1) / bins
        ]
        if inside:
            confidence, right = np.mean(inside, axis=0)
            error += len(inside) / len(expression) * abs(confidence - right)
    return error
