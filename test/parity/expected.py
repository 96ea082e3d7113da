"""What torchvision's networks compute, for the tests that compare ours with them.

shapes: prints {network: {tensor: shape}} of the networks that are named.
run:    makes one network with random weights and writes to a directory weights.pth, images.bin
        (float32, NHWC) and labels.bin (int32) of two batches, and expected.json: the logits of the
        first batch in evaluation, the losses of SGD steps on the two in turn, and those logits
        again after them. With --image the first image is that file's bytes (H, W, 3), normalised
        as ImageNet.
"""
import argparse
import json
from pathlib import Path

import torch
import torchvision
from torch import nn
from torch.nn import functional as F

CLASSES = 10
BATCHES = 2


def build(name, **options):
    make = getattr(torchvision.models, name)
    # transform_input would normalise the images once more.
    extra = dict(aux_logits=True, transform_input=False) if name == "googlenet" else {}
    fixed = dict(init_weights=False) if name == "googlenet" or name.startswith("vgg") else {}
    return make(**extra, **fixed, **options)


def shapes(names):
    for draw in ("kaiming_uniform_", "kaiming_normal_", "uniform_", "normal_"):
        setattr(nn.init, draw, lambda tensor, *args, **kwargs: tensor)
    return {
        name: {key: list(tensor.shape) for key, tensor in build(name).state_dict().items()}
        for name in names
    }


def randomise(model):
    """Statistics as after a training, without which batch normalisation hides its errors."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.2, 0.2)
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
        if isinstance(module, nn.Dropout):
            module.p = 0.0


def loss_of(outputs, labels):
    if isinstance(outputs, torch.Tensor):
        return F.cross_entropy(outputs, labels)
    heads = (outputs.aux_logits1, outputs.aux_logits2)
    return F.cross_entropy(outputs.logits, labels) + 0.3 * sum(
        F.cross_entropy(head, labels) for head in heads
    )


def logits_of(model, images):
    model.eval()
    with torch.no_grad():
        return model(images).tolist()


def normalised(image, size):
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    pixels = torch.frombuffer(bytearray(image.read_bytes()), dtype=torch.uint8)
    return ((pixels.view(size, size, 3) / 255 - mean) / std).permute(2, 0, 1)


def run(name, directory, size, batch, steps, lr, image):
    torch.manual_seed(1)
    model = build(name, num_classes=CLASSES)
    randomise(model)
    torch.save(model.state_dict(), directory / "weights.pth")
    images = torch.randn(BATCHES, batch, 3, size, size)
    if image:
        images[0, 0] = normalised(image, size)
    labels = torch.randint(CLASSES, (BATCHES, batch))
    (directory / "images.bin").write_bytes(images.permute(0, 1, 3, 4, 2).contiguous().numpy())
    (directory / "labels.bin").write_bytes(labels.int().numpy())
    expected = dict(logits=logits_of(model, images[0]), losses=[])
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, weight_decay=1e-4)
    model.train()
    for step in range(steps):
        optimizer.zero_grad()
        turn = step % BATCHES
        loss = loss_of(model(images[turn]), labels[turn])
        loss.backward()
        optimizer.step()
        expected["losses"].append(loss.item())
    expected["trained"] = logits_of(model, images[0])
    (directory / "expected.json").write_text(json.dumps(expected))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("shapes").add_argument("names", nargs="+")
    running = commands.add_parser("run")
    running.add_argument("name")
    running.add_argument("directory", type=Path)
    for number in ("--size", "--batch", "--steps"):
        running.add_argument(number, type=int, required=True)
    running.add_argument("--lr", type=float, default=0.0)
    running.add_argument("--image", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(2)
    if args.command == "shapes":
        print(json.dumps(shapes(args.names)))
    else:
        del args.command
        run(**vars(args))


main()
