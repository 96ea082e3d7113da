"""What plain PyTorch says of a few images under each protocol of src/evaluate/protocols/table.ts.

protocols.py write  writes protocols.json, which protocols.test.ts compares ours with
protocols.py check  fails where the PyTorch of this machine computes something else

Weights and pixels are a hash of their name and index, which test/parity/hash.ts computes too. All is
computed in float64. Crops are cut and resized by Pillow; dense evaluation is written out as
convolutions, poolings and means.
"""
import json
import math
import sys
from pathlib import Path

import numpy
import torch
import torchvision
from PIL import Image
from torch.nn import functional as F

sys.path.append(str(Path(__file__).parents[1] / "parity"))
from hashed_tensors import bounds, tensor, uniform

GOLDENS = Path(__file__).with_name("protocols.json")
CLASSES = 10
# Width and height; the labels are 0, 1, 2 and so on.
IMAGES = [(61, 44), (40, 40), (37, 70), (90, 48), (45, 63)]
COLOURS = {1: ([0.1307], [0.3081]), 3: ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])}


def picture(index):
    """Pixels that change slowly enough for another resizing to show, and fast enough for a shift."""
    width, height = IMAGES[index]
    coarse = uniform(f"image {index}", 8 * 8 * 3, 0, 256).astype(numpy.uint8).reshape(8, 8, 3)
    rows = numpy.arange(height) * 8 // height
    columns = numpy.arange(width) * 8 // width
    return Image.fromarray(coarse[rows][:, columns])


