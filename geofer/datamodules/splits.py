"""Who trains, who chooses the checkpoint and who is tested: splits that follow from names and a seed alone."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geofer.errors import ConfigError
from geofer.faces import Split

FRACTIONS: Mapping[Split, float] = {"train": 0.7, "val": 0.1, "test": 0.2}
"""Fractions of the people where neither the data set nor the user says anything."""


@dataclass(frozen=True)
class Identities:
    """What a split may be made of; N faces.

    Attributes:
        subject: ``(N,)`` object array of names; a face whose person is unknown is named after its picture.
        group: ``(N,)`` object array of names of what must stay in one split, such as a movie; ``""`` if nothing must.
        split: ``(N,)`` object array of ``train``, ``val`` and ``test`` as the data set says; ``""`` if it does not.
    """

    subject: NDArray[np.object_]
    group: NDArray[np.object_]
    split: NDArray[np.object_]

    def __len__(self) -> int:
        """Number of faces."""
        return len(self.subject)

    @property
    def units(self) -> NDArray[np.object_]:
        """``(N,)`` what must not be torn apart: the group where there is one, else the person."""
        return np.where(self.group != "", self.group, self.subject)


def _rank(name: object, seed: int) -> float:
    """A number in [0, 1) that depends on the name and the seed alone."""
    digest = hashlib.blake2b(f"{seed} {name}".encode("utf-8", "backslashreplace"), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def _in_drawn_order(names: NDArray[np.object_], seed: int) -> tuple[list[object], NDArray[np.int64]]:
    """The different names in an order drawn by ``seed``, and for each face the place of its name in it."""
    distinct = sorted(dict.fromkeys(names), key=lambda name: (_rank(name, seed), str(name)))
    place = {name: number for number, name in enumerate(distinct)}
    return distinct, np.fromiter((place[name] for name in names), np.int64, len(names))


def split_by_subject(
    names: NDArray[np.object_], fractions: Mapping[Split, float] = FRACTIONS, seed: int = 0
) -> NDArray[np.str_]:
    """Draws whole people for each split.

    Args:
        names: ``(N,)`` the person of each face.
        fractions: Of the people in each split; they add up to 1. A split whose fraction is above 0 gets one person at
            least, where there are enough.
        seed: Of the draw.

    Returns:
        ``(N,)`` of ``train``, ``val`` and ``test``.

    Raises:
        ConfigError: The fractions do not add up to 1.

    Examples:
        >>> import numpy as np
        >>> names = np.array(['ann', 'ann', 'bob', 'eve'], dtype=object)
        >>> fractions = {'train': 0.5, 'val': 0.25, 'test': 0.25}
        >>> split_by_subject(names, fractions).tolist()
        ['train', 'train', 'val', 'test']
    """
    if abs(sum(fractions.values()) - 1) > 1e-6 or min(fractions.values()) < 0:
        raise ConfigError(f"The fractions of the splits add up to 1; these are {dict(fractions)}.")
    people, place = _in_drawn_order(names, seed)
    order: tuple[Split, ...] = ("test", "val", "train")
    wanted = [split for split in order if fractions.get(split, 0) > 0]  # the last gets what is left
    drawn: list[str] = []
    for split in wanted[:-1]:
        left = max(len(people) - len(drawn) - 1, 0)
        drawn += [split] * min(max(round(fractions[split] * len(people)), 1), left)
    drawn += [wanted[-1]] * (len(people) - len(drawn))
    return np.array(drawn)[place]


def fold_of(names: NDArray[np.object_], folds: int, fold: int, seed: int = 0) -> NDArray[np.bool_]:
    """Which faces are tested in one fold of a cross validation by person.

    Args:
        names: ``(N,)`` the person of each face.
        folds: Number of folds; each person is tested in exactly one.
        fold: Which of them, from 0.
        seed: Of the draw.

    Returns:
        ``(N,)`` bool.

    Raises:
        ConfigError: There is no such fold, or there are fewer people than folds.

    Examples:
        >>> import numpy as np
        >>> names = np.array(['ann', 'bob', 'eve'], dtype=object)
        >>> [fold_of(names, folds=3, fold=fold).tolist() for fold in range(3)]
        [[False, False, True], [False, True, False], [True, False, False]]
    """
    people, place = _in_drawn_order(names, seed)
    if not 0 <= fold < folds:
        raise ConfigError(f"fold is {fold}; with {folds} folds choose 0 to {folds - 1}.")
    if len(people) < folds:
        raise ConfigError(f"{len(people)} people do not make {folds} folds; lower the number of folds.")
    tested: NDArray[np.bool_] = place % folds == fold
    return tested


def with_validation(
    split: NDArray[np.object_], units: NDArray[np.object_], val_fraction: float, seed: int
) -> NDArray[np.str_]:
    """Takes validation faces out of training where a protocol names none; whole people or groups.

    Args:
        split: ``(N,)`` of ``train``, ``val`` and ``test``.
        units: ``(N,)`` what must not be torn apart, see `Identities.units`.
        val_fraction: Share of the training people.
        seed: Of the draw.

    Returns:
        ``(N,)``; as it was if there is validation already, or nothing to take it from.
    """
    splits: NDArray[np.str_] = split.astype("U5")
    training = splits == "train"
    if not (splits == "val").any() and training.any() and val_fraction > 0:
        splits[training] = split_by_subject(units[training], {"train": 1 - val_fraction, "val": val_fraction}, seed)
    return splits


def with_fewer_to_train(
    split: NDArray[np.str_], units: NDArray[np.object_], fraction: float, seed: int
) -> NDArray[np.str_]:
    """Leaves a share of the training people (or groups), one at least; the others' faces are in no split.

    Args:
        split: ``(N,)`` of ``train``, ``val`` and ``test``.
        units: ``(N,)`` what must not be torn apart, see `Identities.units`.
        fraction: Share in (0, 1] of the training people that stay; a larger one holds the people of a smaller one.
        seed: Of the draw.

    Returns:
        ``(N,)``, with ``""`` for faces that are not used.

    Examples:
        >>> import numpy as np
        >>> people = np.array(['ann', 'bob', 'eve', 'kim'], dtype=object)
        >>> with_fewer_to_train(np.array(['train', 'train', 'test', 'train']), people, 0.34, seed=0).tolist()
        ['', 'train', 'test', '']
    """
    rows = np.flatnonzero(split == "train")
    if fraction == 1 or not len(rows):
        return split
    people, place = _in_drawn_order(units[rows], seed)
    fewer = split.copy()
    fewer[rows[place >= max(1, round(fraction * len(people)))]] = ""
    return fewer


def default_splits(faces: Identities, val_fraction: float, seed: int) -> NDArray[np.str_]:
    """What a data set without a protocol of its own does.

    Faces that the data set puts into a split stay there. If it does so for none, people (or groups) are drawn: 70 %
    train, 20 % are tested, and the rest chooses the checkpoint. If it does so for some, the others train. Where nobody
    is left to choose the checkpoint, ``val_fraction`` of the training people do.

    Args:
        faces: Whom the faces show.
        val_fraction: Share of the training people that choose the checkpoint, where none are named.
        seed: Of the draw.

    Returns:
        ``(N,)`` of ``train``, ``val`` and ``test``.
    """
    if not (faces.split != "").any():
        return split_by_subject(faces.units, FRACTIONS, seed)
    return with_validation(np.where(faces.split == "", "train", faces.split), faces.units, val_fraction, seed)


def check_folds(folds: int | None, fold: int) -> None:
    """Refuses a fold that there is not.

    Raises:
        ConfigError: There are fewer than two folds, or no such fold.

    Examples:
        >>> check_folds(folds=5, fold=5)
        Traceback (most recent call last):
            ...
        geofer.errors.ConfigError: fold is 5; with 5 folds choose 0 to 4.
    """
    if folds is None and fold:
        raise ConfigError(f"fold is {fold}, but folds is not set: say how many folds there are.")
    if folds is not None and folds < 2:
        raise ConfigError(f"folds is {folds}; a cross validation has at least 2.")
    if folds is not None and not 0 <= fold < folds:
        raise ConfigError(f"fold is {fold}; with {folds} folds choose 0 to {folds - 1}.")


def fold_splits(units: NDArray[np.object_], folds: int, fold: int, val_fraction: float, seed: int) -> NDArray[np.str_]:
    """Who is in which split in one fold.

    Args:
        units: ``(N,)`` what must not be torn apart, see `Identities.units`.
        folds: Number of folds; each person is tested in exactly one.
        fold: Which of them, from 0.
        val_fraction: Share of the people of the other folds that choose the checkpoint.
        seed: Of the draws.

    Returns:
        ``(N,)`` of ``train``, ``val`` and ``test``.

    Raises:
        ConfigError: There are fewer people than folds.
    """
    splits = np.where(fold_of(units, folds, fold, seed), "test", "train").astype(object)
    return with_validation(splits, units, val_fraction, seed)
