"""People who differ more from one another than their expressions do, seen from several views."""

import numpy as np

FEATURES, CLASSES = 12, 3
EXPRESSIONS = np.linalg.qr(np.random.default_rng(99).normal(size=(FEATURES, CLASSES)))[0].T
"""What each class adds to a face, orthonormal."""


def toy_people(people=20, identity=0.25, noise=0.15, seed=0):
    """Faces ``(people · 3, 12)``, classes and people: what makes the person, and twice what the class adds."""
    draw = np.random.default_rng(seed)
    directions = draw.normal(size=(FEATURES - CLASSES, FEATURES))
    person = identity * draw.normal(size=(people, len(directions))) @ directions
    who, what = np.repeat(np.arange(people), CLASSES), np.tile(np.arange(CLASSES), people)
    return person[who] + 2 * EXPRESSIONS[what] + noise * draw.normal(size=(len(who), FEATURES)), what, who


def two_views(**options):
    """`toy_people` seen straight, and so turned that each class looks as another one did in the first view.

    Returns:
        Faces, classes, views, moments and people.
    """
    faces, what, who = toy_people(**options)
    turn = np.eye(FEATURES) + EXPRESSIONS.T @ (np.roll(EXPRESSIONS, 1, axis=0) - EXPRESSIONS)
    X = np.concatenate((faces, faces @ turn + 5))
    return X, np.tile(what, 2), np.repeat((0, 1), len(faces)), np.tile(who * 100 + what, 2), np.tile(who, 2)
