"""By which rule to crop faces for a model: the rule that the faces were cropped by that it was trained on."""

import warnings
from collections.abc import Mapping
from typing import Any, get_args

from geofer.errors import AssumptionWarning, CheckpointError, printable
from geofer.faces import CropRule

RENDERED_ONLY = "loose"
"""A crop that shows the whole head, whose outline no landmarks give; only rendered faces can be cropped by it."""


def training_crop(provenance: Mapping[str, Any], name: object, named: CropRule | None = None) -> CropRule:
    """The rule to crop faces by.

    Args:
        provenance: What the checkpoint says of its training, see `geofer.checkpoints.PROVENANCE`.
        name: Of the checkpoint, for messages.
        named: The rule that the user names; None asks the checkpoint.

    Returns:
        The checkpoint's rule. Where it has none, or its faces were taken whole, the user's; where that is missing, too,
        ``tight`` or ``none``, with an `AssumptionWarning`.

    Raises:
        CheckpointError: The rule is unknown, is for rendered faces only, or is not the one that the user names.
    """
    file, known = printable(name), provenance.get("crop")
    if known is None:
        if named is None:
            warnings.warn(
                f"{file} does not say how its training faces were cropped, as checkpoints of older versions and of "
                "data modules without a crop do not; the rule tight is assumed. If it was another one, name it with "
                "`geofer export --crop`: the model file knows it then.",
                AssumptionWarning,
                stacklevel=2,
            )
        return named or "tight"
    if known == RENDERED_ONLY:
        raise CheckpointError(
            f"{file} was trained on faces cropped by the rule {known}, which shows the whole head; faces in pictures "
            "cannot be cropped like that. Train with `--data.crop tight`."
        )
    if known not in get_args(CropRule):
        raise CheckpointError(f"{file} names a crop rule that there is not, {printable(known)}; it is damaged.")
    rule: CropRule = known
    if rule == "none":
        if named is None:
            warnings.warn(
                f"{file} was trained on pictures taken whole, so faces will not be cropped. If its pictures had been "
                "cropped before, name that rule with `geofer export --crop`: the model file knows it then.",
                AssumptionWarning,
                stacklevel=2,
            )
        return named or rule
    if named not in (None, rule):
        raise CheckpointError(
            f"{file} was trained on faces cropped by the rule {rule}, not by {named}: it would recognize worse than it "
            "was tested. Leave out the rule."
        )
    return rule
