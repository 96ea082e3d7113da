"""Loading and augmenting with torchvision and Pillow, the peer of `cnn bench data`.

One process on one core, as a worker of PyTorch's DataLoader would: each image of DIR/train is
opened, decoded, converted to RGB and augmented. `--output bytes` ends with the bytes (224, 224, 3), as
`cnn bench data` does; `--output floats` continues to torchvision's usual normalised tensor, which
the project makes on the device.
"""
import argparse
import json
import pathlib
import statistics
import sys
import time

try:
    import numpy
    import PIL
    import torch
    import torchvision
    from PIL import Image
    from torchvision import transforms
except ImportError as error:
    sys.exit(
        f"{sys.executable}: {error}. Debian's: apt-get install python3-torchvision, then "
        "/usr/bin/python3 bench/torchvision_data.py"
    )

CROPS = {
    "alexnet": [transforms.Resize(256), transforms.RandomCrop(224)],
    "inception": [transforms.RandomResizedCrop(224)],
}
BILINEAR = transforms.InterpolationMode.BILINEAR
# By --auto-augment and --color-jitter of `cnn`.
CHANGES = {
    "none": [],
    "ra": [transforms.RandAugment(interpolation=BILINEAR)],
    "ta_wide": [transforms.TrivialAugmentWide(interpolation=BILINEAR)],
    "imagenet": [transforms.AutoAugment(interpolation=BILINEAR)],
    "augmix": [transforms.AugMix(interpolation=BILINEAR)],
    "jitter": [transforms.ColorJitter(0.4, 0.4, 0.4)],
}
ENDINGS = {
    "bytes": [numpy.asarray],
    "floats": [
        transforms.ToTensor(),
        transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ],
}


def load(file, transform):
    """As torchvision.datasets.folder.pil_loader."""
    with open(file, "rb") as stream:
        return transform(Image.open(stream).convert("RGB"))


def measure(options):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    files = sorted(path for path in pathlib.Path(options.data, "train").rglob("*") if path.is_file())
    assert files, f"no files in {options.data}/train"
    transform = transforms.Compose(
        [
            *CROPS[options.augment],
            transforms.RandomHorizontalFlip(),
            *CHANGES[options.changes],
            *ENDINGS[options.output],
        ]
    )
    walls, processors = [], []
    for _ in range(options.epochs + 1):
        wall, processor = time.perf_counter(), time.process_time()
        for file in files:
            load(file, transform)
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    # The first epoch warms the page cache.
    return {
        "augment": options.augment,
        "output": options.output,
        "images": len(files),
        "images_per_second": len(files) / statistics.median(walls[1:]),
        "images_per_core_second": len(files) / statistics.median(processors[1:]),
        "torchvision": torchvision.__version__,
        "pillow": PIL.__version__,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--augment", choices=sorted(CROPS), default="alexnet")
    parser.add_argument("--changes", choices=sorted(CHANGES), default="none")
    parser.add_argument("--output", choices=sorted(ENDINGS), default="bytes")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    options = parser.parse_args()
    result = measure(options)
    if options.json:
        print(json.dumps(result))
        return
    print(f"torchvision {result['torchvision']}, Pillow {result['pillow']}")
    print(f"{result['augment']} to {result['output']}, {result['images']} images")
    print(f"{result['images_per_core_second']:.1f} images/s per core")


if __name__ == "__main__":
    main()
