"""The trainings of bench/time-to-accuracy.ts in PyTorch with torchvision.

The recipe comes as JSON, one for both sides: batches, epochs, learning rate with warm-up and cosine,
momentum, weight decay, colours. After each epoch a line says the accuracy.
"""
import argparse
import json
import math
import pathlib
import struct
import sys

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import models, transforms
from torchvision.datasets import MNIST, ImageFolder
from torchvision.models.resnet import BasicBlock

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import pytorch_networks


class Padded(nn.Module):
    """Shortcut A of He et al., 2015, section 3.3: every other pixel, with zeros for new channels."""

    def __init__(self, channels):
        super().__init__()
        self.channels = channels

    def forward(self, x):
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, self.channels - x.shape[1]))


def resnet20(channels, classes):
    """He et al., 2015, section 4.2."""
    layers = [nn.Conv2d(channels, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(True)]
    inputs = 16
    for outputs in (16, 32, 64):
        for block in range(3):
            strided = outputs > 16 and block == 0
            shortcut = Padded(outputs) if strided else None
            layers.append(BasicBlock(inputs, outputs, 2 if strided else 1, shortcut))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))


def resnet18(classes, weights):
    from safetensors.torch import load_file

    network = models.resnet18()
    state = load_file(weights)
    head = {"fc.weight", "fc.bias"}
    missing, unexpected = network.load_state_dict(
        {name: value for name, value in state.items() if name not in head}, strict=False
    )
    counters = {name for name in missing if name.endswith("num_batches_tracked")}
    assert set(missing) - counters == head and not unexpected, (missing, unexpected)
    network.fc = nn.Linear(512, classes)
    return network


def digits(folder, train, transform):
    """torchvision's MNIST, which holds all images in memory."""
    return MNIST(folder, train=train, transform=transform)


def write_idx(images, folder):
    """The files that torchvision's MNIST reads, from class folders of PNGs."""
    raw = pathlib.Path(folder, "MNIST", "raw")
    raw.mkdir(parents=True)
    for split, name in (("train", "train"), ("val", "t10k")):
        found = ImageFolder(pathlib.Path(images, split))
        pixels = [image.convert("L") for image, _ in found]
        side = pixels[0].width
        with open(raw / f"{name}-images-idx3-ubyte", "wb") as stream:
            stream.write(struct.pack(">4I", 0x803, len(pixels), side, side))
            stream.writelines(image.tobytes() for image in pixels)
        with open(raw / f"{name}-labels-idx1-ubyte", "wb") as stream:
            stream.write(struct.pack(">2I", 0x801, len(pixels)) + bytes(found.targets))


def photographs(folder, train, transform, classes):
    """An ImageFolder of some of its classes."""

    class Chosen(ImageFolder):
        def find_classes(self, _):
            return classes, {name: label for label, name in enumerate(classes)}

    return Chosen(pathlib.Path(folder, "train" if train else "val"), transform)


def open_task(options, recipe):
    """The network, and the images to train with and to validate with."""
    ending = [transforms.ToTensor(), transforms.Normalize(recipe["mean"], recipe["std"])]
    plain = transforms.Compose(ending)
    if options.task == "lenet5":
        changes = transforms.Compose([transforms.RandomCrop(28, padding=2), *ending])
        network, centre = pytorch_networks.lenet5(), plain
    elif options.task == "resnet20-cifar":
        changes = [transforms.RandomCrop(28, padding=4), transforms.RandomHorizontalFlip()]
        changes = transforms.Compose([*changes, *ending])
        network, centre = resnet20(1, 10), plain
    else:
        crop = transforms.RandomResizedCrop(224, scale=(0.25, 1))
        changes = transforms.Compose([crop, transforms.RandomHorizontalFlip(), *ending])
        centre = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), *ending])
        network = resnet18(len(options.classes), options.weights)
        sets = [photographs(options.data, train, t, options.classes) for train, t in ((True, changes), (False, centre))]
        return network, *sets
    return network, digits(options.data, True, changes), digits(options.data, False, centre)


def factor(update, warmup, updates):
    """Of the learning rate: half a cosine after a linear warm-up."""
    done = max(0, update - warmup) / (updates - warmup)
    rate = (1 + math.cos(math.pi * min(1, done))) / 2
    return rate * (update + 1) / warmup if update < warmup else rate


@torch.inference_mode()
def accuracy(network, loader):
    network.eval()
    right = sum((network(images).argmax(1) == labels).sum().item() for images, labels in loader)
    return 100 * right / len(loader.dataset)


def train(options, recipe):
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    network, training, validation = open_task(options, recipe)
    network = network.to(memory_format=torch.channels_last)
    loading = {"num_workers": options.threads, "persistent_workers": True}
    batches = DataLoader(training, recipe["batchSize"], shuffle=True, drop_last=True, **loading)
    others = DataLoader(validation, 256, **loading)
    sgd = {"lr": recipe["lr"], "momentum": 0.9, "weight_decay": recipe["weightDecay"]}
    optimizer = torch.optim.SGD(network.parameters(), **sgd)
    updates = recipe["epochs"] * len(batches)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda update: factor(update, recipe["warmupSteps"], updates)
    )
    for epoch in range(recipe["epochs"]):
        frozen = epoch < recipe["frozenEpochs"]
        network.train(not frozen)
        if frozen:
            network.requires_grad_(False)
            network.fc.requires_grad_(True)
        else:
            network.requires_grad_(True)
        for images, labels in batches:
            optimizer.zero_grad(set_to_none=True)
            images = images.contiguous(memory_format=torch.channels_last)
            F.cross_entropy(network(images), labels).backward()
            optimizer.step()
            schedule.step()
        top1 = accuracy(network, others)
        print(f"epoch {epoch + 1}: validation Acc@1 {top1:.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", action="version", version=torch.__version__)
    parser.add_argument("--task", choices=("lenet5", "resnet20-cifar", "resnet18"), default="lenet5")
    parser.add_argument("--data", required=True, help="what the task is trained on")
    parser.add_argument("--idx", help="only write the images of --data there as torchvision's MNIST")
    parser.add_argument("--classes", type=lambda text: text.split(","))
    parser.add_argument("--weights", help="a file of torchvision's names")
    parser.add_argument("--recipe", type=json.loads)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.idx:
        write_idx(options.data, options.idx)
        return
    train(options, options.recipe)


if __name__ == "__main__":
    main()
