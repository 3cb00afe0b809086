"""Cross validation in which nobody is in two folds."""

import numpy as np
from numpy.typing import NDArray

from geofer.datamodules.splits import fold_of, with_validation
from geofer.errors import ConfigError


def check_folds(folds: int | None, fold: int) -> None:
    """Refuses a fold that there is not.

    Raises:
        ConfigError: There are fewer than two folds, or no such fold.
    """
    if folds is None and fold:
        raise ConfigError(f"fold is {fold}, but folds is not set: say how many folds there are.")
    if folds is not None and folds < 2:
        raise ConfigError(f"folds is {folds}; a cross validation has at least 2.")
    if folds is not None and not 0 <= fold < folds:
        raise ConfigError(f"fold is {fold}; with {folds} folds choose 0 to {folds - 1}.")


def fold_splits(units: NDArray[np.object_], folds: int, fold: int, val_fraction: float, seed: int) -> NDArray[np.str_]:
    """Who is on which side in one fold.

    Args:
        units: ``(N,)`` what must not be torn apart, see `geofer.datamodules.splits.Identities.units`.
        folds: Number of folds; each person is tested in exactly one.
        fold: Which of them, from 0.
        val_fraction: Share of the people of the other folds that choose the checkpoint.
        seed: Of the draws.

    Returns:
        ``(N,)`` of ``train``, ``val`` and ``test``.

    Raises:
        ConfigError: There are fewer people than folds.
    """
    sides = np.where(fold_of(units, folds, fold, seed), "test", "train").astype(object)
    return with_validation(sides, units, val_fraction, seed)
