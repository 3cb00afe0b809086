"""Other people's methods in ours' place: other generators (Fig. 3 and 6), and one-shot recognition (Table X).

Generators are compared as the papers have them: without what this package adds to the decoder (warp, contours, skips).
The row ``paper`` is the full method without these additions. What has to paint a face learns for longer than what is
given the face warped to its target, and its first faces are noise: where the settings stop G early, it learns in these
rows to the end of training, and C sees synthetic faces in the second half.
"""

from geofer.study.baselines.generators.compared import OF_OURS_ALONE
from geofer.study.baselines.siamese import expression_splits
from geofer.study.design import Change, Row, Settings, Study, both, classifier_alone, setting, unchanged

ADDITIONS = ("warp", "contours", "skips")

SIX = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
"""Those of which two are held out; a neutral face is always trained on."""


def as_in_papers(settings: Settings) -> Settings:
    """The full method without what this package adds to its networks."""
    arguments = settings["model"]["init_args"]
    kept = dict(arguments)
    for section, names in OF_OURS_ALONE.items():
        if section in kept:
            kept[section] = {name: value for name, value in kept[section].items() if name not in names}
    kept["generator"] = {**arguments.get("generator", {}), **dict.fromkeys(ADDITIONS, False)}
    schedule = kept.get("schedule", {})
    if schedule.get("generator_stop"):
        second_half = settings["trainer"]["max_steps"] // 2
        kept["schedule"] = {**schedule, "generator_stop": None, "synthetic_start": second_half}
    return {**settings, "model": {**settings["model"], "init_args": kept}}


def generator(name: str) -> Change:
    """One of `geofer.study.baselines.generators` for E, G and the discriminators; the classifier learns as ever."""
    return both(as_in_papers, setting("model.class_path", f"geofer.study.baselines.generators.{name}"))


def one_shot(held_out: tuple[str, ...]) -> Change:
    """The Siamese network, with the classifier's backbone, for the classifier."""
    network = setting("model.class_path", "geofer.study.baselines.siamese.OneShotFER")
    return both(classifier_alone, both(network, setting("model.init_args.held_out", list(held_out))))


GENERATORS = Study(
    name="generators",
    title="Other generators in the place of ours",
    source="Fig. 6; the figure shows faces and prints no numbers",
    reference="full",
    synthesis=True,
    rows=(
        Row("full", "full method", unchanged),
        Row("paper", "full method, generator as in the paper", as_in_papers),
        Row("gc-gan", "GC-GAN", generator("GCGAN")),
        Row("dr-gan", "DR-GAN, f(g) for its pose code", generator("DRGAN")),
        Row("caae", "CAAE, f(g) for the age", generator("CAAE")),
        Row("aae", "AAE, f(g) for the label", generator("AAE")),
        Row("cgan", "conditional GAN on f(g)", generator("ConditionalGAN")),
    ),
)

ONE_SHOT = Study(
    name="one-shot",
    title="Two expressions known from one face each",
    source="Table X (Multi-PIE, three of the fifteen splits)",
    reference="full",
    rows=(
        Row("full", "full method, all expressions known", unchanged, 92.09),
        *(
            Row("-".join(held_out), f"Siamese network, one {' and one '.join(held_out)}", one_shot(held_out))
            for _, held_out in expression_splits(SIX)
        ),
    ),
)