def short_side(image, short):
    width, height = image.size
    size = (short, short * height // width) if width <= height else (short * width // height, short)
    return image.resize(size, Image.BILINEAR)


def crop(image, left, top, side):
    return image.crop((left, top, left + side, top + side))


def square(image, part):
    """The square at the start (0), centre (0.5) or end (1) of the long side."""
    (width, height), side = image.size, min(image.size)
    return crop(image, round(part * (width - side)), round(part * (height - side)), side)


def at(image, x, y, size):
    width, height = image.size
    return crop(image, round(x * (width - size)), round(y * (height - size)), size)


def five(image, size):
    return [at(image, x, y, size) for x, y in [(0, 0), (1, 0), (0, 1), (1, 1), (0.5, 0.5)]]


def mirrored(images):
    return images + [image.transpose(Image.FLIP_LEFT_RIGHT) for image in images]


def crops_1(image, size, scales):
    return [at(short_side(image, scales[0]), 0.5, 0.5, size)]


def crops_10(image, size, scales):
    return mirrored(five(short_side(image, scales[0]), size))


def crops_10_alexnet(image, size, scales):
    return mirrored(five(square(short_side(image, scales[0]), 0.5), size))


def crops_144(image, size, scales):
    views = []
    for short in scales:
        resized = short_side(image, short)
        for part in square(resized, 0), square(resized, 0.5), square(resized, 1):
            views += five(part, size) + [part.resize((size, size), Image.BILINEAR)]
    return mirrored(views)


def crops_150(image, size, scales):
    grid = [i / 4 for i in range(5)]
    resized = [short_side(image, short) for short in scales]
    return mirrored([at(whole, x, y, size) for whole in resized for y in grid for x in grid])


def whole(image, size, scales):
    return mirrored([short_side(image, short) for short in scales])


def normalised(image, channels):
    image = image.convert("L") if channels == 1 else image
    values = torch.tensor(numpy.array(image).reshape(image.size[1], image.size[0], channels))
    mean, std = (torch.tensor(part) for part in COLOURS[channels])
    return ((values / 255 - mean) / std).permute(2, 0, 1)[None].double()


class Written:
    """A network of src/archs/ written out; kernels are hashed as (height, width, in, out)."""

    options = []
    # Of the bound of its uniform weights, over the inputs of a unit: keeps the variance of activations.
    gain = 6
    activation = staticmethod(torch.relu)

    def __init__(self):
        self.weights = {}
        for name, shape in self.layers.items():
            bound = math.sqrt(self.gain / math.prod(shape[:-1]))
            kernel = uniform(f"{name}/kernel", math.prod(shape), -bound, bound).reshape(shape)
            bias = uniform(f"{name}/bias", shape[-1], -0.2, 0.2)
            self.weights[name] = [torch.from_numpy(part).double() for part in (kernel, bias)]
        self.fully_connected = [name for name in self.layers if name.startswith("fc")]

    def convolution(self, name, x, **options):
        kernel, bias = self.weights[name]
        return self.activation(F.conv2d(x, kernel.permute(3, 2, 0, 1), bias, **options))

    def logits(self, x):
        x = self.features(x).permute(0, 2, 3, 1).flatten(1)
        for name in self.fully_connected:
            kernel, bias = self.weights[name]
            x = x @ kernel + bias
            x = x if name == self.fully_connected[-1] else self.activation(x)
        return x

    def dense(self, x):
        """Dense layers as convolutions; the mean over all positions."""
        x = self.features(x)
        for name in self.fully_connected:
            kernel, bias = self.weights[name]
            side = math.isqrt(kernel.shape[0] // x.shape[1])
            kernel = kernel.reshape(side, side, -1, kernel.shape[-1]).permute(3, 2, 0, 1)
            x = F.conv2d(x, kernel, bias)
            x = x if name == self.fully_connected[-1] else self.activation(x)
        return x.mean((2, 3))


class LeNet5(Written):
    channels, size, gain = 1, 28, 12
    activation = staticmethod(torch.tanh)
    layers = {
        "conv1": (5, 5, 1, 6),
        "conv2": (5, 5, 6, 16),
        "fc3": (400, 120),
        "fc4": (120, 84),
        "fc5": (84, CLASSES),
    }

    def features(self, x):
        x = F.avg_pool2d(self.convolution("conv1", x, padding=2), 2)
        return F.avg_pool2d(self.convolution("conv2", x), 2)


class AlexNet(Written):
    """Figure 2 of the paper, a quarter as wide, on images of half its size."""

    channels, size, options = 3, 112, ["width=0.25"]
    layers = {
        "conv1": (11, 11, 3, 24),
        "conv2": (5, 5, 12, 64),
        "conv3": (3, 3, 64, 96),
        "conv4": (3, 3, 48, 96),
        "conv5": (3, 3, 48, 64),
        "fc6": (2 * 2 * 64, 1024),
        "fc7": (1024, 1024),
        "fc8": (1024, CLASSES),
    }

    def features(self, x):
        # PyTorch divides alpha by the number of maps that are summed.
        normalise = lambda x: F.local_response_norm(x, size=5, alpha=5 * 1e-4, beta=0.75, k=2)
        x = F.max_pool2d(normalise(self.convolution("conv1", x, stride=4, padding=2)), 3, 2)
        x = F.max_pool2d(normalise(self.convolution("conv2", x, padding=2, groups=2)), 3, 2)
        x = self.convolution("conv3", x, padding=1)
        x = self.convolution("conv4", x, padding=1, groups=2)
        return F.max_pool2d(self.convolution("conv5", x, padding=1, groups=2), 3, 2)


class VGG11(Written):
    """Configuration A of the paper, an eighth as wide, on images of two sevenths of its size."""

    channels, size, options = 3, 64, ["width=0.125"]
    stages = [["1_1"], ["2_1"], ["3_1", "3_2"], ["4_1", "4_2"], ["5_1", "5_2"]]
    filters = [3, 8, 16, 32, 32, 64, 64, 64, 64]
    layers = {
        f"conv{name}": (3, 3, *pair)
        for name, *pair in zip(sum(stages, []), filters, filters[1:])
    } | {"fc6": (2 * 2 * 64, 512), "fc7": (512, 512), "fc8": (512, CLASSES)}

    def features(self, x):
        for stage in self.stages:
            for name in stage:
                x = self.convolution(f"conv{name}", x, padding=1)
            x = F.max_pool2d(x, 2)
        return x


class Torchvision:
    """A network whose last map is pooled: dense evaluation pools it over windows of 2×2."""

    channels, size, options, gain = 3, 64, [], None

    def __init__(self, name, **options):
        self.model = getattr(torchvision.models, name)(num_classes=CLASSES, **options).double().eval()
        with torch.no_grad():
            for key, value in self.model.state_dict().items():
                if not key.endswith("num_batches_tracked"):
                    value.copy_(tensor(key, tuple(value.shape), *bounds(key, value.shape)))

    def dense(self, x):
        found = {}
        hook = self.model.avgpool.register_forward_pre_hook(lambda _, inputs: found.update(x=inputs[0]))
        self.model(x)
        hook.remove()
        pooled = F.avg_pool2d(found["x"], 2, 1)
        weight, bias = self.model.fc.weight, self.model.fc.bias
        return F.conv2d(pooled, weight[:, :, None, None], bias).mean((2, 3))


NETWORKS = {
    "lenet5": LeNet5,
    "alexnet": AlexNet,
    "vgg11": VGG11,
    "resnet18-torchvision": lambda: Torchvision("resnet18"),
    "googlenet-torchvision": lambda: Torchvision(
        "googlenet", aux_logits=False, transform_input=False, init_weights=False
    ),
}
PROTOCOLS = [
    dict(network="lenet5", crops="1", scales=[32], views=crops_1),
    dict(network="lenet5", crops="1", scales=[33], mirror=True, views=lambda *a: mirrored(crops_1(*a))),
    dict(network="lenet5", crops="10", scales=[35], views=crops_10),
    dict(network="lenet5", crops="10", family="alexnet", scales=[35], views=crops_10_alexnet),
    dict(network="lenet5", crops="144", scales=[32, 36, 40, 44], views=crops_144),
    dict(network="lenet5", crops="150", scales=[32, 48, 64], views=crops_150),
    dict(network="lenet5", crops="dense", scales=[35], mirror=True, views=whole),
    dict(network="lenet5", crops="dense", scales=[28, 36, 47], mirror=False,
         views=lambda image, size, scales: [short_side(image, short) for short in scales]),
    dict(network="alexnet", crops="10", family="alexnet", scales=[128], views=crops_10_alexnet),
    dict(network="alexnet", crops="dense", scales=[128], mirror=True, views=whole),
    dict(network="vgg11", crops="dense", scales=[64, 73, 82], mirror=True, views=whole),
    dict(network="vgg11", crops="150", scales=[73, 110, 146], views=crops_150, images=3),
    dict(network="resnet18-torchvision", crops="dense", scales=[64, 73, 110, 137, 183], views=whole, images=2),
    dict(network="googlenet-torchvision", crops="dense", scales=[73, 90], views=whole, images=3),
]


def run(protocol, network):
    results = []
    score = network.dense if protocol["crops"] == "dense" else network.logits
    for index in range(protocol.get("images", len(IMAGES))):
        views = protocol["views"](picture(index), network.size, protocol["scales"])
        with torch.no_grad():
            logits = torch.cat([score(normalised(view, network.channels)) for view in views])
        mean = logits.softmax(1).mean(0)
        top = mean.topk(5)
        results.append(
            dict(
                views=len(views),
                top=top.indices.tolist(),
                probability=rounded(top.values[0]),
                loss=rounded(-mean[index].log()),
            )
        )
    known = {key: value for key, value in protocol.items() if key not in ("views", "images")}
    return dict(known, results=results)


def rounded(value):
    return float(f"{float(value):.7g}")


def goldens():
    networks = {name: make() for name, make in NETWORKS.items()}
    return dict(
        images=IMAGES,
        networks={
            name: dict(
                **dict(size=made.size, options=made.options, gain=made.gain),
                **dict(zip(("mean", "std"), COLOURS[made.channels])),
            )
            for name, made in networks.items()
        },
        protocols=[run(protocol, networks[protocol["network"]]) for protocol in PROTOCOLS],
    )


def close(a, b):
    """Whether two values of JSON are the same within the rounding of float64."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(close(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(close, a, b))
    return abs(a - b) <= 1e-5 * max(1, abs(a)) if isinstance(a, float) else a == b


def main(command):
    torch.set_num_threads(2)
    if command == "write":
        GOLDENS.write_text(json.dumps(goldens(), allow_nan=False))
    elif command == "check":
        found = json.loads(json.dumps(goldens()))
        sys.exit(None if close(json.loads(GOLDENS.read_text()), found) else "protocols.json differs")
    else:
        sys.exit(__doc__)


main(*sys.argv[1:] or [""])
