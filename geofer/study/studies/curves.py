"""The paper's curves: landmark noise (Table IX) and the number of synthetic faces (Fig. 5); and fewer people."""

from geofer.errors import ConfigError
from geofer.study.data import CROSS_DATA_SET, RENDERED_FACES, folds_of, is_of
from geofer.study.design import Row, Study
from geofer.study.protocols import MULTI_PIE
from geofer.study.settings import Change, Settings, both, classifier_alone, setting, unchanged, unless_default

NOISE = "model.init_args.synthesis.noise"
PER_REAL = "model.init_args.synthesis.per_real"

LANDMARK_NOISE = Study(
    name="landmark-noise",
    title="Uniform noise on the target landmarks",
    source="Table IX (Multi-PIE); each coordinate is moved by a uniform draw from [-σ, σ]",
    protocol=MULTI_PIE,
    reference="sigma-0",
    axis="σ in pixels at 224, of uniform noise in [-σ, σ]",
    rows=tuple(
        Row(
            f"sigma-{sigma}",
            str(sigma),
            setting(NOISE, float(sigma)),
            paper,
            otherwise=unless_default(NOISE, 0.0) if sigma == 0 else None,
        )
        for sigma, paper in ((0, 92.09), (2, 91.88), (4, 90.21), (6, 85.58), (8, 82.27))
    ),
)

SYNTHETIC_FACES = Study(
    name="synthetic-faces",
    title="Synthetic faces for each real one",
    source="Fig. 5 (Multi-PIE); the figure prints no numbers",
    protocol=MULTI_PIE,
    reference="0n",
    axis="synthetic faces for each real one",
    rows=(
        Row("0n", "0", classifier_alone, 86.58),
        Row("1n", "1", setting(PER_REAL, 1.0), otherwise=unless_default(PER_REAL, 1.0)),
        *(Row(f"{times}n", str(times), setting(PER_REAL, float(times))) for times in (5, 10, 15, 20)),
    ),
)


def fewer_people(fraction: float) -> Change:
    """A fraction of the training people, for as many batches; of two data sets, of those of the one to train on."""

    def of(data: Settings) -> Settings:
        arguments = data.get("init_args", {})
        if is_of(data, CROSS_DATA_SET):
            return setting("init_args.source", of(arguments["source"]))(data)
        if is_of(data, "MixedFaces"):
            sources = {name: of(source) for name, source in arguments["sources"].items()}
            return setting("init_args.sources", sources)(data)
        if not is_of(data, RENDERED_FACES):
            return setting("init_args.train_fraction", fraction)(data) if fraction < 1 else data
        if folds_of(data) is not None and fraction < 1:
            raise ConfigError(
                "RenderedFaces in folds has no fewer people to train on and as many to test; leave data.folds out."
            )
        return setting("init_args.train_subjects", max(1, round(fraction * arguments.get("train_subjects", 80))))(data)

    return lambda settings: {**settings, "data": of(settings["data"])}


FEWER_PEOPLE = Study(
    name="fewer-people",
    title="With fewer people to learn from",
    source="not in the paper",
    reference="full-100",
    rows=tuple(
        Row(f"{name}-{share}", f"{title}, {share} % of the people", both(fewer_people(share / 100), change))
        for share in (100, 50, 20)
        for name, title, change in (
            ("full", "full method", unchanged),
            ("alone", "classifier alone", classifier_alone),
        )
    ),
)
