"""What torchvision's networks compute with fixed weights on fixed images.

goldens.py write          writes goldens.json, which torchvision.test.ts compares ours with
goldens.py check          fails where the torchvision of this machine computes something else
goldens.py shapes NAME..  prints the tensors of networks: what the digests in goldens.json are of

Weights, images and labels are a hash of their name and index, which test/parity/hash.ts computes
too; so the goldens are results alone. They are computed in float64: what differs between two
versions of PyTorch, or between PyTorch and ours, is rounding of float32.
"""
import hashlib
import json
import math
import sys
from pathlib import Path

import numpy
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

from hashed_tensors import bounds, tensor, uniform

GOLDENS = Path(__file__).with_name("goldens.json")
CLASSES = 10
BATCHES = 2
STEPS = 5
SAMPLES = 4
MOMENTUM, WEIGHT_DECAY = 0.9, 1e-4
AUXILIARY_WEIGHT = 0.3

# Sizes and batches that take seconds; networks without a rate are only evaluated. Untrained networks
# with batch normalisation are sensitive: of ResNet-18 at a rate of 0.01 and GoogLeNet at 0.001
# PyTorch's own losses in float32 are 1e-2 from those in float64 after five steps. At these rates
# they differ by 3e-5 at most, and a step changes the loss by 1e-3 at least.
NETWORKS = {
    "alexnet": dict(size=127, batch=4, lr=1e-3),
    "vgg11": dict(size=224, batch=1),
    "vgg11_bn": dict(size=224, batch=2, lr=1e-4),
    "googlenet": dict(size=96, batch=8, lr=1e-4),
    "resnet18": dict(size=96, batch=8, lr=1e-4),
    "resnet50": dict(size=95, batch=2),
    "densenet121": dict(size=96, batch=8, lr=1e-4),
    "densenet161": dict(size=64, batch=2),
}
# Networks of which the tensors alone are compared.
ALL = """alexnet vgg11 vgg13 vgg16 vgg19 vgg11_bn vgg13_bn vgg16_bn vgg19_bn googlenet
    resnet18 resnet34 resnet50 resnet101 resnet152
    densenet121 densenet161 densenet169 densenet201""".split()


def build(name, **options):
    make = getattr(torchvision.models, name)
    # transform_input would normalise the images once more.
    extra = dict(aux_logits=True, transform_input=False) if name == "googlenet" else {}
    fixed = dict(init_weights=False) if name == "googlenet" or name.startswith("vgg") else {}
    return make(**extra, **fixed, **options)


def build_with_weights(name):
    model = build(name, num_classes=CLASSES).double()
    for key, value in model.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            value.copy_(tensor(key, tuple(value.shape), *bounds(key, value.shape)))
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return model


def images_of(size, batch):
    """(BATCHES, N, C, H, W) of what is hashed as (BATCHES, N, H, W, C)."""
    shape = (BATCHES, batch, size, size, 3)
    return tensor("images", shape, -2.0, 2.0).permute(0, 1, 4, 2, 3)


def labels_of(batch):
    labels = uniform("labels", BATCHES * batch, 0, CLASSES).astype(numpy.int64)
    return torch.from_numpy(labels).view(BATCHES, batch)


def loss_of(outputs, labels):
    if isinstance(outputs, torch.Tensor):
        return F.cross_entropy(outputs, labels)
    heads = (outputs.aux_logits1, outputs.aux_logits2)
    return F.cross_entropy(outputs.logits, labels) + AUXILIARY_WEIGHT * sum(
        F.cross_entropy(head, labels) for head in heads
    )


def logits_of(model, images):
    model.eval()
    with torch.no_grad():
        return rounded(model(images).flatten())


def rounded(values):
    return [float(f"{float(value):.7g}") for value in values]


def gradients_of(model):
    """Of each tensor: the norm of its gradient, and a few of its elements at equal distances."""
    result = {}
    for name, parameter in model.named_parameters():
        gradient = parameter.grad.flatten()
        places = [len(gradient) * i // SAMPLES for i in range(SAMPLES)]
        result[name] = [float(f"{value:.5g}") for value in (gradient.norm(), *gradient[places])]
    # A few tensors are enough of hundreds: the errors of any layer reach those before it.
    step = math.ceil(len(result) / 24)
    return dict(list(result.items())[::step])


def run(name, size, batch, lr=0.0):
    model = build_with_weights(name)
    images, labels = images_of(size, batch), labels_of(batch)
    result = dict(size=size, batch=batch, lr=lr, logits=logits_of(model, images[0]))
    if lr == 0:
        return result
    losses = []
    options = dict(lr=lr, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    optimizer = torch.optim.SGD(model.parameters(), **options)
    model.train()
    for step in range(STEPS):
        optimizer.zero_grad()
        turn = step % BATCHES
        loss = loss_of(model(images[turn]), labels[turn])
        loss.backward()
        if step == 0:
            result["gradients"] = gradients_of(model)
        optimizer.step()
        losses.append(loss)
    # The running statistics that training leaves are read here alone.
    return dict(result, losses=rounded(losses), trained=logits_of(model, images[0]))


def predict(name="resnet18", size=224):
    """The logits of an image of bytes, normalised as ImageNet's."""
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    pixels = (torch.arange(size * size * 3) * 37 % 251).view(size, size, 3)
    image = ((pixels / 255 - mean) / std).permute(2, 0, 1).double()
    return dict(size=size, logits=logits_of(build_with_weights(name), image[None]))


def shapes(name):
    """`NAME (SHAPE)` of each tensor that is not a counter, in alphabetical order."""
    state = build(name).state_dict()
    return sorted(
        f"{key} ({', '.join(map(str, value.shape))})"
        for key, value in state.items()
        if not key.endswith("num_batches_tracked")
    )


def digest(lines):
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def draw_nothing():
    """Where only shapes count, drawing two gigabytes of weights would take most of a minute."""
    for draw in ("kaiming_uniform_", "kaiming_normal_", "uniform_", "normal_"):
        setattr(nn.init, draw, lambda tensor, *args, **kwargs: tensor)


def goldens():
    return dict(
        training=dict(
            classes=CLASSES,
            momentum=MOMENTUM,
            weightDecay=WEIGHT_DECAY,
            auxiliaryWeight=AUXILIARY_WEIGHT,
        ),
        tensors={name: digest(shapes(name)) for name in ALL},
        networks={name: run(name, **options) for name, options in NETWORKS.items()},
        predict=predict(),
    )


def differences(expected, found, where="goldens"):
    """The places where two values of JSON are not the same within the rounding of float64."""
    if isinstance(expected, dict) and isinstance(found, dict) and expected.keys() == found.keys():
        return [d for key in expected for d in differences(expected[key], found[key], f"{where}.{key}")]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        if not all(isinstance(value, float) for value in expected + found):
            return [] if expected == found else [where]
        largest = max(map(abs, expected))
        worst = max(abs(a - b) for a, b in zip(expected, found))
        return [] if worst <= 1e-5 * largest else [f"{where} is off by {worst} of {largest}"]
    return [] if expected == found else [f"{where} is {found} and was {expected}"]


def main(command, *names):
    torch.set_num_threads(2)
    draw_nothing()
    if command == "shapes":
        for name in names:
            print(name, *shapes(name), sep="\n")
    elif command == "write":
        GOLDENS.write_text(json.dumps(goldens(), allow_nan=False))
    elif command == "check":
        wrong = differences(json.loads(GOLDENS.read_text()), goldens())
        sys.exit("\n".join(wrong) or None)
    else:
        sys.exit(__doc__)


main(*sys.argv[1:] or [""])
