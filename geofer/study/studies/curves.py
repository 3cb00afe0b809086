"""The paper's curves: landmark noise (Table IX) and the number of synthetic faces (Fig. 5); and fewer people."""

from geofer.study.design import Change, Row, Settings, Study, both, classifier_alone, setting, unchanged, unless_default

NOISE = "model.init_args.synthesis.noise"
PER_REAL = "model.init_args.synthesis.per_real"
PEOPLE = "data.init_args.train_subjects"

LANDMARK_NOISE = Study(
    name="landmark-noise",
    title="Noise on the target landmarks",
    source="Table IX (Multi-PIE)",
    reference="sigma-0",
    axis="σ in pixels at 224",
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
    reference="0n",
    axis="synthetic faces for each real one",
    rows=(
        Row("0n", "0", classifier_alone, 86.58),
        Row("1n", "1", setting(PER_REAL, 1.0), otherwise=unless_default(PER_REAL, 1.0)),
        *(Row(f"{times}n", str(times), setting(PER_REAL, float(times))) for times in (5, 10, 15, 20)),
    ),
)


def fewer_people(fraction: float) -> Change:
    """A fraction of the training people, for as many batches."""

    def change(settings: Settings) -> Settings:
        people = settings["data"]["init_args"]["train_subjects"]
        return setting(PEOPLE, max(1, round(fraction * people)))(settings)

    return change


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
