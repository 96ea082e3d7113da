"""One training step of PyTorch on the CPU, the peer of `cnn bench train`.

A step is zero_grad, forward, cross-entropy, backward and SGD with momentum on one synthetic batch,
in channels_last; in bf16 under autocast. Debian's build runs on one thread unless told otherwise.
"""
import argparse
import json
import platform
import statistics
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError:
    sys.exit(
        f"{sys.executable} has no PyTorch. Debian's: apt-get install python3-torch "
        "libopenblas0-openmp, then /usr/bin/python3 bench/pytorch.py"
    )


def convolutional(rows, dropout_first):
    """Convolutions by rows of (in, out, kernel, stride, pad, groups, LRN, pool), then 4096-4096-1000."""
    layers = []
    for inputs, outputs, kernel, stride, pad, groups, norm, pool in rows:
        layers += [nn.Conv2d(inputs, outputs, kernel, stride, pad, groups=groups), nn.ReLU(True)]
        # PyTorch divides alpha by the five channels, the paper does not.
        layers += [nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)] if norm else []
        layers += [nn.MaxPool2d(3, 2)] if pool else []
    layers += [nn.Flatten()]
    for inputs in (256 * 6 * 6, 4096):
        block = [nn.Linear(inputs, 4096), nn.ReLU(True)]
        layers += [nn.Dropout(), *block] if dropout_first else [*block, nn.Dropout()]
    return nn.Sequential(*layers, nn.Linear(4096, 1000))


def alexnet():
    """Krizhevsky, Sutskever, Hinton, 2012: figure 2, section 3."""
    return convolutional(
        [
            (3, 96, 11, 4, 2, 1, True, True),
            (96, 256, 5, 1, 2, 2, True, True),
            (256, 384, 3, 1, 1, 1, False, False),
            (384, 384, 3, 1, 1, 2, False, False),
            (384, 256, 3, 1, 1, 2, False, True),
        ],
        dropout_first=False,
    )


def alexnet_torchvision():
    """torchvision.models.alexnet, written out where torchvision is not installed."""
    try:
        from torchvision.models import alexnet as model
    except ImportError:
        return convolutional(
            [
                (3, 64, 11, 4, 2, 1, False, True),
                (64, 192, 5, 1, 2, 1, False, True),
                (192, 384, 3, 1, 1, 1, False, False),
                (384, 256, 3, 1, 1, 1, False, False),
                (256, 256, 3, 1, 1, 1, False, True),
            ],
            dropout_first=True,
        )
    return model()


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


# Builder, parameters, (channels, height, width), classes, weight decay.
NETWORKS = {
    "alexnet": (alexnet, 60_965_224, (3, 224, 224), 1000, 5e-4),
    "alexnet-torchvision": (alexnet_torchvision, 61_100_840, (3, 224, 224), 1000, 1e-4),
    "lenet5": (lenet5, 61_706, (1, 28, 28), 10, 5e-4),
}


def measure(options):
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    build, parameters, shape, classes, weight_decay = NETWORKS[options.arch]
    network = build().train().to(memory_format=torch.channels_last)
    counted = sum(weight.numel() for weight in network.parameters())
    assert counted == parameters, f"{options.arch} has {counted} parameters instead of {parameters}"
    # As in `cnn bench train`: a rate so small that random pictures cannot make the numbers overflow.
    optimizer = torch.optim.SGD(
        network.parameters(), lr=1e-6, momentum=0.9, weight_decay=weight_decay
    )
    images = torch.randn(options.batch_size, *shape).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(classes, (options.batch_size,))
    seconds = []
    for _ in range(options.warmup + options.steps):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.cpu.amp.autocast(enabled=options.precision == "bf16", dtype=torch.bfloat16):
            logits = network(images)
        loss = F.cross_entropy(logits.float(), labels)
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


if __name__ == "__main__":
    main()
