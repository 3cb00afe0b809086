"""What explains a gain of synthetic faces if not what G has learned: everything that is less than the method.

The faces of a control learn with the method's own settings, so that only what is named differs.
"""

from geofer.study.data import batched
from geofer.study.design import Row, Study
from geofer.study.settings import Settings, both, classifier_alone, setting, unchanged
from geofer.study.studies.comparisons import ADDITIONS

SYNTHESIS = "model.init_args.synthesis."
STOP = "model.init_args.schedule.generator_stop"

OTHER_WEIGHTS = 10_000
"""Is added to the seed of the weights where the same settings are run again on the same people."""


def doubled_batch(settings: Settings) -> Settings:
    """C alone with batches of twice as many real faces, and as many steps: as many faces as the full method sees."""
    alone = classifier_alone(settings)
    return {**alone, "data": batched(alone["data"], 2.0)}


def never_learns(settings: Settings) -> Settings:
    """G as it begins: it takes no step."""
    return setting(STOP, 0)(settings)


def paints_at_random(settings: Settings) -> Settings:
    """G with random weights and nothing beside: its decoder paints all, and was never trained."""
    changed = never_learns(settings)
    for name in ADDITIONS:
        changed = setting(f"model.init_args.generator.{name}", False)(changed)
    return setting("model.init_args.generator.unet", False)(changed) if _is_unet(settings) else changed


def _is_unet(settings: Settings) -> bool:
    return bool(settings["model"]["init_args"].get("generator", {}).get("unet"))


def warp_alone(settings: Settings) -> Settings:
    """The geometric warp without the decoder behind it."""
    warps = settings if _is_unet(settings) else setting("model.init_args.generator.warp", True)(settings)
    return both(setting(SYNTHESIS + "painter", "warp"), never_learns)(warps)


def own_geometry(settings: Settings) -> Settings:
    """G gives faces their own geometry, turned, scaled and shifted a little: no expression is new."""
    strength = settings["model"]["init_args"].get("synthesis", {}).get("jitter") or 0.3
    return both(setting(SYNTHESIS + "targets", "own"), setting(SYNTHESIS + "jitter", strength))(settings)


def copies(settings: Settings) -> Settings:
    """X' = x: the real faces again, with their own labels, smoothed as those of synthetic faces are."""
    own = both(setting(SYNTHESIS + "targets", "own"), setting(SYNTHESIS + "painter", "input"))
    return never_learns(own(settings))


CONTROLS = Study(
    name="controls",
    title="What synthetic faces are compared with",
    source="not in the paper",
    reference="full",
    rows=(
        Row("full", "full method", unchanged),
        Row("again", "full method, again: same people, other weights", unchanged, weights=OTHER_WEIGHTS),
        Row("no-syn-fi", "No_SynFI: no synthetic faces", classifier_alone),
        Row("double-batch", "no synthetic faces, a doubled batch", doubled_batch),
        Row("copies", "x' = x: the real faces again", copies),
        Row("own-geometry", "G gives faces their own geometry, jittered", own_geometry),
        Row("warp-alone", "the warp alone, no decoder", warp_alone),
        Row("untrained", "G never learns", never_learns),
        Row("random", "G with random weights, nothing beside", paints_at_random),
    ),
)
