"""Each change of auto-augmentation on one image with torchvision and Pillow, the peer of
bench/compare-changes.ts.

Reads an image of SIZE × SIZE RGB pixels from stdin; prints a JSON value with the microseconds of
processor time of each change, its median over rounds.
"""
import json
import statistics
import sys
import time

import numpy
import PIL
import torch
import torchvision
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F
from torchvision.transforms.autoaugment import _apply_op


def change(image, name, magnitude):
    if name == "Hue":
        return F.adjust_hue(image, magnitude)
    return _apply_op(image, name, magnitude, InterpolationMode.BILINEAR, None)


def microseconds(image, name, magnitude, rounds, repeats):
    times = []
    for _ in range(rounds + 1):
        start = time.process_time()
        for _ in range(repeats):
            change(image, name, magnitude)
        times.append((time.process_time() - start) / repeats * 1e6)
    # The first warms up.
    return statistics.median(times[1:])


def main():
    torch.set_num_threads(1)
    size, changes, rounds, repeats = json.loads(sys.argv[1])
    data = numpy.frombuffer(sys.stdin.buffer.read(), numpy.uint8).reshape(size, size, 3)
    image = Image.fromarray(data)
    times = {name: microseconds(image, name, m, rounds, repeats) for name, m in changes}
    versions = {"torchvision": torchvision.__version__, "pillow": PIL.__version__}
    print(json.dumps({**versions, "microseconds": times}))


main()
