"""What Pillow and torchvision make of the images of test/augment/goldens.test.ts.

goldens.py write   writes goldens.json
goldens.py check   fails where the Pillow and torchvision of this machine make something else
"""

import hashlib
import json
import math
import sys
from pathlib import Path

import numpy
import PIL
import torch
import torchvision
from PIL import Image
from torchvision.transforms import InterpolationMode, RandomResizedCrop
from torchvision.transforms import functional as F

GOLDENS = Path(__file__).with_name("goldens.json")
# Width, height and channels of the image, short side, left and top in the resized image, size.
CROPS = [
    (500, 375, 3, 256, 57, 13, 224),
    (375, 500, 3, 256, 0, 117, 224),
    (500, 375, 3, 480, 416, 256, 224),
    (333, 251, 3, 32, 3, 0, 28),
    (64, 48, 1, 32, 10, 0, 32),
    (28, 28, 1, 256, 32, 1, 224),
    (40, 30, 3, 33, 11, 0, 33),
    (3, 300, 3, 20, 0, 1000, 20),
    (300, 3, 1, 8, 790, 0, 8),
    (31, 37, 3, 31, 2, 5, 29),
]
# Width, height and channels of the image, short side, size.
CENTRES = [
    (500, 375, 3, 256, 224),
    (375, 501, 1, 256, 224),
    (61, 47, 3, 30, 25),
    (20, 90, 3, 20, 20),
    (9, 8, 3, 16, 16),
]
# Width, height and channels of the image, left, top, width and height of the box, size.
BOXES = [
    (500, 375, 3, 100, 50, 300, 280, 224),
    (500, 375, 3, 487, 3, 13, 17, 224),
    (500, 375, 1, 0, 0, 500, 375, 64),
    (50, 37, 3, 3, 30, 41, 7, 8),
    (50, 37, 3, 49, 36, 1, 1, 4),
    (300, 300, 3, 20, 30, 224, 224, 224),
]
ALPHAS = [0.13, -0.04, 0.21]
# fb.resnet.torch, datasets/imagenet.lua
VALUES = torch.tensor([0.2175, 0.0188, 0.0045])
VECTORS = torch.tensor(
    [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]]
)


def image(width, height, channels):
    """The same bytes as `patterned` in test/augment/images.ts."""
    i = numpy.arange(width * height * channels, dtype=numpy.int64)
    data = ((i * i * 7 + i * 13) % 251).astype(numpy.uint8)
    shape = (height, width) if channels == 1 else (height, width, channels)
    return Image.fromarray(data.reshape(shape))


def digest(image):
    return hashlib.sha256(numpy.asarray(image).tobytes()).hexdigest()


def crop(width, height, channels, short, left, top, size):
    resized = F.resize(image(width, height, channels), short, InterpolationMode.BILINEAR)
    return digest(F.crop(resized, top, left, size, size))


def centre(width, height, channels, short, size):
    resized = F.resize(image(width, height, channels), short, InterpolationMode.BILINEAR)
    return digest(F.center_crop(resized, [size, size]))


def box(width, height, channels, left, top, box_width, box_height, size):
    source = image(width, height, channels)
    mode = InterpolationMode.BILINEAR
    return digest(F.resized_crop(source, top, left, box_height, box_width, [size, size], mode))


def normalised():
    """Resize, crop, mirror, ToTensor, fb.resnet.torch's Lighting, Normalize; (H, W, C) floats."""
    small = F.hflip(F.crop(F.resize(image(50, 40, 3), 16), 2, 3, 6, 6))
    tensor = F.to_tensor(small)
    alpha = torch.tensor(ALPHAS)
    offset = (VECTORS * alpha.view(1, 3).expand(3, 3) * VALUES.view(1, 3).expand(3, 3)).sum(1)
    tensor = tensor + offset.view(3, 1, 1)
    tensor = F.normalize(tensor, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    return [round(float(value), 6) for value in tensor.permute(1, 2, 0).flatten()]


def box_moments(width, height, count):
    """Means over draws of RandomResizedCrop: area, log aspect, left and top as shares."""
    torch.manual_seed(0)
    image = torch.zeros(3, height, width)
    rows = []
    for _ in range(count):
        i, j, h, w = RandomResizedCrop.get_params(image, (0.08, 1.0), (3 / 4, 4 / 3))
        rows.append((h * w / (width * height), math.log(w / h), j / width, i / height))
    return numpy.asarray(rows).mean(axis=0).round(4).tolist()


def pixels():
    return {
        "crops": [[*case, crop(*case)] for case in CROPS],
        "centres": [[*case, centre(*case)] for case in CENTRES],
        "boxes": [[*case, box(*case)] for case in BOXES],
        "alphas": ALPHAS,
        "normalised": normalised(),
    }


def write():
    versions = {"pillow": PIL.__version__, "torchvision": torchvision.__version__}
    moments = {"image": [500, 375], "means": box_moments(500, 375, 200_000)}
    GOLDENS.write_text(json.dumps({"versions": versions, **pixels(), "boxMoments": moments}))


def check():
    """Without the moments, which take a minute to draw."""
    expected = json.loads(GOLDENS.read_text())
    for name, value in pixels().items():
        assert value == expected[name], name


if __name__ == "__main__":
    {"write": write, "check": check}[sys.argv[1]]()
