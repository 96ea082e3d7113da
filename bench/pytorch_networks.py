"""The networks of `cnn archs` that PyTorch can train too, with the same number of parameters."""
import sys
from functools import partial
from importlib import import_module

from torch import nn
from torch.nn import functional as F


def alexnet():
    """Krizhevsky, Sutskever, Hinton, 2012: figure 2, section 3."""
    rows = [  # in, out, kernel, stride, pad, groups, LRN, pool
        (3, 96, 11, 4, 2, 1, True, True),
        (96, 256, 5, 1, 2, 2, True, True),
        (256, 384, 3, 1, 1, 1, False, False),
        (384, 384, 3, 1, 1, 2, False, False),
        (384, 256, 3, 1, 1, 2, False, True),
    ]
    layers = []
    for inputs, outputs, kernel, stride, pad, groups, norm, pool in rows:
        layers += [nn.Conv2d(inputs, outputs, kernel, stride, pad, groups=groups), nn.ReLU(True)]
        layers += [local_response_norm()] if norm else []
        layers += [nn.MaxPool2d(3, 2)] if pool else []
    layers += [nn.Flatten()]
    for inputs in (256 * 6 * 6, 4096):
        layers += [nn.Linear(inputs, 4096), nn.ReLU(True), nn.Dropout()]
    return nn.Sequential(*layers, nn.Linear(4096, 1000))


def local_response_norm():
    """PyTorch divides alpha by the five channels, the paper does not."""
    return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)


def lenet5():
    """LeCun et al., 1998, with the simplifications of src/archs/lenet5.ts."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120), nn.Tanh(),
        nn.Linear(120, 84), nn.Tanh(),
        nn.Linear(84, 10),
    )  # fmt: skip


def resnet_v1(name):
    """ResNet as in its paper, with the stride in the first 1x1 convolution of a stage."""
    network = from_torchvision(name)
    for stage in (network.layer2, network.layer3, network.layer4):
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    return network


def googlenet(normalised, heads):
    """GoogLeNet of torchvision with the paper's 5x5 filters; unless normalised with LRN and biases."""
    # The package shows the function of this name in the module's place.
    parts = import_module("torchvision.models.googlenet")

    class Convolution(nn.Module):
        def __init__(self, inputs, outputs, **settings):
            super().__init__()
            self.conv = nn.Conv2d(inputs, outputs, **settings)

        def forward(self, x):
            return F.relu(self.conv(x), inplace=True)

    block = parts.BasicConv2d if normalised else Convolution

    class Inception(parts.Inception):
        def __init__(self, inputs, *widths):
            super().__init__(inputs, *widths, conv_block=block)
            reduced, outputs = widths[3:5]
            self.branch3[1] = block(reduced, outputs, kernel_size=5, padding=2)

    class Head(parts.InceptionAux):
        def __init__(self, *sizes, **settings):
            super().__init__(*sizes, conv_block=block, **settings)

    blocks = [block, Inception, Head]
    network = parts.GoogLeNet(aux_logits=heads, blocks=blocks, init_weights=False)
    if not normalised:
        network.maxpool1 = nn.Sequential(network.maxpool1, local_response_norm())
        network.maxpool2 = nn.Sequential(local_response_norm(), network.maxpool2)
    return network


def from_torchvision(name, **settings):
    try:
        from torchvision import models
    except ImportError:
        sys.exit(f"{sys.executable} has no torchvision. Debian's: apt-get install python3-torchvision")
    return getattr(models, name)(**settings)


IMAGENET = ((3, 224, 224), 1000)
MNIST = ((1, 28, 28), 10)

# Builder, parameters, (channels, height, width) and classes.
NETWORKS = {
    "lenet5": (lenet5, 61_706, *MNIST),
    "alexnet": (alexnet, 60_965_224, *IMAGENET),
}
for arch, name, parameters in (
    ("alexnet-torchvision", "alexnet", 61_100_840),
    ("vgg11", "vgg11", 132_863_336),
    ("vgg13", "vgg13", 133_047_848),
    ("vgg16", "vgg16", 138_357_544),
    ("vgg19", "vgg19", 143_667_240),
    ("vgg11-bn", "vgg11_bn", 132_868_840),
    ("vgg13-bn", "vgg13_bn", 133_053_736),
    ("vgg16-bn", "vgg16_bn", 138_365_992),
    ("vgg19-bn", "vgg19_bn", 143_678_248),
    ("resnet18", "resnet18", 11_689_512),
    ("resnet34", "resnet34", 21_797_672),
    ("resnet50-torchvision", "resnet50", 25_557_032),
    ("resnet101-torchvision", "resnet101", 44_549_160),
    ("resnet152-torchvision", "resnet152", 60_192_808),
    ("densenet121", "densenet121", 7_978_856),
    ("densenet161", "densenet161", 28_681_000),
    ("densenet169", "densenet169", 14_149_480),
    ("densenet201", "densenet201", 20_013_928),
):
    NETWORKS[arch] = (partial(from_torchvision, name), parameters, *IMAGENET)
for name, parameters in (("resnet50", 25_557_032), ("resnet101", 44_549_160), ("resnet152", 60_192_808)):
    NETWORKS[name] = (partial(resnet_v1, name), parameters, *IMAGENET)

# Builder that takes whether it is to have auxiliary heads, parameters with heads and without.
WITH_HEADS = {
    "googlenet": (partial(googlenet, False), 13_378_280, 6_998_552),
    "googlenet-bn": (partial(googlenet, True), 13_385_816, 7_005_832),
    "googlenet-torchvision": (
        lambda heads: from_torchvision("googlenet", aux_logits=heads, init_weights=False),
        13_004_888,
        6_624_904,
    ),
}


def names():
    return sorted([*NETWORKS, *WITH_HEADS])


def build(name, heads):
    """The network for training, the shape of an image and the number of classes."""
    if name in WITH_HEADS:
        builder, with_heads, without = WITH_HEADS[name]
        network = builder(heads)
        parameters, shape, classes = (with_heads if heads else without, *IMAGENET)
    else:
        builder, parameters, shape, classes = NETWORKS[name]
        network = builder()
    counted = sum(weight.numel() for weight in network.parameters())
    assert counted == parameters, f"{name} has {counted} parameters instead of {parameters}"
    return network.train(), shape, classes
