"""Table VI: methods on BU-3DFE, those on hand-crafted features and deep classifiers.

The upper rows are other people's, and each of their papers has its own features, classifier and poses. Those that can
be put together from public descriptions are run as scikit-learn pipelines, with the readings that their modules name;
the others stand with the paper's number and the reason. Zheng's and Moore and Bowden's numbers, too, are of five yaws.
"""

from geofer.study.baselines.classical_rows import classical, measure
from geofer.study.design import Quoted, Row, Study
from geofer.study.protocols import BU3DFE
from geofer.study.settings import classifier_alone, unchanged
from geofer.study.studies.backbones import deep_classifier

OTHER_POSES = "it was tested from five yaws between 0° and 90°"

BU3DFE_METHODS = Study(
    name="bu3dfe",
    title="Methods on BU-3DFE",
    source="Table VI (BU-3DFE, which data/bu3dfe asks for; data/rendered-bu3dfe is its twin)",
    protocol=BU3DFE,
    reference="full",
    rows=(
        Row("full", "full method", unchanged, 81.95),
        Row("no-syn-fi", "No_SynFI: no synthetic faces", classifier_alone),
        Row("vgg16", "VGG16", deep_classifier("vgg16"), 73.03),
        Row("vgg19", "VGG19", deep_classifier("vgg19"), 75.11),
        Row("resnet50", "ResNet50", deep_classifier("resnet50", zero_init_residual=True), 77.41),
        Row("densenet121", "DenseNet121", deep_classifier("densenet121"), 77.69),
        Row(
            "lbp-gsrrr",
            "Zheng 2014: group sparse reduced-rank regression, LBP",
            classical("LBP-GSRRR"),
            66.0,
            measure,
        ),
        Row(
            "sift-gsrrr",
            "Zheng 2014: group sparse reduced-rank regression, SIFT",
            classical("SIFT-GSRRR"),
            78.9,
            measure,
        ),
        Row("lgbp-svm", "Moore and Bowden 2011: LGBP, SVM", classical("SVM"), 71.1, measure),
        Row(
            "super-vectors",
            "after Tariq et al. 2014: GMM super-vectors of dense SIFT, SVM",
            classical("super-vectors"),
            76.60,
            measure,
        ),
        Row(
            "sparse-codes",
            "Jampour et al. 2015: sparse codes, local linear regression",
            classical("sparse codes"),
            78.64,
            measure,
        ),
    ),
    quoted=(
        Quoted(
            "Zheng et al. 2009",
            78.3,
            f"it picks directions for features at BU-3DFE's 83 marked points, which other data lack, by a bound on the "
            f"error that no library has; {OTHER_POSES}.",
        ),
        Quoted("Zhang et al. 2016", 80.1, f"a deep network of its own over SIFT features; {OTHER_POSES}."),
        Quoted(
            "Tang et al. 2010",
            75.3,
            "super-vectors of a hidden Markov model; the row above has those of a mixture, which is one state of it.",
        ),
        Quoted(
            "Tariq et al. 2013",
            76.34,
            "mixtures learned with a margin between expressions, as no library has.",
        ),
    ),
)
