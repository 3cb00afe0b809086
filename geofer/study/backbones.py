"""Tables IV and VI, their lower parts: deep classifiers without synthetic faces, and today's.

Table IV prints five numbers for each of them below six headings. They are the accuracies of the five poses: their means
are 1.49 to 15.94 points below the method's 92.09, as the text says, so the means are taken here.
"""

from geofer.study.design import Row, Study, backbone, both, classifier_alone, unchanged

BACKBONES = Study(
    name="backbones",
    title="Deep classifiers on real faces alone",
    source="Table IV (Multi-PIE)",
    reference="full",
    rows=(
        Row("full", "full method", unchanged, 92.09),
        *(
            Row(name, title, both(classifier_alone, backbone(name)), paper)
            for name, title, paper in (
                ("vgg16", "VGG16", 83.46),
                ("vgg19", "VGG19", 84.71),
                ("resnet50", "ResNet50", 86.58),
                ("densenet121", "DenseNet121", 86.65),
                ("convnext_tiny", "ConvNeXt-T", None),
                ("efficientnet_b0", "EfficientNet-B0", None),
            )
        ),
        Row(
            "vit_small_patch16_224",
            "ViT-S",
            both(classifier_alone, backbone("vit_small_patch16_224", dynamic_img_size=True)),
        ),
    ),
)
