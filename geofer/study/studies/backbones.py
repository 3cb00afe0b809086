"""Table IV, its lower part: deep classifiers without synthetic faces, and today's. Those of Table VI are the same.

Table IV prints five numbers for each of them below six headings. They are the accuracies of the five poses: their means
are 1.49 to 15.94 points below the method's 92.09, as the text says, so the means are taken here.

The paper's start from ImageNet weights. Where the settings have none, as on a machine that cannot fetch them, such
networks need other settings than a narrow one to learn anything from some hundred faces; these were chosen by how the
loss of training falls, on people of seed 0.
"""

from geofer.study.design import Row, Study
from geofer.study.protocols import MULTI_PIE
from geofer.study.settings import Change, Settings, backbone, both, classifier_alone, setting, unchanged

ADAM = {"class_path": "torch.optim.Adam"}

RATE = 1e-4
"""Learning rate from scratch: VGG16 learns nothing at 3e-4, and the others hardly less at 1e-4."""


def deep_classifier(name: str, **arguments: object) -> Change:
    """Another classifier in ours' place, without synthetic faces: a backbone, and its arguments."""

    def from_scratch(settings: Settings) -> Settings:
        model = settings["model"]["init_args"]
        if model.get("classifier", {}).get("pretrained", True):
            return settings
        optimizer = model.get("classifier_optimization", {}).get("optimizer", ADAM)
        slower = {**optimizer, "init_args": {**optimizer.get("init_args", {}), "lr": RATE}}
        normalized = setting("model.init_args.classifier.normalize", True)
        return setting("model.init_args.classifier_optimization.optimizer", slower)(normalized(settings))

    return both(both(classifier_alone, backbone(name, **arguments)), from_scratch)


resnet50_alone = deep_classifier("resnet50", zero_init_residual=True)
"""A row of two studies."""

BACKBONES = Study(
    name="backbones",
    title="Deep classifiers on real faces alone",
    source="Table IV (Multi-PIE)",
    protocol=MULTI_PIE,
    reference="full",
    rows=(
        Row("full", "full method", unchanged, 92.09),
        Row("vgg16", "VGG16", deep_classifier("vgg16"), 83.46),
        Row("vgg19", "VGG19", deep_classifier("vgg19"), 84.71),
        Row("resnet50", "ResNet50", resnet50_alone, 86.58),
        Row("densenet121", "DenseNet121", deep_classifier("densenet121"), 86.65),
        Row("convnext_tiny", "ConvNeXt-T", deep_classifier("convnext_tiny")),
        Row("efficientnet_b0", "EfficientNet-B0", deep_classifier("efficientnet_b0")),
        Row("vit_small_patch16_224", "ViT-S", deep_classifier("vit_small_patch16_224", dynamic_img_size=True)),
    ),
)
