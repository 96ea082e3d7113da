"""One training step of PyTorch on the CPU, the peer of `cnn bench train`.

A step is zero_grad, forward, cross-entropy, backward and SGD with momentum on one synthetic batch,
in channels_last; in bf16 under autocast. Debian's build runs on one thread unless told otherwise.
"""
import argparse
import json
import platform
import resource
import statistics
import sys
import time
from functools import partial
from importlib import import_module

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError:
    sys.exit(
        f"{sys.executable} has no PyTorch. Debian's: apt-get install python3-torch "
        "libopenblas0-openmp, then /usr/bin/python3 bench/pytorch.py"
    )


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


def googlenet(normalised):
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

    network = parts.GoogLeNet(blocks=[block, Inception, Head], init_weights=False)
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
    "googlenet": (lambda: googlenet(normalised=False), 13_378_280, *IMAGENET),
    "googlenet-bn": (lambda: googlenet(normalised=True), 13_385_816, *IMAGENET),
    "googlenet-torchvision": (
        lambda: from_torchvision("googlenet", init_weights=False), 13_004_888, *IMAGENET,
    ),
}  # fmt: skip
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


def loss_of(outputs, labels):
    """Cross-entropy; GoogLeNet's auxiliary heads count 0.3 times."""
    if isinstance(outputs, torch.Tensor):
        return F.cross_entropy(outputs.float(), labels)
    heads = (outputs.aux_logits1, outputs.aux_logits2)
    return loss_of(outputs.logits, labels) + 0.3 * sum(loss_of(head, labels) for head in heads)


def measure(options):
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    build, parameters, shape, classes = NETWORKS[options.arch]
    network = build().train().to(memory_format=torch.channels_last)
    counted = sum(weight.numel() for weight in network.parameters())
    assert counted == parameters, f"{options.arch} has {counted} parameters instead of {parameters}"
    # As in `cnn bench train`: a rate so small that random pictures cannot make the numbers overflow.
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-6, momentum=0.9, weight_decay=1e-4)
    images = torch.randn(options.batch_size, *shape).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(classes, (options.batch_size,))
    seconds = []
    for _ in range(options.warmup + options.steps):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.cpu.amp.autocast(enabled=options.precision == "bf16", dtype=torch.bfloat16):
            outputs = network(images)
        loss = loss_of(outputs, labels)
        loss.backward()
        optimizer.step()
        loss.item()
        seconds.append(time.perf_counter() - start)
    assert torch.isfinite(loss), "the loss is not finite"
    step = statistics.median(seconds[options.warmup :])
    return {
        "arch": options.arch,
        "precision": options.precision,
        "threads": torch.get_num_threads(),
        "batch_size": options.batch_size,
        "steps": options.steps,
        "images_per_second": options.batch_size / step,
        "milliseconds_per_step": 1000 * step,
        # Of the whole process, in KiB on Linux.
        "peak_resident_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "loss": loss.item(),
        "parameters": counted,
        "torch": torch.__version__,
        "hardware": processor(),
    }


def processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        return f"{names[0]}, {len(names)} cores"
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", choices=sorted(NETWORKS), required=True)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--precision", choices=("bf16", "f32"), default="bf16")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    options = parser.parse_args()
    result = measure(options)
    if options.json:
        print(json.dumps(result))
        return
    print(f"{result['hardware']}, PyTorch {result['torch']}, {result['threads']} threads")
    print(f"{result['arch']} in {result['precision']}, batches of {result['batch_size']}")
    print(f"{result['milliseconds_per_step']:.2f} ms per step (median of {result['steps']})")
    print(f"{result['images_per_second']:.1f} images/s")
    print(f"{result['peak_resident_bytes'] / 2**20:.0f} MiB at most, of the process")


if __name__ == "__main__":
    main()
