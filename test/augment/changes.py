"""What torchvision's changes make of the images of test/augment/changes.test.ts, on Pillow images.

changes.py write   writes changes.json
changes.py check   fails where the Pillow and torchvision of this machine make something else
"""

import json
import sys
from pathlib import Path

import numpy
import PIL
import torch
import torchvision
from goldens import digest, image
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import autoaugment
from torchvision.transforms import functional as F
from torchvision.transforms.autoaugment import _apply_op

GOLDENS = Path(__file__).with_name("changes.json")
SIGNED = {
    "ShearX": [0.09, -0.3, 0.99],
    "ShearY": [0.3, -0.033],
    "TranslateX": [7.9, -15],
    "TranslateY": [3, -32],
    "Rotate": [9, -30, 135, 90.5],
    "Brightness": [0.27, -0.9, 0.99, -1],
    "Color": [0.27, -0.99, 0.9],
    "Contrast": [0.45, -0.6],
    "Sharpness": [0.9, -0.3],
}
PLAIN = {
    "Identity": [0],
    "Posterize": [8, 7, 4, 2],
    "Solarize": [255, 178.5, 42.5, 0],
    "AutoContrast": [0],
    "Equalize": [0],
    "Invert": [0],
    "Hue": [0.1, -0.31, 0.5],
}
# Sizes and channels; 28 pixels in grey have no pixel to spare, one pixel has no neighbours.
FORMS = [(33, 3), (28, 1), (1, 3)]
# One after the other.
CHAINS = [
    [["Contrast", -0.5], ["AutoContrast", 0]],
    [["Posterize", 4], ["Equalize", 0]],
    [["Brightness", -0.8], ["Equalize", 0], ["Rotate", 12]],
    [["Brightness", -1], ["AutoContrast", 0], ["Equalize", 0]],
    [["Mirror", 0], ["ShearX", 0.2], ["Color", 0.5]],
    [["Hue", 0.2], ["Sharpness", 0.99], ["TranslateY", 4]],
]
# Severities of AugMix and seeds of what it draws.
MIXES = [(3, 0), (3, 5), (10, 1), (10, 8)]


def change(source, name, magnitude):
    if name == "Hue":
        return F.adjust_hue(source, magnitude)
    if name == "Mirror":
        return F.hflip(source)
    return _apply_op(source, name, magnitude, InterpolationMode.BILINEAR, None)


def smooth(size, channels):
    """Few levels, none of them at an end: (40 + 3 row + 2 column + 20 channel) % 200."""
    row, column, channel = numpy.indices((size, size, channels))
    data = ((40 + 3 * row + 2 * column + 20 * channel) % 200).astype(numpy.uint8)
    return Image.fromarray(data[:, :, 0] if channels == 1 else data)


def chain(source, changes):
    for name, magnitude in changes:
        source = change(source, name, magnitude)
    return digest(source)


def all_hues():
    """Every 17th level of red, green and blue, turned by a tenth."""
    levels = numpy.arange(0, 256, 17)
    data = numpy.stack(numpy.meshgrid(levels, levels, levels, indexing="xy"), axis=-1)
    return digest(F.adjust_hue(Image.fromarray(data.astype(numpy.uint8).reshape(64, 64, 3)), 0.1))


class Mixed(autoaugment.AugMix):
    """torchvision's AugMix with its changes made on Pillow images, which notes what it draws."""

    def __call__(self, source):
        self.shares, self.chains, first = [], [], None

        def change_on_pillow(batch, name, magnitude, interpolation, fill):
            nonlocal first
            first = batch if first is None else first
            if batch is first:
                self.chains.append([])
            self.chains[-1].append([name, magnitude])
            changed = change(F.to_pil_image(batch[0]), name, magnitude)
            return F.pil_to_tensor(changed)[None]

        autoaugment._apply_op = change_on_pillow
        mixed = self.forward(source)
        autoaugment._apply_op = _apply_op
        return mixed

    def _sample_dirichlet(self, params):
        shares = super()._sample_dirichlet(params)
        self.shares.append(shares[0].tolist())
        return shares


def mixes():
    """Size and channels, shares of the image and of its changes, those of the chains, the chains, digest."""
    rows = []
    for severity, seed in MIXES:
        for size, channels in FORMS:
            torch.manual_seed(seed)
            augment = Mixed(severity)
            mixed = digest(augment(image(size, size, channels)))
            rows.append([size, channels, *augment.shares, augment.chains, mixed])
    return rows


def pixels():
    singles = [[[name, m]] for name, ms in {**SIGNED, **PLAIN}.items() for m in ms]
    changes = singles + CHAINS
    images = []
    for size, channels in FORMS:
        for kind, source in (("patterned", image(size, size, channels)), ("smooth", smooth(size, channels))):
            images.append([kind, size, channels, [chain(source, row) for row in changes]])
    return {"changes": changes, "images": images, "hues": all_hues(), "mixes": mixes()}


def write():
    versions = {"pillow": PIL.__version__, "torchvision": torchvision.__version__}
    GOLDENS.write_text(json.dumps({"versions": versions, **pixels()}))


def check():
    expected = json.loads(GOLDENS.read_text())
    for name, value in pixels().items():
        assert value == expected[name], name


if __name__ == "__main__":
    {"write": write, "check": check}[sys.argv[1]]()
