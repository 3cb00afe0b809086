"""The methods that the paper's Fig. 3 and 6 compare with, on its own networks, losses and data.

Each is a `geofer.modules.GenerativeModule`: it gives a face another geometry by the same call, trains a classifier on
what it makes just as the full method does, and runs by ``geofer fit``, so that one evaluation serves all. Where one of
them has a label of its own (an age, a pose code, a class), the geometry embedding f(g) stands in its place, as the
paper does with DR-GAN. What a method does not say of itself, such as layers, optimizer, warm-up and the form of the
adversarial loss, is the full method's. So they differ in what they learn from, and in nothing else.

Only in the full method does the classifier teach the generator.
"""

from geofer.study.baselines.generators.aae import AAE
from geofer.study.baselines.generators.caae import CAAE
from geofer.study.baselines.generators.conditional_gan import ConditionalGAN
from geofer.study.baselines.generators.dr_gan import DRGAN
from geofer.study.baselines.generators.gc_gan import GCGAN

__all__ = ["AAE", "CAAE", "DRGAN", "GCGAN", "ConditionalGAN"]
