"""Steps of PyTorch, the peer of `cnn bench train` and with --eval of `cnn bench eval`.

A step is zero_grad, forward, cross-entropy, backward and SGD with momentum on one synthetic batch;
in bf16 under autocast. On the CPU Debian's build runs on one thread unless told otherwise. On a GPU
cuDNN tries its algorithms, SGD is fused, and the host waits once in ten steps.

A pass of --eval is the network alone, without gradients, in one type: with --precision bf16 its
weights too.

With --serve the process stays: it measures once for each line of JSON on stdin, such as
{"warmup": 1, "steps": 2, "seconds": 3}, and answers each with a line.
"""
import argparse
import json
import platform
import resource
import statistics
import sys
import time

try:
    import torch
    from torch.nn import functional as F
except ImportError:
    sys.exit(
        f"{sys.executable} has no PyTorch. Debian's: apt-get install python3-torch "
        "libopenblas0-openmp, then /usr/bin/python3 bench/pytorch.py"
    )
import pytorch_networks

STEPS_BETWEEN_WAITS = {"cpu": 1, "cuda": 10}
LAYOUTS = {"nhwc": torch.channels_last, "nchw": torch.contiguous_format}


def loss_of(outputs, labels, aux_weight):
    """Cross-entropy; each of GoogLeNet's auxiliary heads counts by its weight."""
    if isinstance(outputs, torch.Tensor):
        return F.cross_entropy(outputs.float(), labels)
    heads = (outputs.aux_logits1, outputs.aux_logits2)
    total = sum(F.cross_entropy(head.float(), labels) for head in heads)
    return F.cross_entropy(outputs.logits.float(), labels) + aux_weight * total


def prepare(options):
    """The network, a batch of images and the number of classes."""
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit(f"PyTorch {torch.__version__} sees no GPU")
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = options.precision != "f32"
    torch.backends.cuda.matmul.allow_tf32 = options.precision != "f32"
    device = torch.device(options.device)
    layout = LAYOUTS[options.layout]
    network, shape, classes = pytorch_networks.build(options.arch, options.aux_weight > 0)
    if options.input_size:
        shape = (shape[0], options.input_size, options.input_size)
    network = network.to(device, memory_format=layout)
    images = torch.randn(options.batch_size, *shape, device=device).contiguous(memory_format=layout)
    return network, images, classes


def check_compile():
    if not hasattr(torch, "compile"):
        sys.exit(f"PyTorch {torch.__version__} has no torch.compile, which came with 2.0")


def evaluation_step(options):
    """A function that runs the network forward on the same batch once more."""
    network, images, _ = prepare(options)
    network.eval()
    dtype = torch.bfloat16 if options.precision == "bf16" else torch.float32
    network, images = network.to(dtype), images.to(dtype)
    if options.compile:
        check_compile()
        from torch._inductor import config

        # Folds batch normalisation into convolutions and packs weights.
        config.freezing = True
        network = torch.compile(network)

    def step():
        with torch.inference_mode():
            return network(images).sum()

    return step


def training_step(options):
    """A function that trains on the same batch once more and returns the loss."""
    network, images, classes = prepare(options)
    # As in `cnn bench train`: a rate so small that random images cannot make the numbers overflow.
    rates = {"lr": 1e-6, "momentum": 0.9, "weight_decay": 1e-4}
    fused = {"fused": True} if options.device == "cuda" else {}
    optimizer = torch.optim.SGD(network.parameters(), **rates, **fused)
    labels = torch.randint(classes, (options.batch_size,), device=images.device)

    def forward():
        with torch.autocast(options.device, enabled=options.precision == "bf16", dtype=torch.bfloat16):
            outputs = network(images)
        return loss_of(outputs, labels, options.aux_weight)

    if options.compile:
        check_compile()
        forward = torch.compile(forward)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = forward()
        loss.backward()
        optimizer.step()
        return loss

    return step


def measure(step, options, amount):
    """Trains `warmup` steps, then at least `steps` and at least so many `seconds`."""
    gpu = options.device == "cuda"
    group = STEPS_BETWEEN_WAITS[options.device]
    if amount["warmup"] > 0:
        run(step, amount["warmup"])
    if gpu:
        torch.cuda.reset_peak_memory_stats()
    groups = []
    while len(groups) * group < amount["steps"] or sum(groups) < amount.get("seconds", 0):
        start = time.perf_counter()
        loss = run(step, group)
        groups.append(time.perf_counter() - start)
    assert loss == loss and abs(loss) < float("inf"), "the loss is not finite"
    median = statistics.median(groups) / group
    memory = {"peak_bytes": torch.cuda.max_memory_allocated()} if gpu else {}
    if gpu:
        # Others share the device until it is this one's turn again.
        torch.cuda.empty_cache()
    return {
        "arch": options.arch,
        "precision": options.precision,
        "layout": options.layout,
        "threads": torch.get_num_threads(),
        "batch_size": options.batch_size,
        "steps": len(groups) * group,
        "images_per_second": options.batch_size / median,
        "milliseconds_per_step": 1000 * median,
        **memory,
        # Of the whole process, in KiB on Linux.
        "peak_resident_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "loss": loss,
        "torch": torch.__version__,
        "hardware": torch.cuda.get_device_name() if gpu else processor(),
    }


def run(step, count):
    """Trains, waits for the last step and returns its loss."""
    for _ in range(count):
        loss = step()
    return loss.item()


def profile(step, options):
    """A table of the kernels that took longest."""
    run(step, options.warmup)
    with torch.profiler.profile() as profiler:
        run(step, options.steps)
    key = "self_cuda_time_total" if options.device == "cuda" else "self_cpu_time_total"
    return profiler.key_averages().table(sort_by=key, row_limit=40, max_name_column_width=100)


def processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        return f"{names[0]}, {len(names)} cores"
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", choices=pytorch_networks.names(), required=True)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--input-size", type=int, help="default: the network's")
    parser.add_argument("--precision", choices=("bf16", "f32", "tf32"), default="bf16")
    parser.add_argument("--device", choices=STEPS_BETWEEN_WAITS, default="cpu")
    parser.add_argument("--aux-weight", type=float, default=0.3, help="0 leaves GoogLeNet's heads out")
    parser.add_argument(
        "--layout", choices=LAYOUTS, default="nhwc", help="nhwc is PyTorch's channels_last"
    )
    parser.add_argument("--compile", action="store_true", help="forward and loss by torch.compile")
    parser.add_argument("--eval", action="store_true", help="passes forward instead of training")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--profile", action="store_true", help="print what the kernels take")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.add_argument("--serve", action="store_true", help="measure at each line of stdin")
    return parser.parse_args()


def serve(step, options):
    print(json.dumps({"version": torch.__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(measure(step, options, json.loads(line))), flush=True)


def main():
    options = arguments()
    step = evaluation_step(options) if options.eval else training_step(options)
    if options.serve:
        serve(step, options)
        return
    if options.profile:
        print(profile(step, options))
        return
    result = measure(step, options, {"warmup": options.warmup, "steps": options.steps})
    if options.json:
        print(json.dumps(result))
        return
    print(f"{result['hardware']}, PyTorch {result['torch']}, {result['threads']} threads")
    print(f"{result['arch']} in {result['precision']}, batches of {result['batch_size']}")
    print(f"{result['milliseconds_per_step']:.2f} ms per {'pass' if options.eval else 'step'} (median of {result['steps']})")
    print(f"{result['images_per_second']:.1f} images/s")
    print(f"{result['peak_resident_bytes'] / 2**20:.0f} MiB at most, of the process")


if __name__ == "__main__":
    main()
