"""Table VIII: what each part of the method is worth; and the parts that the paper did not leave out."""

from copy import deepcopy

from geofer.study.design import Row, Study
from geofer.study.protocols import MULTI_PIE
from geofer.study.settings import Settings, classifier_alone, setting, unchanged


def apart(settings: Settings) -> Settings:
    """No_E2E: the generator first, without a word from the classifier; then the classifier, for as long as ever.

    Without ``schedule.generator_stop`` the generator gets half of the batches.
    """
    changed = deepcopy(settings)
    arguments, trainer = changed["model"]["init_args"], changed["trainer"]
    schedule = arguments.setdefault("schedule", {})
    stop = schedule.get("generator_stop") or trainer["max_steps"] // 2
    schedule |= {"generator_stop": stop, "classifier_start": stop, "synthetic_start": stop, "end_to_end": False}
    trainer["max_steps"] += stop
    return changed


MODEL = "model.init_args."

ABLATIONS = Study(
    name="ablations",
    title="What each part is worth",
    source="Table VIII (Multi-PIE)",
    protocol=MULTI_PIE,
    reference="full",
    synthesis=True,
    robustness=("full", "no-syn-fi"),
    rows=(
        Row("full", "full method", unchanged, 92.09),
        Row("no-syn-fi", "No_SynFI: no synthetic faces", classifier_alone, 86.58),
        Row("no-e2e", "No_E2E: G first, C after it", apart, 89.55),
        Row("no-ls", "No_LS: no label smoothing", setting(MODEL + "losses.label_smoothing", 0.0), 90.14),
        Row("strong", "C teaches G 300 times as strongly: λ3 = 0.3", setting(MODEL + "losses.classification", 0.3)),
        Row("no-d-att", "no D_att", setting(MODEL + "losses.attribute", 0.0)),
        Row("no-d-i", "no D_i", setting(MODEL + "losses.prior", 0.0)),
        Row("no-tv", "no total variation", setting(MODEL + "losses.variation", 0.0)),
        Row("no-geometry", "no geometry reconstruction", setting(MODEL + "losses.geometry", 0.0)),
        Row("literal", "Eq. 7 with the input as target", setting(MODEL + "losses.reconstruction_target", "input")),
        Row("raw", "D_att sees raw landmarks", setting(MODEL + "discriminator.condition", "raw")),
        Row("self-pairs", "self-pairs only", setting("data.init_args.self_pairs", 1.0)),
        Row("no-warp", "no warp: the decoder paints all", setting(MODEL + "generator.warp", False)),
        Row("untrained", "G never learns", setting(MODEL + "schedule.generator_stop", 0)),
    ),
)
